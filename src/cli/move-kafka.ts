// `pabal move kafka`: from topics of Kafka into those of the running broker, with their offsets.
import type { SASLMechanismValue } from '@platformatic/kafka'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { kafkaLimits } from '../limits/kafka.ts'
import { KafkaPartition } from '../move/kafka-partition.ts'
import { KafkaSource, type SourceTopic } from '../move/kafka-source.ts'
import { MoveError } from '../move/move-error.ts'
import { type TargetPartition, TopicTarget } from '../move/topic-target.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import {
  checkCount,
  type GivenFlags,
  type MoveFlags,
  readMoveFlags,
  readSourceCa,
  readSourcePassword,
} from './move-flags.ts'
import { exitCodeOf, runMove } from './run-move.ts'
import { showRows } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

export interface KafkaFlags {
  readonly topic?: readonly string[]
  readonly allTopics?: boolean
  readonly group?: readonly string[]
  /** False with `--no-groups`. */
  readonly groups?: boolean
  readonly fromUser?: string
  readonly fromMechanism?: string
  readonly fromTls?: boolean
}

interface Sides {
  readonly source: KafkaSource
  readonly target: TopicTarget
}

const command = 'move kafka'
const mechanisms: readonly string[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

export async function moveFromKafka(
  given: GivenFlags & KafkaFlags,
  broker: BrokerClient,
  terminal: Terminal,
): Promise<ExitCode> {
  const flags = readMoveFlags(given, command)
  checkChoice(given)
  const options = await readSource(given, flags)
  const source = await KafkaSource.open(options)
  const target = new TopicTarget({
    send: (method, segments, sent) => broker.transfer(method, segments, sent),
  })
  try {
    return await move({ source, target }, { given, flags, terminal })
  } catch (error) {
    if (!(error instanceof MoveError)) throw error
    throw new ExitError(exitCodeOf(error), error.message, { cause: error })
  } finally {
    await source.close()
  }
}

interface Asked {
  readonly given: GivenFlags & KafkaFlags
  readonly flags: MoveFlags
  readonly terminal: Terminal
}

async function move(sides: Sides, { given, flags, terminal }: Asked): Promise<ExitCode> {
  const { source, target } = sides
  const names = given.topic ?? (await source.topicNames())
  checkCount('topics', names)
  const topics: SourceTopic[] = []
  for (const name of new Set(names)) topics.push(await source.describe(checkName('topic', name)))
  if (flags.isDryRun) return await showPlan(topics, target, flags, terminal)
  const parts: KafkaPartition[] = []
  for (const topic of topics) parts.push(...partsOf(topic, await target.make(topic), sides))
  const ends = (): ReadonlyMap<string, number> => new Map(parts.map(({ name, end }) => [name, end]))
  const notes: string[] = []
  const atEnd = async (): Promise<void> => {
    if (given.groups === false) return
    notes.push(...(await carryOffsets(sides, topics, { ends: ends(), groups: given.group })))
  }
  const code = await runMove(
    { ...flags, parts, unit: 'records', kind: 'partition', atEnd },
    terminal,
  )
  for (const note of notes) process.stderr.write(`${note}\n`)
  return code
}

function checkChoice({ topic = [], allTopics, group, groups }: KafkaFlags): void {
  const fail = (reason: string): never => {
    throw new ExitError(exitCodes.usage, `${command} ${reason}`)
  }
  if (topic.length > 0 === (allTopics === true)) fail('needs either --topic or --all-topics')
  if (group !== undefined && groups === false) fail('cannot have both --group and --no-groups')
}

async function readSource(
  given: GivenFlags & KafkaFlags,
  { from }: MoveFlags,
): Promise<Parameters<typeof KafkaSource.open>[0]> {
  const brokers = from.split(',')
  if (!brokers.every((broker) => /^(?:[^\s:/]+|\[[\da-f:]+\]):\d{1,5}$/i.test(broker))) {
    throw new ExitError(
      exitCodes.usage,
      `--from '${from}' is no address: use HOST:PORT[,HOST:PORT…]`,
    )
  }
  const { fromUser: user, fromMechanism: mechanism = 'PLAIN', fromTls = false } = given
  if (!mechanisms.includes(mechanism)) {
    const known = mechanisms.join(', ')
    throw new ExitError(exitCodes.usage, `--from-mechanism ${mechanism} is unknown: use ${known}`)
  }
  const ca = await readSourceCa(given)
  const tls = fromTls || ca !== undefined ? { ca } : undefined
  if (user === undefined) return { brokers, tls, login: undefined }
  const password = await readSourcePassword(given)
  if (password === undefined) {
    const advice = 'name its file with --from-password-file, or set MOVE_FROM_PASSWORD'
    throw new ExitError(exitCodes.usage, `--from-user ${user} needs a password: ${advice}`)
  }
  return { brokers, tls, login: { user, password, mechanism: mechanism as SASLMechanismValue } }
}

async function showPlan(
  topics: readonly SourceTopic[],
  target: TopicTarget,
  { format }: MoveFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const rows: Record<string, unknown>[] = []
  for (const { name, partitionCount } of topics) {
    const found = await target.find(name)
    rows.push({ topic: name, partitions: partitionCount, target: stateOf(found) })
  }
  await showRows(
    { title: 'topics to move', columns: ['topic', 'partitions', 'target'], rows },
    format,
    terminal,
  )
  return exitCodes.ok
}

function stateOf(found: readonly TargetPartition[] | undefined): string {
  if (found === undefined) return 'will be made'
  if (!found.every(({ isCopy }) => isCopy)) return 'has records of others'
  return found.some(({ end }) => end > 0) ? 'is gone on with' : 'is there and empty'
}

function partsOf(
  { name: topic }: SourceTopic,
  partitions: readonly TargetPartition[],
  sides: Sides,
): KafkaPartition[] {
  if (!partitions.every(({ isCopy }) => isCopy)) {
    const text = `topic '${topic}' at Pabal has records of others, so offsets cannot be kept: delete it, or copy with a client`
    throw new MoveError('refused', text)
  }
  return partitions.map(
    ({ end }, partition) => new KafkaPartition({ topic, partition, end, ...sides }),
  )
}

interface Carried {
  /** Where each partition ends here. */
  readonly ends: ReadonlyMap<string, number>
  /** Undefined: all of the source. */
  readonly groups: readonly string[] | undefined
}

/** Resolves with what people have to know of it. */
async function carryOffsets(
  { source, target }: Sides,
  topics: readonly SourceTopic[],
  { ends, groups }: Carried,
): Promise<string[]> {
  const notes: string[] = []
  for (const group of groups ?? (await source.groupNames())) {
    const found = await source.offsetsOf(checkName('group', group), topics)
    // A group that is ahead of the copy goes on at its end: it may read some records again, and misses none.
    const offsets = found.map((each) => ({
      ...each,
      offset: Math.min(each.offset, ends.get(`${each.topic}-${each.partition}`) ?? 0),
    }))
    const sum = { set: 0, kept: 0 }
    for (let at = 0; at < offsets.length; at += kafkaLimits.committedAtOnceMax) {
      const some = offsets.slice(at, at + kafkaLimits.committedAtOnceMax)
      const { set, kept, reason } = await target.setOffsets(group, some)
      sum.set += set
      sum.kept += kept
      if (reason !== undefined) notes.push(`Group '${group}' stays where it is: ${reason}`)
    }
    if (offsets.length === 0) continue
    notes.push(`Group '${group}': ${sum.set} offsets were set, ${sum.kept} were as far already`)
  }
  return notes
}
