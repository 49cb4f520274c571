// The last Kafka client: reads every partition of every topic from its start to its end, and compares it with
// what clients know.
import { checkShown } from '../model/check-fetched.ts'
import type { Entry } from '../model/entry.ts'
import { Violation } from '../model/history.ts'
import { OrderCheck } from '../model/order-check.ts'
import type { QueueLife } from '../model/queue-life.ts'
import type { World } from '../world.ts'
import { errorOf } from './error-of.ts'
import { lookAtCommits } from './group-member.ts'
import { KafkaConnection } from './kafka-connection.ts'
import { isShownToKafka } from './kafka-protocol.ts'
import { readRecords } from './read-records.ts'
import { describeTopic } from './topic-actions.ts'

/** Where something is read. */
interface Place {
  readonly topic: QueueLife
  readonly partition: number
  readonly from: number
}

const who = 'reader'
const largest = 0x7fff_ffff

export class KafkaDrain {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  async run(): Promise<void> {
    const link = this.#world.network.connect('kafka')
    if (link === undefined) throw new Violation('nobody listens for Kafka')
    const { clock } = this.#world
    const connection = new KafkaConnection(link, { clientId: who, clock })
    for (const topic of this.#world.model.topology.queues.values()) {
      const isTopic = topic.kind.type === 'stream' && topic.presence.state === 'yes'
      if (isTopic) await this.#read(connection, topic)
      if (topic.presence.state === 'yes' && isShownToKafka(topic)) {
        await this.#lookAtCommits(connection, topic)
      }
    }
    connection.close(true)
  }

  async #lookAtCommits(connection: KafkaConnection, topic: QueueLife): Promise<void> {
    const life = { connection, world: this.#world, name: who }
    for (const group of this.#world.model.groups.values()) {
      for (let partition = 0; partition < topic.partitionCount; partition++) {
        await lookAtCommits(life, group, { topic, partition })
      }
    }
  }

  async #read(connection: KafkaConnection, topic: QueueLife): Promise<void> {
    const seen = new Set<Entry>()
    let isCut = false
    await describeTopic(connection, topic)
    for (let partition = 0; partition < topic.partitionCount; partition++) {
      await this.#readPartition(connection, topic, partition)
      const facts = topic.logOf(partition)
      isCut ||= facts.start > 0
      const order = new OrderCheck(this.#world.history)
      for (const [offset, message] of facts.shown()) {
        const entry = topic.entryOf(message)
        seen.add(entry)
        if (offset >= facts.start) order.onTaken(entry)
      }
    }
    this.#checkComplete(topic, seen, isCut)
  }

  async #readPartition(
    connection: KafkaConnection,
    topic: QueueLife,
    partition: number,
  ): Promise<void> {
    const { history } = this.#world
    const facts = topic.logOf(partition)
    const known = facts.end
    let from = 0
    do from = await this.#readPart(connection, { topic, partition, from })
    while (from < facts.end)
    if (facts.end < known) throw history.fail(`${facts.name} ends at ${facts.end}, once ${known}`)
  }

  /** Returns where to go on. */
  async #readPart(connection: KafkaConnection, { topic, partition, from }: Place): Promise<number> {
    const { history, model } = this.#world
    const facts = topic.logOf(partition)
    const askedAt = history.next()
    const request = fetchRequest(topic.name, partition, from)
    const answer = await connection.call('fetch', request, { version: 12 })
    const data = answer.responses[0]?.partitions[0]
    const error = errorOf(data?.errorCode ?? 0)
    const { highWatermark = 0, logStartOffset: start = 0 } = data ?? {}
    if (error === 'OFFSET_OUT_OF_RANGE' && from === 0 && start > 0) return start
    if (error !== 'NONE') throw history.fail(`${facts.name} cannot be read: ${error}`)
    facts.onEnd(highWatermark, askedAt, who)
    facts.onStart(start, { askedAt, who })
    const shown = readRecords(joined(data?.records ?? null))
    if (shown.end < 0) {
      if (from >= highWatermark) return from
      throw history.fail(`${facts.name} gives nothing from ${from} of ${highWatermark}`)
    }
    checkShown(model, { queue: topic, partition, from, start, who, ...shown })
    return shown.end
  }

  #checkComplete(topic: QueueLife, seen: ReadonlySet<Entry>, isCut: boolean): void {
    const { history } = this.#world
    for (const entry of topic.entries.values()) {
      if (seen.has(entry) || entry.mayBeLost || entry.isCertain !== true || isCut) continue
      const { deed } = entry.message
      if (deed.hasHappened) throw history.fail(`${topic.name} has lost ${String(entry)}`)
      if (deed.fate !== 'never') deed.toNever(`is not in ${topic.name}`)
    }
  }
}

function fetchRequest(
  topic: string,
  partition: number,
  fetchOffset: number,
): Parameters<typeof KafkaConnection.prototype.call<'fetch'>>[1] {
  const asked = {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: largest,
    replicaDirectoryId: '',
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: largest,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic, topicId: '', partitions: [asked] }],
    forgottenTopicsData: [],
    rackId: '',
  }
}

function joined(records: Buffer | readonly Buffer[] | null): Buffer {
  if (records === null) return Buffer.alloc(0)
  return Buffer.isBuffer(records) ? records : Buffer.concat(records)
}
