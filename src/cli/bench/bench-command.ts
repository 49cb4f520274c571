// `pabal bench`: how much a broker takes and how fast it delivers, over AMQP or Kafka's protocol. Works with RabbitMQ
// and Kafka as well.
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { Address } from '../../lib/listen.ts'
import { systemRandom } from '../../lib/random.ts'
import { wait } from '../../lib/wait.ts'
import { benchLimits } from '../../limits/bench.ts'
import { isMeant } from '../confirm.ts'
import { findBroker } from '../find-broker.ts'
import type { Action, AddCommand, Session } from '../remote-command.ts'
import { outputOption, readFormat, type Row, showOne, showRows } from '../show-rows.ts'
import type { OutputFormat } from '../show-rows.ts'
import type { Terminal } from '../terminal.ts'
import {
  type BenchCounts,
  type BenchLoad,
  type BenchPlan,
  BenchRun,
  stampSize,
} from './bench-run.ts'

interface Flags {
  readonly data?: string
  readonly url?: string
  readonly publishers?: string
  readonly consumers?: string
  readonly size?: string
  readonly seconds?: string
  readonly rate?: string
  readonly confirms?: string
  readonly queueType?: string
  readonly yes?: boolean
  readonly output?: string
}

const protocols = ['amqp', 'kafka'] as const
type Protocol = (typeof protocols)[number]
const queueTypes = ['classic', 'quorum', 'stream'] as const
const { clientsMax, secondsMax, messageSizeMax, rateMax, windowMax } = benchLimits

export const addBenchCommand: AddCommand = (command, _remote, local) => {
  local(command, '[PROTOCOL]', {
    hasDataFolder: true,
    run: ([protocol = 'amqp'], flags) => bench(protocol, flags),
  })
    .option(
      '--url <URL>',
      'Another broker: amqp://user:password@host:5672/vhost, kafka://host:9092',
    )
    .option('--publishers <N>', 'Each with a connection (default: 1)')
    .option('--consumers <N>', 'Each with a connection; 0 only publishes (default: 1)')
    .option('--size <BYTES>', 'Of each message (default: 100)')
    .option('--seconds <N>', 'How long publishers go on (default: 10)')
    .option('--rate <N>', 'Messages per second of all publishers (default: all they can)')
    .option('--confirms <N>', 'Unconfirmed ones of each publisher; 0: no confirms (default: 200)')
    .option('--queue-type <TYPE>', `${queueTypes.join(', ')} (default: classic)`)
    .option('--yes', 'Without a question; needed where nobody can be asked')
    .option(...outputOption)
    .addHelpText(
      'after',
      `
PROTOCOL is amqp (the default) or kafka. Its queue or topic is its own and deleted at the end.
All clients are in this one process, which may be what limits them; latencies are from publish
to consumer. -o ndjson has a line for each second, and the sum as the last.`,
    )
}

function bench(name: string, flags: Flags): Action {
  const format = readFormat(flags.output)
  const protocol = protocols.find((known) => known === name)
  if (protocol === undefined) {
    throw new ExitError(exitCodes.usage, `protocol '${name}' is unknown: use amqp or kafka`)
  }
  const plan = planOf(flags)
  if (protocol === 'kafka') checkForKafka(flags)
  return async (session) => {
    const url = await findUrl(session, protocol, flags)
    const queue = `pabal.bench.${systemRandom.bytes(6).toString('hex')}`
    const run = await makeLoad(protocol, queue, plan)
    const stop = new AbortController()
    const onSignal = (): void => stop.abort()
    for (const signal of signals) process.on(signal, onSignal)
    try {
      await run.open(url)
      await Promise.all([run.send(stop.signal), countSeconds(run, plan, { stop, format, session })])
      const { tookMs, counts } = run
      await run.settle()
      await showSummary(run, { tookMs, counts, format, terminal: session.terminal })
    } catch (error) {
      if (error instanceof ExitError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new ExitError(exitCodes.unavailable, `the bench was cut short: ${reason}`)
    } finally {
      stop.abort()
      for (const signal of signals) process.off(signal, onSignal)
      await run.close().catch(() => session.terminal.tell(`Queue '${queue}' may be left`))
    }
    return exitCodes.ok
  }
}

async function makeLoad(protocol: Protocol, name: string, plan: BenchPlan): Promise<BenchLoad> {
  if (protocol === 'amqp') return new BenchRun(systemClock, name, plan)
  const { KafkaBenchRun } = await import('./kafka-bench-run.ts')
  return new KafkaBenchRun(systemClock, name, plan)
}

function checkForKafka({ queueType, confirms }: Flags): void {
  if (queueType !== undefined) {
    throw new ExitError(exitCodes.usage, '--queue-type is for amqp: Kafka has topics')
  }
  if (confirms === '0') {
    throw new ExitError(exitCodes.usage, '--confirms 0 is for amqp: with kafka use 1 or more')
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Ends the publishers when their time is over. */
async function countSeconds(
  run: BenchLoad,
  { seconds }: BenchPlan,
  {
    stop,
    format,
    session,
  }: {
    readonly stop: AbortController
    readonly format: OutputFormat
    readonly session: Session
  },
): Promise<void> {
  const { terminal } = session
  let before = run.counts
  for (let second = 1; second <= seconds && !stop.signal.aborted; second++) {
    await wait(systemClock, 1000, stop.signal)
    const now = run.counts
    const row = { second, ...difference(now, before) }
    before = now
    if (format === 'ndjson')
      await showRows({ title: 'seconds', columns: [], rows: [row] }, format, terminal)
    const { published, consumed } = row
    terminal.showProgress(`${second} of ${seconds} s: ${published} published, ${consumed} consumed`)
  }
  stop.abort()
}

function difference(now: BenchCounts, before: BenchCounts): BenchCounts {
  return {
    published: now.published - before.published,
    confirmed: now.confirmed - before.confirmed,
    consumed: now.consumed - before.consumed,
  }
}

const heads = {
  publishedPerSecond: 'published per second',
  confirmedPerSecond: 'confirmed per second',
  consumedPerSecond: 'consumed per second',
  latencyMsP50: 'latency ms, p50',
  latencyMsP99: 'latency ms, p99',
  latencyMsP999: 'latency ms, p99.9',
  latencyMsMax: 'latency ms, longest',
}

async function showSummary(
  { latencies, counts: last }: BenchLoad,
  {
    tookMs,
    counts,
    format,
    terminal,
  }: {
    readonly tookMs: number
    readonly counts: BenchCounts
    readonly format: OutputFormat
    readonly terminal: Terminal
  },
): Promise<void> {
  const perSecond = (count: number): number => Math.round(count / (tookMs / 1000))
  const row: Row = {
    seconds: hundredths(tookMs / 1000),
    ...counts,
    publishedPerSecond: perSecond(counts.published),
    confirmedPerSecond: perSecond(counts.confirmed),
    consumedPerSecond: perSecond(counts.consumed),
    latencyMsP50: hundredths(latencies.percentile(50)),
    latencyMsP99: hundredths(latencies.percentile(99)),
    latencyMsP999: hundredths(latencies.percentile(99.9)),
    latencyMsMax: hundredths(latencies.max),
    left: last.published - last.consumed,
  }
  const columns = Object.keys(row)
  await showOne(
    { title: 'benches', columns, heads, nameKey: 'publishedPerSecond', row },
    format,
    terminal,
  )
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100
}

const schemes = { amqp: /^amqps?:$/, kafka: /^kafka:$/ } as const
const exampleUrls = { amqp: 'amqp://guest:guest@host:5672', kafka: 'kafka://host:9092' } as const

/** Asks whether it is meant, where others would be disturbed or may be. */
async function findUrl(session: Session, protocol: Protocol, flags: Flags): Promise<string> {
  const { terminal } = session
  if (flags.url !== undefined) {
    const url = URL.canParse(flags.url) ? new URL(flags.url) : undefined
    if (url === undefined || !schemes[protocol].test(url.protocol)) {
      const problem = `--url '${flags.url}' is none of ${protocol}: use one like ${exampleUrls[protocol]}`
      throw new ExitError(exitCodes.usage, problem)
    }
    await isMeant(terminal, { deed: 'load this broker as fast as it can', place: url.host }, flags)
    return flags.url
  }
  const place = flags.data === undefined ? {} : { data: flags.data }
  const broker = await findBroker(session, place)
  if (broker.folder === undefined) {
    throw new ExitError(
      exitCodes.usage,
      `${broker.place} is elsewhere: give --url ${exampleUrls[protocol]}`,
    )
  }
  const { body } = await broker.ask('GET', ['status'])
  const { addresses, clients } = body as {
    readonly addresses: Readonly<Record<string, Address | undefined>>
    readonly clients: Readonly<Record<string, number>>
  }
  const address = addresses[protocol]
  if (address === undefined) {
    throw new ExitError(
      exitCodes.unavailable,
      `${broker.place} does not listen for ${protocol} without TLS`,
    )
  }
  const others = Object.entries(clients).reduce(
    (sum, [protocol, count]) => (protocol === 'HTTP' ? sum : sum + count),
    0,
  )
  if (others > 0) {
    const deed = `load a broker with ${others} other connections`
    await isMeant(terminal, { deed, place: broker.place }, flags)
  }
  const { host, port } = address
  const isAny = host === '0.0.0.0' || host === '::'
  const name = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  const login = protocol === 'amqp' ? 'guest:guest@' : ''
  return `${protocol}://${login}${name}:${port}`
}

function planOf(flags: Flags): BenchPlan {
  const queueType = queueTypes.find((known) => known === (flags.queueType ?? 'classic'))
  if (queueType === undefined) {
    const known = queueTypes.join(', ')
    throw new ExitError(
      exitCodes.usage,
      `--queue-type ${flags.queueType} is unknown: use one of ${known}`,
    )
  }
  const { rate } = flags
  return {
    publishers: parseNumber('publishers', flags.publishers ?? '1', [1, clientsMax]),
    consumers: parseNumber('consumers', flags.consumers ?? '1', [0, clientsMax]),
    size: parseNumber('size', flags.size ?? '100', [stampSize, messageSizeMax]),
    seconds: parseNumber('seconds', flags.seconds ?? '10', [1, secondsMax]),
    rate: rate === undefined ? undefined : parseNumber('rate', rate, [1, rateMax]),
    confirms: parseNumber('confirms', flags.confirms ?? '200', [0, windowMax]),
    queueType,
  }
}

function parseNumber(name: string, text: string, [min, max]: readonly [number, number]): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  const problem = `--${name} cannot be '${text}': use a number from ${min} to ${max}`
  throw new ExitError(exitCodes.usage, problem)
}
