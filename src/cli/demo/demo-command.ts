// `pabal demo`: orders of four shops on a running broker, or on one that it starts for that. The clients run in
// the broker; this program begins them, shows how it goes, and ends them.
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../../lib/exit-error.ts'
import { type Address, formatAddress } from '../../lib/listen.ts'
import { wait } from '../../lib/wait.ts'
import { demoLimits } from '../../limits/demo.ts'
import type { BrokerClient } from '../broker-client.ts'
import { refusal } from '../refusal.ts'
import type { AddCommand, AskBroker } from '../remote-command.ts'
import { showDuration } from '../show-duration.ts'
import { outputOption, readFormat } from '../show-rows.ts'
import type { OutputFormat } from '../show-rows.ts'
import type { Terminal } from '../terminal.ts'
import { type DemoAnswer, introduction, pictureLine } from './demo-words.ts'
import { withOwnBroker } from './with-own-broker.ts'

interface Flags {
  readonly seconds?: string
  readonly stop?: boolean
  readonly detach?: boolean
  readonly output?: string
}

const segments = ['v1', 'demo'] as const
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const addDemoCommand: AddCommand = (command, remote) => {
  remote(command, '', { ask: (_operands, flags) => demo(flags as Flags) })
    .option('--seconds <N>', `How long it goes on (default: ${demoLimits.secondsMax})`)
    .option('--stop', 'End it, and take away what it has made')
    .option('--detach', 'Leave it running; it ends by itself')
    .option(...outputOption)
    .addHelpText(
      'after',
      `
Orders come in over AMQP, billing works on them, and two consumer groups read the same messages over
Kafka's protocol. All that it makes is called demo.…, and it takes away what it made, nothing else.
Where no broker runs it starts one, with data in a folder that it removes. Ctrl-C ends it.`,
    )
}

function demo(flags: Flags): AskBroker {
  const format = readFormat(flags.output)
  const seconds = readSeconds(flags.seconds ?? `${demoLimits.secondsMax}`)
  return async (broker, terminal) => {
    if (flags.stop === true) return stop(broker, terminal)
    const plan = { seconds, format, isDetached: flags.detach === true, isTemporary: false }
    using halt = new Halt()
    const { signal } = halt
    const isThere = await answers(broker)
    if (isThere || plan.isDetached) return await run(broker, terminal, { ...plan, signal })
    return await withOwnBroker(terminal, (own) =>
      run(own, terminal, { ...plan, signal, isTemporary: true }),
    )
  }
}

/** Ctrl-C, from the beginning to the end: what was begun is taken away. */
class Halt implements Disposable {
  readonly #controller = new AbortController()
  readonly #onSignal = (): void => this.#controller.abort()

  constructor() {
    for (const name of signals) process.on(name, this.#onSignal)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  [Symbol.dispose](): void {
    for (const name of signals) process.off(name, this.#onSignal)
  }
}

/** False where no broker runs on a data folder: it is no place that somebody named. */
async function answers(broker: BrokerClient): Promise<boolean> {
  try {
    await broker.ask('GET', segments)
    return true
  } catch (error) {
    const isNone = error instanceof ExitError && error.exitCode === exitCodes.unavailable
    if (isNone && broker.folder !== undefined) return false
    throw error
  }
}

interface Plan {
  readonly seconds: number
  readonly format: OutputFormat
  readonly isDetached: boolean
  /** The broker goes as well: nothing has to be taken away. */
  readonly isTemporary: boolean
  /** Somebody has seen enough. */
  readonly signal: AbortSignal
}

async function run(broker: BrokerClient, terminal: Terminal, plan: Plan): Promise<ExitCode> {
  const { seconds, format, isDetached, isTemporary, signal } = plan
  if (signal.aborted) return exitCodes.ok
  const before = (await broker.ask('GET', segments)).body as DemoAnswer
  const begun = await broker.ask('POST', segments, { seconds })
  if (begun.status >= 400) throw refusal(begun, 'there is no demo')
  const { started_at: startedAt, ends_at: endsAt } = begun.body as DemoAnswer
  if (isShown(format)) {
    const hint = (command: string): string => broker.commandLine(command)
    const words = { page: await pageOf(broker), hint, since: startedAt ?? 0 }
    for (const line of introduction(words)) terminal.print(line)
  }
  if (isDetached) {
    terminal.tell(`It ends by itself, or by ${broker.commandLine('demo --stop')}`)
    return exitCodes.ok
  }
  const left = showDuration(Math.max(0, (endsAt ?? 0) - systemClock.now()))
  const isBegunHere = before.state !== 'running'
  terminal.tell(
    isBegunHere
      ? `It ends in ${left}, or with Ctrl-C, and takes away what it made`
      : `This one was begun before and goes on for ${left}; Ctrl-C ends only what you see here`,
  )
  await watch(broker, terminal, { format, signal, isStopped: isBegunHere && !isTemporary })
  return exitCodes.ok
}

/** Undefined where nobody listens for HTTP without TLS. */
async function pageOf(broker: BrokerClient): Promise<string | undefined> {
  const { body } = await broker.ask('GET', ['status'])
  const { addresses } = body as { readonly addresses: Readonly<Record<string, Address>> }
  return addresses['http'] && `http://${formatAddress(addresses['http'])}/demo`
}

interface Watching {
  readonly format: OutputFormat
  readonly signal: AbortSignal
  readonly isStopped: boolean
}

/** Until it ends, or somebody has seen enough: then what was begun here is stopped. */
async function watch(
  broker: BrokerClient,
  terminal: Terminal,
  { format, signal, isStopped }: Watching,
): Promise<void> {
  try {
    await look(broker, terminal, { format, signal })
  } catch (error) {
    // Ctrl-C reaches a broker that was started here as well.
    if (!signal.aborted) throw error
  }
  if (isStopped && signal.aborted) await stop(broker, terminal)
}

function isShown(format: OutputFormat): boolean {
  return format === 'table' || format === 'wide'
}

async function look(
  broker: BrokerClient,
  terminal: Terminal,
  { format, signal }: { readonly format: OutputFormat; readonly signal: AbortSignal },
): Promise<void> {
  const everyMs = terminal.isTalkSeen ? demoLimits.lookMs : demoLimits.unseenLookMs
  let printedAt = systemClock.monotonic()
  while (!signal.aborted) {
    await wait(systemClock, demoLimits.lookMs, signal)
    const { body } = await broker.ask('GET', segments)
    const { state, ended, picture } = body as DemoAnswer
    if (picture !== null) {
      const isDue = systemClock.monotonic() - printedAt >= everyMs
      if (isDue) printedAt = systemClock.monotonic()
      if (!isShown(format)) terminal.print(JSON.stringify(picture))
      else if (terminal.isTalkSeen) terminal.showProgress(pictureLine(picture))
      else if (isDue) terminal.print(pictureLine(picture))
    }
    if (state !== 'off') continue
    terminal.tell(
      `The demo has ended: ${ended ?? 'somebody else has ended it'}. Nothing of it is left`,
    )
    return
  }
}

async function stop(broker: BrokerClient, { tell }: Terminal): Promise<ExitCode> {
  const { body } = await broker.ask('GET', segments)
  const { state, left } = body as DemoAnswer
  if (state === 'off' && left.length === 0) {
    tell('There is no demo, and nothing of one')
    return exitCodes.ok
  }
  const answer = await broker.ask('DELETE', segments)
  if (answer.status >= 400) throw refusal(answer, 'the demo goes on')
  tell('The demo has ended, and what it made is gone')
  return exitCodes.ok
}

function readSeconds(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= demoLimits.secondsMax) return seconds
  throw new ExitError(
    exitCodes.usage,
    `--seconds cannot be '${text}': use a number from 1 to ${demoLimits.secondsMax}`,
  )
}
