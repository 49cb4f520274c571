// `pabal publish`: messages into a queue, or to an exchange, each of which is durable before the next.
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { collect, readPairs } from './arguments-option.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { type InputFormat, type MessageIn, readMessages } from './message-input.ts'
import { kinds, notThere } from './not-there.ts'
import { Progress } from './progress.ts'
import { isTextProperty, whyNoProperties } from './property-names.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

interface Flags {
  readonly vhost?: string
  readonly toExchange?: boolean
  readonly key?: string
  readonly payload?: string
  readonly file?: string
  readonly format?: string
  readonly header?: readonly string[]
  readonly property?: readonly string[]
  readonly transient?: boolean
  readonly delay?: string
  readonly count?: string
  readonly rate?: string
}

export const addPublishCommand: AddCommand = (command, remote) => {
  remote(command, '<NAME>', { ask: ([name = ''], flags) => publish(name, flags) })
    .option('--payload <TEXT>', 'What is in the message')
    .option('-f, --file <FILE>', 'What is in it is in this file; - is stdin (the default)')
    .option('--format <FORMAT>', 'Of a file: raw (one message), lines or ndjson (default: raw)')
    .option('--to-exchange', 'The name is that of an exchange')
    .option('--key <ROUTING-KEY>', 'For an exchange (default: empty, or what NDJSON says)')
    .option('-H, --header <NAME=VALUE>', 'A header; may be repeated', collect)
    .option('--property <NAME=VALUE>', 'Such as content_type=text/plain; may be repeated', collect)
    .option('--transient', 'It goes with a restart of the broker')
    .option('--delay <MILLISECONDS>', 'For exchanges that delay messages (header x-delay)')
    .option('--count <N>', 'Each message so many times (default: 1)')
    .option('--rate <N>', 'At most so many messages in a second')
    .option(...vhostOption)
    .addHelpText(
      'after',
      `
Examples: publish orders --payload '{"id":1}' --property content_type=application/json
          peek orders -o ndjson | pabal publish copy --format ndjson`,
    )
}

interface Plan {
  readonly vhost: string
  /** Undefined when it goes to an exchange. */
  readonly queue: string | undefined
  readonly exchange: string
  /** Of a queue its name; of an exchange what was given. */
  readonly key: string | undefined
  readonly properties: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, unknown>>
  readonly count: number
  /** Milliseconds from one message to the next. */
  readonly intervalMs: number
}

function publish(name: string, flags: Flags): AskBroker {
  const plan = planOf(name, flags)
  const { payload, file } = flags
  if (payload !== undefined && (file !== undefined || flags.format !== undefined)) {
    throw new ExitError(exitCodes.usage, 'what is in the message? give --payload or --file')
  }
  const format = formatOf(flags.format)
  return async (broker, terminal) => {
    const messages: AsyncIterable<MessageIn> | readonly MessageIn[] =
      payload === undefined
        ? readMessages(file ?? '-', format)
        : [{ payload, payload_encoding: 'string' }]
    const isOne = payload !== undefined || format === 'raw'
    const total = isOne ? plan.count : undefined
    const progress = new Progress(terminal, { clock: systemClock, unit: 'messages', total })
    let lostCount = 0
    try {
      for await (const message of repeat(messages, plan.count)) {
        await waitFor(progress.done * plan.intervalMs, progress.startedAt)
        if (!(await publishOne(broker, plan, message))) lostCount++
        progress.add()
      }
    } finally {
      progress.end()
    }
    return tellEnd(progress.done, lostCount, { name, print: terminal.print })
  }
}

async function* repeat(
  messages: AsyncIterable<MessageIn> | readonly MessageIn[],
  count: number,
): AsyncGenerator<MessageIn, void, undefined> {
  for await (const message of messages) {
    for (let left = count; left > 0; left--) yield message
  }
}

function tellEnd(
  count: number,
  lostCount: number,
  { name, print }: { readonly name: string; readonly print: (line: string) => void },
): ExitCode {
  const came = count - lostCount
  if (came > 0 || count === 0) print(`${messagesWere(came)} published to '${name}'`)
  if (lostCount === 0) return exitCodes.ok
  throw new ExitError(
    exitCodes.noInput,
    `${messagesWere(lostCount)} published to no queue: see pabal bindings`,
  )
}

function messagesWere(count: number): string {
  return count === 1 ? '1 message was' : `${count} messages were`
}

function planOf(name: string, flags: Flags): Plan {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  const isExchange = flags.toExchange === true
  checkName(isExchange ? 'exchange' : 'queue', name)
  if (!isExchange && flags.key !== undefined) {
    throw new ExitError(exitCodes.usage, '--key is for an exchange: add --to-exchange')
  }
  const delay =
    flags.delay === undefined ? {} : { 'x-delay': parseNumber('--delay', flags.delay, 0) }
  const properties = readPairs('--property', flags.property, isTextProperty)
  const unknown = whyNoProperties(properties)
  if (unknown !== undefined) throw new ExitError(exitCodes.usage, unknown)
  const rate = flags.rate === undefined ? undefined : parseNumber('--rate', flags.rate, 1)
  return {
    vhost,
    queue: isExchange ? undefined : name,
    exchange: isExchange ? name : 'amq.default',
    key: isExchange ? flags.key : name,
    properties: {
      delivery_mode: flags.transient === true ? 1 : 2,
      ...properties,
    },
    headers: { ...readPairs('--header', flags.header), ...delay },
    count: parseNumber('--count', flags.count ?? '1', 1),
    intervalMs: rate === undefined ? 0 : 1000 / rate,
  }
}

function formatOf(text = 'raw'): InputFormat {
  if (text === 'raw' || text === 'lines' || text === 'ndjson') return text
  throw new ExitError(exitCodes.usage, `--format ${text} is unknown: use raw, lines or ndjson`)
}

function parseNumber(flag: string, text: string, min: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : -1
  if (number >= min) return number
  throw new ExitError(exitCodes.usage, `${flag} cannot be '${text}': use a number from ${min} on`)
}

/** Whether it reached a queue. */
async function publishOne(broker: BrokerClient, plan: Plan, message: MessageIn): Promise<boolean> {
  const { vhost, exchange, key } = plan
  const { headers: ownHeaders, ...own } = message.properties ?? {}
  if (Array.isArray(ownHeaders)) return publishTyped(broker, plan, message)
  const headers = { ...(ownHeaders as object | undefined), ...plan.headers }
  const body = {
    payload: message.payload,
    payload_encoding: message.payload_encoding,
    routing_key: key ?? message.routing_key ?? '',
    properties: {
      ...own,
      ...plan.properties,
      ...(Object.keys(headers).length > 0 && { headers }),
    },
  }
  const answer = await broker.ask('POST', ['exchanges', vhost, exchange, 'publish'], body)
  if (answer.status === 404) {
    throw await notThere(broker, { kind: kinds.exchange, name: exchange, vhost })
  }
  if (answer.status >= 400) throw refusal(answer, 'the message was not published')
  const { routed } = answer.body as { readonly routed: boolean }
  if (!routed && plan.queue !== undefined) {
    throw await notThere(broker, { kind: kinds.queue, name: plan.queue, vhost })
  }
  return routed
}

/** The same for headers with types, as `pabal export` writes them. */
async function publishTyped(
  broker: BrokerClient,
  plan: Plan,
  { payload, payload_encoding, routing_key, properties }: MessageIn,
): Promise<boolean> {
  const { vhost, exchange, key } = plan
  if (Object.keys(plan.headers).length > 0) {
    throw new ExitError(exitCodes.usage, '--header and --delay are not for exported messages')
  }
  const message = {
    payload,
    payload_encoding,
    routing_key: key ?? routing_key ?? '',
    properties: { ...properties, ...plan.properties },
  }
  const path = ['v1', 'exchanges', vhost, exchange, 'messages']
  const answer = await broker.ask('POST', path, { messages: [message] })
  if (answer.status === 404) {
    throw await notThere(broker, { kind: kinds.exchange, name: exchange, vhost })
  }
  if (answer.status >= 400) throw refusal(answer, 'the message was not published')
  const [result] = (answer.body as { readonly results: readonly PublishResult[] }).results
  const { outcome = 'unknown', reason = outcome } = result ?? {}
  if (outcome === 'routed' || outcome === 'unroutable') return outcome === 'routed'
  throw new ExitError(exitCodes.tryLater, `the message was not published: ${reason}`)
}

interface PublishResult {
  readonly outcome: string
  readonly reason?: string
}

/** Until so many milliseconds after the start. */
async function waitFor(ms: number, startedAt: number): Promise<void> {
  const left = startedAt + ms - systemClock.monotonic()
  if (left > 0) await new Promise<void>((resolve) => void systemClock.after(left, resolve))
}
