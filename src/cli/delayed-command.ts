// `pabal delayed`: messages that wait at exchanges of type `x-delayed-message`: when they are due, sent on now,
// or cancelled.
import { exitCodes } from '../lib/exit-codes.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { vhostOption } from './list-command.ts'
import { addFilterOptions, filterOf, type FilterFlags } from './message-filter-flags.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { showPayload } from './show-payload.ts'
import { outputOption, readFormat, type Row, type Shown, showRows } from './show-rows.ts'
import { showTime } from './show-time.ts'

interface Flags {
  readonly vhost?: string
  readonly output?: string
}

type EndFlags = Flags & FilterFlags & RiskFlags & { readonly place?: string }

const ends = {
  fire: 'Send delayed messages on now',
  cancel: 'Drop delayed messages',
} as const

export const addDelayedCommands: AddCommand = (delayed, remote) => {
  remote(delayed, 'list', {
    summary: 'Show exchanges and queues with messages that wait for a time, the next one first',
    ask: (_operands, flags) => list(flags),
  })
    .alias('ls')
    .option(...outputOption)
  remote(delayed, 'show <EXCHANGE>', {
    summary: 'Show the delayed messages of an exchange that are due next',
    ask: ([name = ''], flags) => show(name, flags),
  })
    .option(...vhostOption)
    .option(...outputOption)
  for (const [verb, summary] of Object.entries(ends)) {
    const ending = remote(delayed, `${verb} <EXCHANGE>`, {
      summary,
      ask: ([name = ''], flags) => end(verb as keyof typeof ends, name, flags),
    }).option('--place <PLACE>', 'Only that one, as it is shown')
    addFilterOptions(ending)
    ending.option(...vhostOption)
    addRiskOptions(ending)
  }
}

const time = (ms: unknown): string => (typeof ms === 'number' ? showTime(ms) : '')

const places: Shown = {
  title: 'exchanges or queues with messages that wait for a time',
  columns: ['name', 'vhost', 'kind', 'messages', 'next'],
  wideColumns: ['after_ms', 'to_exchange', 'to_routing_key', 'sources'],
  cells: { next: time },
  nameKey: 'name',
}

function list({ output }: Flags): AskBroker {
  const format = readFormat(output)
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', ['v1', 'schedule'])
    if (answer.status >= 400) throw refusal(answer, 'the schedule cannot be seen')
    await showRows({ ...places, rows: answer.body as readonly Row[] }, format, terminal)
    return exitCodes.ok
  }
}

interface Message extends Row {
  readonly payload?: string
  readonly payload_encoding?: string
  readonly payload_bytes: number
}

const messages: Shown = {
  title: 'delayed messages',
  columns: ['due', 'place', 'routing_key', 'payload_bytes', 'payload'],
  cells: { due: time },
  nameKey: 'place',
}

function show(name: string, { vhost = '/', output }: Flags): AskBroker {
  const format = readFormat(output)
  checkName('virtual host', vhost)
  const isTable = format === 'table' || format === 'wide'
  return async (broker, terminal) => {
    await count(broker, { name, vhost, verb: 'cancel' }, { places: [], dry_run: true })
    const answer = await broker.get(['v1', 'schedule', 'next'], { vhost, name, count: '200' })
    if (answer.status >= 400) throw refusal(answer, `'${name}' was not looked into`)
    const { messages: found } = answer.body as { readonly messages: readonly Message[] }
    const rows = found.map((message) => {
      return isTable ? { ...message, payload: showPayload(message) } : message
    })
    await showRows({ ...messages, rows }, format, terminal)
    return exitCodes.ok
  }
}

function end(verb: keyof typeof ends, name: string, flags: EndFlags): AskBroker {
  const { vhost = '/', place } = flags
  checkName('virtual host', vhost)
  const filter = filterOf(flags)
  const body = {
    ...(place !== undefined && { places: [place] }),
    ...(filter !== undefined && { filter: JSON.parse(filter) as object }),
  }
  return async (broker, terminal) => {
    const asked = { name, vhost, verb }
    const found = await count(broker, asked, { ...body, dry_run: true })
    if (found === 0) {
      terminal.tell(`There is nothing to ${verb} at exchange '${name}' in virtual host '${vhost}'`)
      return exitCodes.ok
    }
    const deed = `${verb} ${countText(found)} of exchange '${name}' in virtual host '${vhost}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const done = await count(broker, asked, body)
    terminal.print(`${countText(done)} ${verb === 'fire' ? 'sent on' : 'dropped'}`)
    return exitCodes.ok
  }
}

/** Part by part. */
async function count(
  broker: BrokerClient,
  { name, vhost, verb }: { readonly name: string; readonly vhost: string; readonly verb: string },
  body: object,
): Promise<number> {
  let sum = 0
  let cursor: string | undefined
  do {
    const path = ['v1', 'delayed-messages', vhost, checkName('exchange', name), verb]
    const answer = await broker.ask('POST', path, { ...body, ...(cursor && { cursor }) })
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.exchange, name, vhost })
    if (answer.status >= 400) throw refusal(answer, `no more messages of '${name}' were touched`)
    const part = answer.body as { readonly messages: number; readonly next: string | null }
    sum += part.messages
    cursor = part.next ?? undefined
  } while (cursor !== undefined)
  return sum
}

function countText(count: number): string {
  return count === 1 ? '1 delayed message' : `${count} delayed messages`
}
