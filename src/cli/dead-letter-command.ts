// `pabal dlq`: queues with dead letters, what died there, and back to where it came from.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { addJobOptions, addTargetOptions, beginJob, type JobFlags, targetOf } from './begin-job.ts'
import { checkName } from './check-name.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Row, type Shown, showRows } from './show-rows.ts'

interface Flags {
  readonly vhost?: string
  readonly output?: string
}

interface RedriveFlags extends JobFlags {
  readonly reason?: string
  readonly from?: string
  readonly group?: string
}

export const addDeadLetterCommands: AddCommand = (dlq, remote) => {
  remote(dlq, 'list', {
    summary: 'Show queues that other queues, and groups, send their dead letters to',
    ask: (_operands, flags) => list(flags),
  })
    .alias('ls')
    .option(...vhostOption)
    .option(...outputOption)
  remote(dlq, 'show <QUEUE>', {
    summary: 'Count what died in a queue, by reason, place and exception',
    ask: ([name = ''], flags) => show(name, flags),
  })
    .option(...vhostOption)
    .option(...outputOption)
  const redriving = remote(dlq, 'redrive <QUEUE>', {
    summary: 'Bring dead letters back to the queues in which they died first',
    ask: ([name = ''], flags) => redrive(name, flags),
  })
  addTargetOptions(redriving)
    .option('--to-address', 'To the exchange to which each was published first')
    .option('--reason <REASON>', 'Only those that died of it: rejected, expired, maxlen, …')
    .option('--from <QUEUE>', 'Only those that died in this queue')
    .option('--group <JSON>', 'Only those that died exactly so: {"exception":"no stock"}')
    .addHelpText('after', '\nExample: dlq redrive orders.dead --reason rejected --dry-run')
  addJobOptions(redriving)
}

const queues: Shown = {
  title: 'queues for dead letters',
  columns: ['queue', 'messages', 'sources', 'groups'],
  wideColumns: ['source_count', 'group_count'],
  nameKey: 'queue',
}

function list({ vhost = '/', output }: Flags): AskBroker {
  const format = readFormat(output)
  const path = ['v1', 'dead-letters', checkName('virtual host', vhost)]
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', path)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    if (answer.status >= 400) throw refusal(answer, 'dead letters cannot be seen')
    await showRows({ ...queues, rows: answer.body as readonly Row[] }, format, terminal)
    return exitCodes.ok
  }
}

interface DeathGroup {
  readonly reason: string | null
  readonly queue: string | null
  readonly exchange: string | null
  readonly exception_type: string | null
  readonly exception: string | null
  readonly count: number
  readonly bytes: number
  readonly first: number
  readonly last: number
}

const deaths: Shown = {
  title: 'dead letters',
  columns: ['count', 'reason', 'queue', 'exchange', 'last', 'exception'],
  wideColumns: ['exception_type', 'routing_keys', 'bytes', 'first'],
  cells: {
    exchange: (name) => (name === '' ? '(default)' : ((name as string | null) ?? '')),
    first: (ms) => new Date(ms as number).toISOString(),
    last: (ms) => new Date(ms as number).toISOString(),
  },
  nameKey: 'reason',
}

function show(name: string, { vhost = '/', output }: Flags): AskBroker {
  const format = readFormat(output)
  const path = ['v1', 'dead-letters', checkName('virtual host', vhost), checkName('queue', name)]
  return async (broker, terminal) => {
    const groups = new Map<string, DeathGroup>()
    let others = 0
    let cursor: string | null = null
    do {
      const answer = await broker.get(path, cursor === null ? {} : { cursor })
      if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
      if (answer.status >= 400) throw refusal(answer, `'${name}' was not looked into`)
      const part = answer.body as {
        readonly groups: readonly DeathGroup[]
        readonly others: number
        readonly next: string | null
      }
      for (const group of part.groups) addTo(groups, group)
      others += part.others
      cursor = part.next
    } while (cursor !== null)
    const rows = [...groups.values()].toSorted((a, b) => b.count - a.count)
    await showRows({ ...deaths, rows: rows.map((row) => ({ ...row })) }, format, terminal)
    if (others > 0) terminal.tell(`${others} more messages do not say that they died`)
    return exitCodes.ok
  }
}

/** The broker looks at a part at a time, and each part has groups of its own. */
function addTo(groups: Map<string, DeathGroup>, group: DeathGroup): void {
  const { reason, queue, exchange, exception_type: type, exception } = group
  const key = JSON.stringify([reason, queue, exchange, type, exception])
  const known = groups.get(key)
  if (known === undefined) groups.set(key, group)
  else {
    groups.set(key, {
      ...known,
      count: known.count + group.count,
      bytes: known.bytes + group.bytes,
      first: Math.min(known.first, group.first),
      last: Math.max(known.last, group.last),
    })
  }
}

function redrive(name: string, flags: RedriveFlags): AskBroker {
  const { reason, from, group } = flags
  const filter = {
    ...(group !== undefined && { death: readGroup(group) }),
    ...(reason !== undefined && { death_reason: reason }),
    ...(from !== undefined && { death_queue: from }),
  }
  const isAll = Object.keys(filter).length === 0
  const asked = { queue: name, filter: isAll ? undefined : filter, target: targetOf(flags) }
  return beginJob({ kind: 'redrive', ...asked }, flags)
}

/** Throws an `ExitError` for what is no JSON object. */
function readGroup(text: string): object {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  } catch {}
  throw new ExitError(exitCodes.usage, '--group is JSON like {"reason":"rejected"}')
}
