// `pabal queue show|create|delete|purge|pause|resume`: one queue, stream or topic.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { collect, readPairs } from './arguments-option.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { createTopic } from './create-topic.ts'
import { vhostOption } from './list-command.ts'
import { kinds, notThere } from './not-there.ts'
import { queueColumns } from './queue-list-command.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, CommandFlags, DefineRemote } from './remote-command.ts'
import { outputOption, readFormat, showOne } from './show-rows.ts'

interface Flags extends RiskFlags {
  readonly vhost?: string
  readonly output?: string
  readonly type?: string
  readonly transient?: boolean
  readonly autoDelete?: boolean
  readonly partitions?: string
  readonly argument?: readonly string[]
  readonly ifUnused?: boolean
  readonly ifEmpty?: boolean
}

type Adder = (parent: Command, remote: DefineRemote, usage?: string) => void

export const addQueueShowCommand: Adder = (parent, remote, usage = 'show <NAME>') => {
  remote(parent, usage, {
    summary: 'Show one queue, stream or topic',
    ask: ([name = ''], flags) => show(name, flags),
  })
    .option(...vhostOption)
    .option(...outputOption)
}

export const addQueueCreateCommand: Adder = (parent, remote, usage = 'create <NAME>') => {
  remote(parent, usage, {
    summary:
      'Declare a queue or stream, of which one that is there as asked stays, or make a topic',
    ask: ([name = ''], flags) => create(name, flags),
  })
    .option(
      '--type <TYPE>',
      "classic, quorum, stream, or topic, as Kafka's CreateTopics makes one (default: the virtual host's)",
    )
    .option(
      '--partitions <N>',
      "Partitions of a stream (default: 1) or topic (default: the broker's)",
    )
    .option(
      '--argument <NAME=VALUE>',
      'Such as x-max-length=1000, of a topic retention.ms=60000; may be repeated',
      collect,
    )
    .option('--transient', 'It goes with a restart of the broker')
    .option('--auto-delete', 'It goes with its last consumer')
    .option(...vhostOption)
    .addHelpText(
      'after',
      '\nExample: queue create orders --type quorum --argument x-delivery-limit=5' +
        '\n         queue create events --type topic --partitions 12 --argument cleanup.policy=compact',
    )
}

export const addQueuePauseCommand: Adder = (parent, remote) => {
  remote(parent, 'pause <NAME>', {
    summary: 'Deliver nothing of a queue until it is resumed; publishers go on',
    ask: ([name = ''], flags) => pause(name, flags, 'pause'),
  }).option(...vhostOption)
}

export const addQueueResumeCommand: Adder = (parent, remote) => {
  remote(parent, 'resume <NAME>', {
    summary: 'Deliver again what is in a paused queue',
    ask: ([name = ''], flags) => pause(name, flags, 'resume'),
  }).option(...vhostOption)
}

export const addQueueDeleteCommand: Adder = (parent, remote, usage = 'delete <NAME>') => {
  const command = remote(parent, usage, {
    summary: 'Delete a queue, stream or topic with its messages',
    ask: ([name = ''], flags) => remove(name, flags),
  })
    .option('--if-unused', 'Only when it has no consumers')
    .option('--if-empty', 'Only when it has no messages')
    .option(...vhostOption)
  addRiskOptions(command)
  if (command !== parent) command.alias('rm')
}

export const addQueuePurgeCommand: Adder = (parent, remote, usage = 'purge <NAME>') => {
  const command = remote(parent, usage, {
    summary: 'Drop all messages of a queue that are ready',
    ask: ([name = ''], flags) => purge(name, flags),
  }).option(...vhostOption)
  addRiskOptions(command)
}

/** A queue as RabbitMQ's API shows it; what is shown of it besides is not looked at here. */
interface Queue {
  readonly messages?: number
  readonly messages_ready?: number
  readonly consumers?: number
  readonly type?: string
}

/** Rejects with an `ExitError` when there is none. */
async function getQueue(broker: BrokerClient, vhost: string, name: string): Promise<Queue> {
  const answer = await broker.ask('GET', ['queues', vhost, name])
  if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
  if (answer.status >= 400) throw refusal(answer, `queue '${name}' cannot be seen`)
  return answer.body as Queue
}

function readNames(name: string, { vhost = '/' }: { readonly vhost?: string }): string {
  checkName('queue', name)
  return checkName('virtual host', vhost)
}

function show(name: string, flags: Flags): AskBroker {
  const format = readFormat(flags.output)
  const vhost = readNames(name, flags)
  return async (broker, terminal) => {
    const queue = await getQueue(broker, vhost, name)
    const topic = queue.type === 'stream' ? await topicFacts(broker, vhost, name) : {}
    const columns = [...queueColumns.columns, ...queueColumns.wideColumns, ...Object.keys(topic)]
    const cells = { settings: settingsText }
    const shown = { ...queueColumns, title: 'queues', columns, wideColumns: [], cells }
    await showOne({ ...shown, row: { ...queue, ...topic } }, format, terminal)
    return exitCodes.ok
  }
}

interface TopicFacts {
  readonly partitions?: number
  readonly settings?: readonly Setting[]
}

interface Setting {
  readonly name: string
  readonly value: string | null
}

/** What RabbitMQ's API has no word for. Nothing where a stream has just gone, or may be listed only. */
async function topicFacts(broker: BrokerClient, vhost: string, name: string): Promise<TopicFacts> {
  const answer = await broker.ask('GET', ['v1', 'streams', vhost, name])
  if (answer.status !== 200) return {}
  const { partitions, settings } = answer.body as TopicFacts
  return { ...(partitions !== undefined && { partitions }), ...(settings && { settings }) }
}

function settingsText(settings: unknown): string {
  const set = (settings as readonly Setting[]).filter(({ value }) => value !== null)
  return set.map(({ name, value }) => `${name}=${value}`).join(' ')
}

const queueTypes: readonly string[] = ['classic', 'quorum', 'stream', 'topic']

function create(name: string, flags: Flags & CommandFlags): AskBroker {
  const vhost = readNames(name, flags)
  const { type, partitions, transient = false, autoDelete = false } = flags
  if (type !== undefined && !queueTypes.includes(type)) {
    const problem = `--type ${type} is unknown: use classic, quorum, stream or topic`
    throw new ExitError(exitCodes.usage, problem)
  }
  const hasPartitions = type === 'stream' || type === 'topic'
  if (partitions !== undefined && !(hasPartitions && /^[1-9]\d{0,8}$/.test(partitions))) {
    const problem = '--partitions is a number from 1 on, and for --type stream or topic'
    throw new ExitError(exitCodes.usage, problem)
  }
  if (type === 'topic') return createTopic(name, flags)
  const body = {
    durable: !transient,
    auto_delete: autoDelete,
    arguments: {
      ...(type !== undefined && { 'x-queue-type': type }),
      ...(partitions !== undefined && { 'x-partitions': Number(partitions) }),
      ...readPairs('--argument', flags.argument),
    },
  }
  return async (broker, { print }) => {
    const answer = await broker.ask('PUT', ['queues', vhost, name], body)
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.vhost, name: vhost })
    if (answer.status >= 400) throw refusal(answer, `queue '${name}' was not created`)
    const is = answer.status === 201 ? 'was created' : 'was there already, as asked'
    print(`${type === 'stream' ? 'Stream' : 'Queue'} '${name}' ${is}`)
    return exitCodes.ok
  }
}

function remove(name: string, flags: Flags): AskBroker {
  const vhost = readNames(name, flags)
  const conditions = [
    ...(flags.ifUnused === true ? ['if-unused=true'] : []),
    ...(flags.ifEmpty === true ? ['if-empty=true'] : []),
  ]
  const query = conditions.length === 0 ? '' : `?${conditions.join('&')}`
  return async (broker, terminal) => {
    const { messages = 0, consumers = 0, type } = await getQueue(broker, vhost, name)
    const one = `${type === 'stream' ? 'stream' : 'queue'} '${name}'`
    const what = `${counted(messages, 'message')} and ${counted(consumers, 'consumer')}`
    const isKept =
      (flags.ifUnused === true && consumers > 0) || (flags.ifEmpty === true && messages > 0)
    if (flags.dryRun === true && isKept) {
      throw new ExitError(exitCodes.usage, `${one} would stay: it has ${what}`)
    }
    const deed = `delete ${one} in virtual host '${vhost}' with ${what}`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const { status, text } = await broker.transfer('DELETE', ['queues', vhost, name], { query })
    if (status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
    if (status >= 400) throw refusal({ status, body: JSON.parse(text) }, `${one} stays`)
    terminal.print(`Deleted: ${one}`)
    return exitCodes.ok
  }
}

interface PauseAnswer {
  readonly done: readonly { readonly messages: number; readonly consumers: number }[]
  readonly refused: readonly { readonly reason: string }[]
}

function pause(name: string, flags: Flags, verb: 'pause' | 'resume'): AskBroker {
  const vhost = readNames(name, flags)
  return async (broker, terminal) => {
    await getQueue(broker, vhost, name)
    const streams = [{ vhost, name }]
    const answer = await broker.ask('POST', ['v1', 'streams', verb], { streams })
    if (answer.status >= 400) throw refusal(answer, `queue '${name}' stays as it is`)
    const { done, refused } = answer.body as PauseAnswer
    const [problem] = refused
    if (problem !== undefined) throw new ExitError(exitCodes.notPermitted, problem.reason)
    const { messages = 0, consumers = 0 } = done[0] ?? {}
    const what = `${counted(messages, 'message')}, ${counted(consumers, 'consumer')}`
    terminal.print(`${verb === 'pause' ? 'Paused' : 'Resumed'}: queue '${name}' (${what})`)
    return exitCodes.ok
  }
}

function purge(name: string, flags: Flags): AskBroker {
  const vhost = readNames(name, flags)
  return async (broker, terminal) => {
    const { messages_ready: count = 0, type } = await getQueue(broker, vhost, name)
    if (type === 'stream') {
      const how =
        'its messages go by max-age and max-length-bytes of a policy, or with it by pabal rm'
      throw new ExitError(exitCodes.usage, `'${name}' is a stream, which is not emptied: ${how}`)
    }
    const what = counted(count, 'message')
    const deed = `drop ${what} of queue '${name}' in virtual host '${vhost}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('DELETE', ['queues', vhost, name, 'contents'])
    if (answer.status === 404) throw await notThere(broker, { kind: kinds.queue, name, vhost })
    if (answer.status >= 400) throw refusal(answer, `queue '${name}' was not purged`)
    terminal.print(`Queue '${name}' was purged of ${what}`)
    return exitCodes.ok
  }
}

function counted(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`
}
