// `pabal mqtt retained` and `pabal mqtt topics`: the messages that new subscribers get first.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { vhostOption } from './list-command.ts'
import { type MessageIn, readMessages } from './message-input.ts'
import { kinds, notThere } from './not-there.ts'
import { type PrintedMessage, printMessage } from './print-message.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'
import { outputOption, readFormat, type Row, type Shown, showOne, showRows } from './show-rows.ts'

interface Flags extends RiskFlags {
  readonly output?: string
  readonly vhost?: string
  readonly filter?: string
  readonly payload?: string
  readonly file?: string
  readonly qos?: string
  readonly below?: string
}

interface Deleted {
  readonly topics: number
  readonly payload_bytes: number
  readonly refused: number
  readonly examples: readonly string[]
}

/** Bytes of each payload in a list, of which a table shows as much as has room. */
const previewSize = '256'
const pageSize = 500

const retained: Shown = {
  title: 'retained messages',
  columns: ['topic', 'payload_bytes', 'qos', 'time', 'payload'],
  wideColumns: ['expires_at', 'payload_encoding', 'offset'],
  heads: { payload_bytes: 'bytes', expires_at: 'expires' },
  cells: { time: showTime, expires_at: showTime },
  nameKey: 'topic',
}

const one: Shown = {
  title: 'retained messages',
  columns: ['topic', 'qos', 'time', 'expires_at', 'payload_bytes', 'payload'],
  wideColumns: ['payload_encoding', 'exchange', 'routing_key', 'offset'],
  heads: {
    payload_bytes: 'bytes',
    expires_at: 'expires',
    payload_encoding: 'encoding',
    routing_key: 'routing key',
  },
  cells: { time: showTime, expires_at: (ms) => (ms === null ? 'never' : showTime(ms)) },
  nameKey: 'topic',
}

const branches: Shown = {
  title: 'topics',
  columns: ['topic', 'topics', 'payload_bytes', 'payload'],
  wideColumns: ['time', 'qos'],
  heads: { topics: 'messages', payload_bytes: 'bytes' },
  cells: { time: showTime },
  nameKey: 'topic',
}

export function addRetainedCommands(mqtt: Command, remote: DefineRemote): void {
  const group = mqtt
    .command('retained')
    .description('Messages that are retained: list, get, set and delete')
  remote(group, 'list', {
    summary: 'Show what is retained for the topics of a filter',
    ask: (_operands, flags) => list(flags),
  })
    .alias('ls')
    .option('--filter <FILTER>', 'Such as sensors/+/state (default: #)')
    .option(...vhostOption)
    .option(...outputOption)
  remote(group, 'get <TOPIC>', {
    summary: 'Show the retained message of a topic',
    ask: ([topic = ''], flags) => get(topic, flags),
  })
    .option(...vhostOption)
    .option(...outputOption)
  remote(group, 'set <TOPIC>', {
    summary: 'Publish a message to a topic and retain it',
    ask: ([topic = ''], flags) => set(topic, flags),
  })
    .option('--payload <TEXT>', 'What is in the message')
    .option('-f, --file <FILE>', 'What is in it is in this file; - is stdin (the default)')
    .option('--qos <N>', '0, 1 or 2 (default: 1)')
    .option(...vhostOption)
  const removing = remote(group, 'delete <FILTER>', {
    summary: 'Delete what is retained for a topic, or for the topics of a filter',
    ask: ([filter = ''], flags) => remove(filter, flags),
  })
    .alias('rm')
    .option(...vhostOption)
  addRiskOptions(removing)
}

export function addTopicsCommand(mqtt: Command, remote: DefineRemote): void {
  remote(mqtt, 'topics', {
    summary: 'Show a level of the tree of topics that have retained messages',
    ask: (_operands, { output, vhost = '/', below }: Flags) => {
      const parent = below === undefined ? {} : { parent: below }
      return pages({ path: ['v1', 'mqtt', 'topics', vhost], parent, vhost }, branches, output)
    },
  })
    .option('--below <TOPIC>', 'What is below this topic (default: the first level)')
    .option(...vhostOption)
    .option(...outputOption)
}

function list({ output, vhost = '/', filter = '#' }: Flags): AskBroker {
  return pages(
    { path: ['v1', 'mqtt', 'retained'], parent: { filter, vhost }, vhost },
    retained,
    output,
  )
}

interface PagesAsked {
  readonly path: readonly string[]
  readonly parent: Readonly<Record<string, string>>
  readonly vhost: string
}

/** Payloads are in pages only. */
function pages({ path, parent, vhost }: PagesAsked, shown: Shown, output?: string): AskBroker {
  const format = readFormat(output)
  return async (broker, terminal) => {
    const rows: Row[] = []
    for (let page = 1, count = 1; page <= count; page++) {
      const asked = { ...parent, page: `${page}`, page_size: `${pageSize}`, payload: previewSize }
      const answer = await broker.get(path, asked)
      if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
      if (answer.status >= 400) throw refusal(answer, `${shown.title} were not listed`)
      const { items, page_count: all } = answer.body as {
        readonly items: readonly Row[]
        readonly page_count: number
      }
      rows.push(...items)
      count = all
    }
    await showRows({ ...shown, rows }, format, terminal)
    return exitCodes.ok
  }
}

function get(topic: string, { output, vhost = '/' }: Flags): AskBroker {
  const format = readFormat(output)
  checkName('topic', topic)
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', ['v1', 'mqtt', 'retained', vhost, topic])
    if (answer.status === 404) throw await nothingRetained(broker, topic, vhost)
    if (answer.status >= 400) throw refusal(answer, `topic '${topic}' cannot be seen`)
    const message = answer.body as PrintedMessage
    if (format !== 'table' && format !== 'wide') {
      await showOne({ ...one, row: message }, format, terminal)
      return exitCodes.ok
    }
    const noPayload = message['sees_payload'] === false ? '(not for this user)' : '(lost)'
    await printMessage(message, { shown: one, format, noPayload }, terminal)
    return exitCodes.ok
  }
}

function set(topic: string, { payload, file, qos = '1', vhost = '/' }: Flags): AskBroker {
  checkName('topic', topic)
  if (payload !== undefined && file !== undefined) {
    throw new ExitError(exitCodes.usage, 'what is in the message? give --payload or --file')
  }
  if (!/^[012]$/.test(qos)) {
    throw new ExitError(exitCodes.usage, `--qos cannot be '${qos}': use 0, 1 or 2`)
  }
  return async (broker, terminal) => {
    const message = payload === undefined ? await readOne(file ?? '-') : textMessage(payload)
    // Nothing in a pipe is a mistake more often than it is meant.
    if (payload === undefined && message.payload === '') throw isEmpty(topic, file, broker)
    const body = { ...message, qos: Number(qos) }
    const answer = await broker.ask('PUT', ['v1', 'mqtt', 'retained', vhost, topic], body)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    if (answer.status >= 400) throw refusal(answer, `nothing was published to '${topic}'`)
    terminal.print(
      message.payload === ''
        ? `Nothing is retained for '${topic}' any more`
        : `Retained: a message for '${topic}'`,
    )
    return exitCodes.ok
  }
}

function isEmpty(topic: string, file: string | undefined, broker: BrokerClient): ExitError {
  const source = file === undefined || file === '-' ? 'stdin' : file
  const clear = broker.commandLine(`mqtt retained delete '${topic}'`)
  return new ExitError(
    exitCodes.usage,
    `${source} is empty, and an empty message would take away what is retained for '${topic}'; ` +
      `if that is meant: ${clear}, or --payload '' to tell subscribers as well`,
  )
}

function textMessage(payload: string): MessageIn {
  return { payload, payload_encoding: 'string' }
}

async function readOne(file: string): Promise<MessageIn> {
  for await (const message of readMessages(file, 'raw')) return message
  return textMessage('')
}

function remove(filter: string, flags: Flags): AskBroker {
  const { vhost = '/' } = flags
  return async (broker, terminal) => {
    const ask = async (isDry: boolean): Promise<Deleted> => {
      const body = { filter, dry_run: isDry }
      const answer = await broker.ask('POST', ['v1', 'mqtt', 'retained', vhost, 'delete'], body)
      if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
      if (answer.status >= 400) throw refusal(answer, 'nothing was deleted')
      return answer.body as Deleted
    }
    const planned = await ask(true)
    if (planned.refused > 0) {
      terminal.tell(`${planned.refused} more may not be deleted by this user and stay`)
    }
    if (planned.topics === 0) throw await nothingRetained(broker, filter, vhost)
    for (const topic of planned.examples.slice(0, 10)) terminal.tell(topic)
    if (planned.topics > 10) terminal.tell(`and ${planned.topics - 10} more`)
    const what = planned.topics === 1 ? '1 retained message' : `${planned.topics} retained messages`
    const deed = `delete ${what} with ${planned.payload_bytes} bytes`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const { topics } = await ask(false)
    terminal.print(
      topics === 1 ? 'Deleted: 1 retained message' : `Deleted: ${topics} retained messages`,
    )
    return exitCodes.ok
  }
}

async function nothingRetained(
  broker: BrokerClient,
  topic: string,
  vhost: string,
): Promise<ExitError> {
  const there = await broker.ask('GET', ['vhosts', vhost])
  if (there.status === 404) return notThere(broker, { kind: kinds.vhost, name: vhost })
  const advice = `see ${broker.commandLine('mqtt retained list')}`
  return new ExitError(exitCodes.noInput, `nothing is retained for '${topic}'; ${advice}`)
}

function showTime(ms: unknown): string {
  return typeof ms === 'number' ? new Date(ms).toISOString() : ''
}
