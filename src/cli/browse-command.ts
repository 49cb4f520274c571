// `pabal queue browse`: shows messages of a queue or stream of the running broker, which stay as they are.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { programLimits } from '../limits/program.ts'
import type { Answer, BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addFilterOptions, filterOf, type FilterFlags } from './message-filter-flags.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { showPayload } from './show-payload.ts'
import { outputOption, printValue, readFormat, type Row, showRows } from './show-rows.ts'
import { showTime } from './show-time.ts'

interface Flags extends FilterFlags {
  readonly vhost?: string
  readonly from?: string
  readonly count?: string
  readonly partition?: string
  readonly cursor?: string
  readonly payload?: string
  readonly output?: string
}

/** A message as the broker answers; what is shown of it besides is not looked at here. */
interface Message {
  readonly partition?: number
  readonly offset: number
  readonly time: number
  readonly state?: string
  readonly exchange: string
  readonly routing_key: string
  readonly payload_bytes: number
  readonly payload?: string
  readonly payload_encoding?: string
}

interface Page {
  readonly messages: readonly Message[]
  readonly next: string | null
}

const countDefault = 20

export function addBrowseCommand(
  queue: Command,
  define: DefineRemote,
  usage = 'browse <NAME>',
): void {
  const command = define(queue, usage, {
    summary: 'Show messages of a queue or stream, which stay as they are',
    ask: ([name = ''], flags) => browse(name, flags as Flags),
  })
    .option(
      '--from <PLACE>',
      'first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h (default: the first message that is not acked)',
    )
    .option('--count <N>', `How many messages (default: ${countDefault})`)
    .option('--partition <N>', 'The only one of several to look at')
    .option('--cursor <CURSOR>', 'Goes on where an earlier command with the same flags ended')
    .option(
      '--payload <BYTES>',
      `How much of each payload (default: ${programLimits.shownPayloadSize} in a table)`,
    )
    .option('--vhost <NAME>', 'Virtual host (default: /)')
    .option(...outputOption)
  addFilterOptions(command)
}

function browse(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  const format = readFormat(flags.output)
  const isTable = format === 'table' || format === 'wide'
  const { from, partition, cursor } = flags
  const { browseCountMax, browsePageCount } = programLimits
  // The broker counts from the end by the page.
  const countMax = from === 'last' ? browsePageCount : browseCountMax
  const count = parseCount(flags.count ?? `${countDefault}`, countMax)
  const payload = flags.payload ?? (isTable ? `${programLimits.shownPayloadSize}` : undefined)
  const parameters = withoutUndefined({ from, partition, cursor, payload })
  const filter = filterOf(flags)
  return async (broker, terminal) => {
    const page = await readPages(broker, { name, vhost, parameters, count, filter })
    const { messages, next } = page
    if (format === 'json' || format === 'yaml') {
      await printValue(page, format, terminal)
      return exitCodes.ok
    }
    const rows = isTable ? rowsOf(messages) : { columns: [], rows: messages.map(asRow) }
    const shown = { title: `such messages in '${name}'`, nameKey: 'offset' }
    await showRows({ ...shown, ...rows }, format, terminal)
    if (next !== null) terminal.tell(`There are more: go on with --cursor ${next}`)
    return exitCodes.ok
  }
}

interface Asked {
  readonly name: string
  readonly vhost: string
  readonly parameters: Readonly<Record<string, string>>
  readonly count: number
  /** As JSON; undefined: all are wanted. */
  readonly filter: string | undefined
}

/** The broker answers with a page at a time, which may have fewer messages than it was asked for. */
async function readPages(broker: BrokerClient, asked: Asked): Promise<Page> {
  const { name, vhost, parameters, count } = asked
  const messages: Message[] = []
  let next: string | null = parameters['cursor'] ?? null
  do {
    const left = Math.min(count - messages.length, programLimits.browsePageCount)
    const cursor = next === null ? {} : { cursor: next }
    const answer = await askPage(broker, asked, { ...parameters, count: `${left}`, ...cursor })
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
    if (answer.status >= 400) throw refusal(answer, `queue '${name}' was not browsed`)
    const page = answer.body as Page
    messages.push(...page.messages)
    next = page.next
  } while (next !== null && messages.length < count)
  return { messages, next }
}

function askPage(
  broker: BrokerClient,
  { name, vhost, filter }: Asked,
  parameters: Readonly<Record<string, string>>,
): Promise<Answer> {
  if (filter === undefined) return broker.get(['queues', vhost, name, 'browse'], parameters)
  const { from, cursor, ...numbers } = parameters
  const body = {
    ...(from !== undefined && { from }),
    ...(cursor !== undefined && { cursor }),
    ...Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, Number(value)])),
    filter: JSON.parse(filter) as unknown,
  }
  return broker.ask('POST', ['v1', 'queues', vhost, name, 'messages', 'search'], body)
}

/** Columns that would be the same for all are left out. */
function rowsOf(messages: readonly Message[]): {
  readonly columns: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
} {
  const columns = [
    ...(messages.some(({ partition }) => partition !== undefined) ? ['partition'] : []),
    'offset',
    'time',
    ...(messages.some(({ state }) => state !== undefined) ? ['state'] : []),
    'bytes',
    'exchange',
    'routing key',
    'payload',
  ]
  return { columns, rows: messages.map(rowOf) }
}

function asRow(message: Message): Row {
  return { ...message }
}

function rowOf(message: Message): Record<string, unknown> {
  const { time, exchange, payload_bytes: bytes, routing_key: routingKey } = message
  return {
    ...message,
    time: showTime(time),
    bytes,
    exchange: exchange === '' ? '(default)' : exchange,
    'routing key': routingKey,
    payload: showPayload(message),
  }
}

function parseCount(text: string, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= max) return count
  throw new ExitError(exitCodes.usage, `--count cannot be '${text}': use a number from 1 to ${max}`)
}

function withoutUndefined(
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
