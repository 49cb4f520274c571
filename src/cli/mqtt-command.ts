// `pabal mqtt`: sessions of MQTT clients, their subscriptions, retained messages, and what a topic filter has.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'
import { counted } from './check-data-folder.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { onlyVHostOption, vhostOption } from './list-command.ts'
import { addFilterTest } from './mqtt-filter-test.ts'
import { addRetainedCommands, addTopicsCommand } from './mqtt-retained.ts'
import { kinds, notThere } from './not-there.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker, DefineRemote } from './remote-command.ts'
import { showDuration } from './show-duration.ts'
import { outputOption, readFormat, type Row, type Shown, showOne, showRows } from './show-rows.ts'

interface ListFlags {
  readonly output?: string
  readonly vhost?: string
  readonly ofUser?: string
  readonly state?: string
  readonly topic?: string
  readonly client?: string
}

interface SessionFlags extends RiskFlags {
  readonly output?: string
  readonly vhost?: string
}

/** What the broker says that it did, or would do, to sessions. */
interface Changed {
  readonly done: readonly {
    readonly client_id: string
    readonly connected: boolean
    readonly queued: number
    readonly in_flight: number
    readonly subscriptions: number
  }[]
  readonly refused: readonly { readonly reason: string }[]
}

const timeCells = {
  since: showTime,
  ends_at: showTime,
  expiry_seconds: (seconds: unknown): string =>
    seconds === 0
      ? 'at once'
      : typeof seconds === 'number'
        ? showDuration(seconds * 1000)
        : 'never',
}

const sessions: Shown = {
  title: 'sessions',
  columns: [
    'vhost',
    'client_id',
    'user',
    'connected',
    'since',
    'expiry_seconds',
    'subscriptions',
    'queued',
    'in_flight',
  ],
  wideColumns: ['connection', 'ends_at', 'qos2_received', 'qos2_released', 'will', 'queue'],
  heads: {
    client_id: 'client id',
    expiry_seconds: 'expires after',
    in_flight: 'in flight',
    ends_at: 'ends',
    qos2_received: 'QoS 2 received',
    qos2_released: 'QoS 2 released',
  },
  cells: timeCells,
  nameKey: 'client_id',
}

const subscriptions: Shown = {
  title: 'subscriptions',
  columns: ['vhost', 'filter', 'client_id', 'connected', 'qos', 'group'],
  wideColumns: ['user', 'no_local', 'retain_as_published', 'retain_handling', 'id'],
  heads: {
    client_id: 'client id',
    no_local: 'no local',
    retain_as_published: 'as published',
    retain_handling: 'retained',
  },
  nameKey: 'filter',
}

const groups: Shown = {
  title: 'shared subscriptions',
  columns: ['vhost', 'group', 'topic_filter', 'members', 'connected', 'backlog', 'unacked'],
  wideColumns: ['name'],
  heads: { topic_filter: 'filter' },
}

export const addMqttCommands: AddCommand = (mqtt, remote) => {
  addSessionCommands(mqtt, remote)
  addLists(mqtt, remote)
  addRetainedCommands(mqtt, remote)
  addTopicsCommand(mqtt, remote)
  addFilterTest(mqtt, remote)
}

function addSessionCommands(mqtt: Command, remote: DefineRemote): void {
  remote(mqtt, 'sessions', {
    summary: 'Show sessions: who is connected, and what waits for them',
    ask: (_operands, flags) => list(['v1', 'mqtt', 'sessions'], sessions, flags),
  })
    .option('--state <STATE>', 'Only those that are connected, away, or waiting for messages')
    .option('--of-user <NAME>', 'Only those of this user')
    .option(...onlyVHostOption)
    .option(...outputOption)
  remote(mqtt, 'session <CLIENT-ID>', {
    summary: 'Show a session with its subscriptions',
    ask: ([id = ''], flags) => describe(id, flags),
  })
    .option(...vhostOption)
    .option(...outputOption)
  const ending = remote(mqtt, 'disconnect <CLIENT-ID>', {
    summary: 'End the connection of a session, which waits for its client as ever',
    ask: ([id = ''], flags) => change('disconnect', id, flags),
  }).option(...vhostOption)
  addRiskOptions(ending)
  const removing = remote(mqtt, 'delete <CLIENT-ID>', {
    summary: 'Delete a session with its subscriptions and messages',
    ask: ([id = ''], flags) => change('delete', id, flags),
  })
    .alias('rm')
    .option(...vhostOption)
  addRiskOptions(removing)
}

function addLists(mqtt: Command, remote: DefineRemote): void {
  remote(mqtt, 'subscriptions', {
    summary: 'Show subscriptions, of all sessions or those that have a topic',
    ask: (_operands, flags) => list(['v1', 'mqtt', 'subscriptions'], subscriptions, flags),
  })
    .option('--topic <TOPIC>', 'Only those that have this topic')
    .option('--client <CLIENT-ID>', 'Only those of this session')
    .option(...onlyVHostOption)
    .option(...outputOption)
  remote(mqtt, 'groups', {
    summary: 'Show shared subscriptions, and what waits in each',
    ask: (_operands, flags) => list(['v1', 'mqtt', 'shared-groups'], groups, flags),
  })
    .option(...onlyVHostOption)
    .option(...outputOption)
}

function list(path: readonly string[], shown: Shown, flags: ListFlags): AskBroker {
  const { output, vhost, ofUser: user, state, topic, client } = flags
  const format = readFormat(output)
  if (state !== undefined && !['connected', 'away', 'waiting'].includes(state)) {
    const text = `--state ${state} is unknown: use connected, away or waiting`
    throw new ExitError(exitCodes.usage, text)
  }
  const asked = { vhost, user, state, topic, client_id: client }
  const parameters = Object.fromEntries(
    Object.entries(asked).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return async (broker, terminal) => {
    const answer = await broker.get(path, parameters)
    if (answer.status >= 400) throw refusal(answer, `${shown.title} were not listed`)
    await showRows({ ...shown, rows: answer.body as readonly Row[] }, format, terminal)
    return exitCodes.ok
  }
}

function describe(clientId: string, { output, vhost = '/' }: SessionFlags): AskBroker {
  const format = readFormat(output)
  checkName('client id', clientId)
  return async (broker, terminal) => {
    const answer = await broker.ask('GET', ['v1', 'mqtt', 'sessions', vhost, clientId])
    if (answer.status === 404) throw await noSession(broker, clientId, vhost)
    if (answer.status >= 400) throw refusal(answer, `session '${clientId}' cannot be seen`)
    const session = answer.body as Row & { readonly subscription_list: readonly Row[] }
    if (format !== 'table' && format !== 'wide') {
      await showOne({ ...sessions, row: session }, format, terminal)
      return exitCodes.ok
    }
    const { subscription_list: own, may: _, will_facts: will, ...facts } = session
    await showOne(
      { ...sessions, columns: Object.keys(facts), wideColumns: [], row: facts },
      format,
      terminal,
    )
    if (will !== null) terminal.print(`will facts: ${JSON.stringify(will)}`)
    terminal.print('')
    const columns = [
      'filter',
      'qos',
      'group',
      'no_local',
      'retain_as_published',
      'retain_handling',
      'id',
    ]
    const { heads = {} } = subscriptions
    const title = `subscriptions of session '${clientId}'`
    await showRows({ title, columns, heads, rows: own }, format, terminal)
    return exitCodes.ok
  }
}

function change(verb: 'disconnect' | 'delete', clientId: string, flags: SessionFlags): AskBroker {
  const { vhost = '/' } = flags
  checkName('client id', clientId)
  const path = ['v1', 'mqtt', 'sessions', verb]
  return async (broker, terminal) => {
    const ask = async (isDry: boolean): Promise<Changed['done'][number]> => {
      const body = { sessions: [{ vhost, client_id: clientId }], dry_run: isDry }
      const answer = await broker.ask('POST', path, body)
      if (answer.status >= 400) throw refusal(answer, `session '${clientId}' stays as it is`)
      const { done, refused } = answer.body as Changed
      if (done[0] !== undefined) return done[0]
      const reason = refused[0]?.reason ?? 'the broker says nothing'
      if (reason.startsWith('there is no')) throw await noSession(broker, clientId, vhost)
      throw new ExitError(exitCodes.notPermitted, `session '${clientId}' stays as it is: ${reason}`)
    }
    const planned = await ask(true)
    const deed = deedOf(verb, planned)
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    await ask(false)
    terminal.print(
      verb === 'delete' ? `Deleted: session '${clientId}'` : `Disconnected: '${clientId}'`,
    )
    return exitCodes.ok
  }
}

function deedOf(verb: 'disconnect' | 'delete', session: Changed['done'][number]): string {
  const { client_id: id, connected, queued, in_flight: inFlight, subscriptions: count } = session
  if (verb === 'disconnect') {
    return `disconnect '${id}', which has ${counted(inFlight, 'message')} in flight`
  }
  const who = connected ? ', whose client is connected,' : ''
  const contents = `${counted(count, 'subscription')} and ${counted(queued + inFlight, 'message')}`
  return `delete session '${id}'${who} with ${contents}`
}

async function noSession(
  broker: BrokerClient,
  clientId: string,
  vhost: string,
): Promise<ExitError> {
  const there = await broker.ask('GET', ['vhosts', vhost])
  if (there.status === 404) return notThere(broker, { kind: kinds.vhost, name: vhost })
  const advice = `see ${broker.commandLine('mqtt sessions')}`
  const text = `there is no session '${clientId}' in virtual host '${vhost}'; ${advice}`
  return new ExitError(exitCodes.noInput, text)
}

function showTime(ms: unknown): string {
  return typeof ms === 'number' ? new Date(ms).toISOString() : ''
}
