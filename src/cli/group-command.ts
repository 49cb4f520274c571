// `pabal group`: Kafka's consumer groups, how far they are behind, and where they go on.
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { addGroupDeadLetterCommands } from './group-dead-letters-command.ts'
import { addListCommand } from './list-command.ts'
import { type Kind, kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'
import { showDuration } from './show-duration.ts'
import { outputOption, readFormat, type Row, showOne, showRows } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

interface Flags extends RiskFlags {
  readonly output?: string
  readonly topic?: string
  readonly allTopics?: boolean
  readonly partition?: string
  readonly to?: string
}

/** A group as the broker shows it; what is shown of it besides is not looked at here. */
interface Group {
  readonly name: string
  readonly member_list: readonly Row[]
  readonly offsets: readonly Row[]
  /** Left out by brokers of before there were any. */
  readonly dead_letters?: DeadLetters
}

interface DeadLetters {
  readonly attempts: number | null
  readonly to: string | null
  readonly set_aside: number
  readonly stuck: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly attempts: number
  }[]
}

interface Moved {
  readonly topic: string
  readonly partition: number
  readonly from: number | null
  readonly to: number
}

const groups: Kind = { title: 'group', path: 'v1/groups', list: 'group list' }

const listed = {
  title: 'groups',
  summary: 'Show all groups, and how many messages each has not read',
  path: () => ['v1', 'groups'],
  columns: ['name', 'type', 'state', 'members', 'topics', 'lag'],
  wideColumns: ['protocol_type'],
  hasVHosts: false,
}

export const addGroupCommands: AddCommand = (group, remote) => {
  addListCommand(group, remote, listed)
  remote(group, 'describe <NAME>', {
    summary: 'Show where a group is in each partition, and its members',
    ask: ([name = ''], flags) => describe(name, flags),
  })
    .alias('show')
    .option(...outputOption)
  const resetting = remote(group, 'reset <NAME>', {
    summary: 'Have a group that nobody is in read on from elsewhere',
    ask: ([name = ''], flags) => reset(name, flags),
  })
    .option('--topic <NAME>', 'Of which topic')
    .option('--all-topics', 'Of all topics that it has a place in')
    .option(
      '--to <PLACE>',
      'first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h',
    )
    .option('--partition <N>', 'The only one of several')
  addRiskOptions(resetting)
  addGroupDeadLetterCommands(group, remote)
  const removing = remote(group, 'delete <NAME>', {
    summary: 'Delete a group that nobody is in, with its offsets',
    ask: ([name = ''], flags) => remove(name, flags),
  }).alias('rm')
  addRiskOptions(removing)
}

async function getGroup(broker: BrokerClient, name: string): Promise<Group> {
  const answer = await broker.ask('GET', ['v1', 'groups', name])
  if (answer.status === 404) throw await notThere(broker, { kind: groups, name })
  if (answer.status >= 400) throw refusal(answer, `group '${name}' cannot be seen`)
  return answer.body as Group
}

function describe(name: string, { output }: Flags): AskBroker {
  const format = readFormat(output)
  checkName('group', name)
  return async (broker, terminal) => {
    const group = await getGroup(broker, name)
    if (format !== 'table' && format !== 'wide') {
      await showOne({ title: 'groups', columns: [], row: { ...group } }, format, terminal)
      return exitCodes.ok
    }
    const places = {
      title: `offsets of group '${name}'`,
      columns: ['topic', 'partition', 'offset', 'end', 'lag', 'lag_ms'],
      wideColumns: ['start', 'in_flight', 'committed', 'metadata'],
      heads: { lag_ms: 'behind' },
      cells: { lag_ms: showAge, committed: showTime },
    }
    await showRows({ ...places, rows: group.offsets }, format, terminal)
    const members = {
      title: `members of group '${name}'`,
      columns: ['id', 'instance_id', 'client_id', 'host'],
    }
    if (group.member_list.length > 0) terminal.print('')
    await showRows({ ...members, rows: group.member_list }, format, terminal)
    const lines = group.dead_letters ? tellDeadLetters(group.dead_letters) : []
    if (lines.length > 0) terminal.print('')
    for (const line of lines) terminal.print(line)
    return exitCodes.ok
  }
}

function tellDeadLetters({ attempts, to, set_aside: aside, stuck }: DeadLetters): string[] {
  const records = aside === 1 ? '1 record was' : `${aside} records were`
  const since = `${records} set aside since the start of the broker`
  const rule =
    attempts !== null && `Dead letters go to '${to}' after ${attempts} attempts; ${since}`
  const first = rule || (aside > 0 && since)
  const places = stuck.map(
    ({ topic, partition, offset, attempts: times }) =>
      `Members have begun ${times} times at offset ${offset} of topic ${topic}, partition ${partition}`,
  )
  return first ? [first, ...places] : places
}

function showAge(ms: unknown): string {
  return typeof ms === 'number' ? showDuration(ms) : ''
}

function showTime(ms: unknown): string {
  return typeof ms === 'number' ? new Date(ms).toISOString() : ''
}

function reset(name: string, flags: Flags): AskBroker {
  const path = ['v1', 'groups', checkName('group', name), 'reset']
  const { topic, to, partition, allTopics = false } = flags
  if ((topic === undefined) !== allTopics || to === undefined) {
    const text = 'group reset needs --to PLACE, and either --topic NAME or --all-topics'
    throw new ExitError(exitCodes.usage, text)
  }
  if (partition !== undefined && allTopics) {
    throw new ExitError(exitCodes.usage, '--partition is one of a topic: use it with --topic')
  }
  if (partition !== undefined && !/^\d{1,9}$/.test(partition)) {
    throw new ExitError(exitCodes.usage, `--partition cannot be '${partition}': use a number`)
  }
  const body = {
    ...(topic !== undefined && { topic }),
    to,
    ...(partition !== undefined && { partition: Number(partition) }),
  }
  return async (broker, terminal) => {
    const ask = async (isDry: boolean): Promise<readonly Moved[]> => {
      const answer = await broker.ask('POST', path, { ...body, dry_run: isDry })
      if (answer.status === 404) {
        if (topic === undefined) throw await noPlaces(name, broker)
        throw await notThere(broker, { kind: kinds.queue, name: topic, vhost: '/' })
      }
      if (answer.status >= 400) throw refusal(answer, `group '${name}' was not reset`)
      return (answer.body as { readonly offsets: readonly Moved[] }).offsets
    }
    const planned = await ask(true)
    if (planned.every(({ from }) => from === null)) await tellWhenNew(name, broker, terminal)
    for (const { topic: of, partition: index, from, to: target } of planned) {
      const where = topic === undefined ? `${of}, partition ${index}` : `partition ${index}`
      terminal.tell(`${where}: from ${from ?? 'nowhere'} to ${target}`)
    }
    const count = planned.length === 1 ? '1 partition' : `${planned.length} partitions`
    const of = topic === undefined ? 'all its topics' : `topic '${topic}'`
    const deed = `reset group '${name}' in ${count} of ${of}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    await ask(false)
    terminal.print(`Group '${name}' was reset in ${count} of ${of}`)
    return exitCodes.ok
  }
}

/** It is not there, or it reads nothing. */
async function noPlaces(name: string, broker: BrokerClient): Promise<ExitError> {
  await getGroup(broker, name)
  const text = `group '${name}' has no place in any topic: name one with --topic`
  return new ExitError(exitCodes.noInput, text)
}

/** A mistyped name would make a group. */
async function tellWhenNew(name: string, broker: BrokerClient, { tell }: Terminal): Promise<void> {
  const { status } = await broker.ask('GET', ['v1', 'groups', name])
  if (status !== 404) return
  const { message } = await notThere(broker, { kind: groups, name })
  tell(`T${message.slice(1)}${message.endsWith('?') ? '' : '.'} A reset makes one`)
}

function remove(name: string, flags: Flags): AskBroker {
  const path = ['v1', 'groups', checkName('group', name)]
  return async (broker, terminal) => {
    const { offsets } = await getGroup(broker, name)
    const count = offsets.length === 1 ? '1 offset' : `${offsets.length} offsets`
    const deed = `delete group '${name}' with ${count}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('DELETE', path)
    if (answer.status === 404) throw await notThere(broker, { kind: groups, name })
    if (answer.status >= 400) throw refusal(answer, `group '${name}' stays`)
    terminal.print(`Deleted: group '${name}'`)
    return exitCodes.ok
  }
}
