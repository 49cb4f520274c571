// `pabal dlq`: queues with dead letters, what died there, and back to where it came from.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { type Job, tellJob, watchJob } from './job-watch.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { outputOption, readFormat, type Row, type Shown, showRows } from './show-rows.ts'

interface Flags extends RiskFlags {
  readonly vhost?: string
  readonly output?: string
  readonly toQueue?: string
  readonly toExchange?: string
  readonly key?: string
  readonly toAddress?: boolean
  readonly reason?: string
  readonly from?: string
  readonly rate?: string
  readonly skip?: boolean
  readonly wait?: boolean
}

export const addDeadLetterCommands: AddCommand = (dlq, remote) => {
  remote(dlq, 'list', {
    summary: 'Show queues that others send their dead letters to',
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
    .option('--to-queue <NAME>', 'All into this queue instead')
    .option('--to-exchange <NAME>', 'All to this exchange instead')
    .option('--key <ROUTING-KEY>', 'With --to-exchange; left out, each keeps its own')
    .option('--to-address', 'To the exchange to which each was published first')
    .option('--reason <REASON>', 'Only those that died of it: rejected, expired, maxlen, …')
    .option('--from <QUEUE>', 'Only those that died in this queue')
    .option('--skip', 'Leave out what is refused, instead of stopping at it')
    .option('--rate <N>', 'At most so many messages in a second')
    .option('--no-wait', 'Only begin; see pabal job list')
    .option(...vhostOption)
    .addHelpText('after', '\nExample: dlq redrive orders.dead --reason rejected --dry-run')
  addRiskOptions(redriving)
}

const queues: Shown = {
  title: 'queues for dead letters',
  columns: ['queue', 'messages', 'sources'],
  wideColumns: ['source_count'],
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
  readonly exception: string | null
  readonly count: number
  readonly bytes: number
  readonly first: number
  readonly last: number
}

const deaths: Shown = {
  title: 'dead letters',
  columns: ['count', 'reason', 'queue', 'exchange', 'last', 'exception'],
  wideColumns: ['bytes', 'first'],
  cells: {
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
  const { reason, queue, exchange, exception } = group
  const key = JSON.stringify([reason, queue, exchange, exception])
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

function redrive(name: string, flags: Flags): AskBroker {
  const vhost = checkName('virtual host', flags.vhost ?? '/')
  checkName('queue', name)
  const body = jobOf(name, flags)
  return async (broker, terminal) => {
    const ask = async (path: readonly string[]): Promise<unknown> => {
      const answer = await broker.ask('POST', ['v1', 'jobs', vhost, ...path], body)
      if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
      if (answer.status >= 400) throw refusal(answer, `'${name}' was not redriven`)
      return answer.body
    }
    const preview = (await ask(['preview'])) as Preview
    tellPreview(preview, terminal.tell)
    if (preview.messages === 0 && preview.is_all) {
      terminal.tell(`There is nothing to redrive in queue '${name}' in virtual host '${vhost}'`)
      return exitCodes.ok
    }
    const more = preview.is_all ? '' : ' or more'
    const what = preview.messages === 1 ? '1 message' : `${preview.messages} messages`
    const deed = `redrive ${what}${more} of queue '${name}' in virtual host '${vhost}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const begun = (await ask([])) as Job
    if (flags.wait === false) {
      terminal.print(`Job ${begun.id} began; see ${broker.commandLine(`job show ${begun.id}`)}`)
      return exitCodes.ok
    }
    tellJob(broker, await watchJob(broker, begun, terminal), terminal)
    return exitCodes.ok
  }
}

interface Preview {
  readonly messages: number
  readonly is_all: boolean
  readonly targets: readonly { readonly queue: string; readonly messages: number }[]
  readonly skipped: readonly { readonly reason: string; readonly count: number }[]
}

function tellPreview({ targets, skipped }: Preview, tell: (line: string) => void): void {
  for (const { queue, messages } of targets) tell(`to '${queue}': ${messages}`)
  for (const { reason, count } of skipped) tell(`left out: ${count} (${reason})`)
}

function jobOf(name: string, flags: Flags): object {
  const { reason, from, rate, key } = flags
  if (rate !== undefined && !/^[1-9]\d{0,8}$/.test(rate)) {
    throw new ExitError(exitCodes.usage, `--rate cannot be '${rate}': use a number from 1 on`)
  }
  if (key !== undefined && flags.toExchange === undefined) {
    throw new ExitError(exitCodes.usage, '--key is for an exchange: add --to-exchange NAME')
  }
  const filter = {
    ...(reason !== undefined && { death_reason: reason }),
    ...(from !== undefined && { death_queue: from }),
  }
  const target = targetOf(flags)
  return {
    kind: 'redrive',
    queue: name,
    ...(target !== undefined && { target }),
    ...(Object.keys(filter).length > 0 && { filter }),
    ...(flags.skip === true && { on_refused: 'skip' }),
    ...(rate !== undefined && { messages_per_second: Number(rate) }),
  }
}

function targetOf({ toQueue, toExchange, key, toAddress = false }: Flags): object | undefined {
  const given = [toQueue, toExchange, toAddress || undefined].filter((to) => to !== undefined)
  if (given.length > 1) {
    const problem = 'where to? give one of --to-queue, --to-exchange and --to-address'
    throw new ExitError(exitCodes.usage, problem)
  }
  if (toQueue !== undefined) return { to: 'queue', name: toQueue }
  if (toAddress) return { to: 'address' }
  if (toExchange === undefined) return undefined
  return { to: 'exchange', name: toExchange, ...(key !== undefined && { routing_key: key }) }
}
