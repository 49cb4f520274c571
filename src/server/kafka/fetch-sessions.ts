// Incremental fetch sessions (KIP-227): a client names its partitions once and from then on only
// what changed; the broker answers only partitions that have something to say.
import type { FetchRequest } from '../../codec/kafka/messages/fetch.gen.ts'
import type { Random } from '../../lib/random.ts'
import type { Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'

/** One partition that a client fetches. */
export interface FetchedPartition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  fetchOffset: number
  currentLeaderEpoch: number
  partitionMaxBytes: number
  /** What the client was told last: an answer that says nothing else is left out. */
  toldHighWatermark: number
  toldStartOffset: number
  toldStableOffset: number
}

export class FetchSession {
  readonly id: number
  epoch = 1
  /** In the order in which they are read. */
  readonly partitions: Map<string, FetchedPartition>

  constructor(id: number, partitions: Map<string, FetchedPartition>) {
    this.id = id
    this.partitions = partitions
  }

  moveToEnd(partition: FetchedPartition): void {
    const key = keyOf(partition)
    if (this.partitions.delete(key)) this.partitions.set(key, partition)
  }
}

export type SessionError = 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH'

const noSessionId = 0
const firstEpoch = 0
const finalEpoch = -1
const idMax = 0x7fffffff

/** What a request is about. */
type Resolved =
  | {
      readonly partitions: Iterable<FetchedPartition>
      /** Undefined when it belongs to none. */
      readonly session: FetchSession | undefined
    }
  | { readonly error: SessionError }

export class FetchSessions {
  readonly #random: Random
  readonly #partitionsMax: number
  /** In the order of last use, oldest first. */
  readonly #sessions = new Map<number, FetchSession>()

  /** For a broker with `memory` bytes for its clients. */
  constructor(random: Random, memory: number) {
    const { fetchSessionPartitionsMax, fetchSessionPartitionSize, fetchSessionsShare } = kafkaLimits
    this.#random = random
    this.#partitionsMax = Math.min(
      fetchSessionPartitionsMax,
      (memory * fetchSessionsShare) / fetchSessionPartitionSize,
    )
  }

  /** The partitions that a request is about, and the session it belongs to if any. */
  *resolve(request: FetchRequest): Steps<Resolved> {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === finalEpoch || sessionEpoch === firstEpoch) {
      this.#sessions.delete(sessionId)
      const partitions = new Map<string, FetchedPartition>()
      yield* addPartitions(partitions, request)
      if (sessionEpoch === finalEpoch || sessionId !== noSessionId) {
        return { partitions: partitions.values(), session: undefined }
      }
      return { partitions: partitions.values(), session: this.#open(partitions) }
    }
    return yield* this.#continue(request)
  }

  *#continue(request: FetchRequest): Steps<Resolved> {
    const session = this.#sessions.get(request.sessionId)
    if (session === undefined) return { error: 'FETCH_SESSION_ID_NOT_FOUND' }
    if (session.epoch !== request.sessionEpoch) return { error: 'INVALID_FETCH_SESSION_EPOCH' }
    session.epoch = session.epoch === idMax ? 1 : session.epoch + 1
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      yield
      for (const index of partitions) {
        session.partitions.delete(keyOf({ topic, topicId, index }))
        yield
      }
    }
    yield* addPartitions(session.partitions, request)
    if (request.topics.length > 0) this.#trim()
    return { partitions: session.partitions.values(), session }
  }

  #open(partitions: Map<string, FetchedPartition>): FetchSession {
    let id = 0
    while (id === noSessionId || this.#sessions.has(id)) id = 1 + this.#random.below(idMax)
    const session = new FetchSession(id, partitions)
    this.#sessions.set(id, session)
    this.#trim()
    return session
  }

  /** Forgets the oldest sessions when there are too many, or too many partitions in all of them. */
  #trim(): void {
    const { fetchSessionsMax } = kafkaLimits
    let partitionCount = 0
    for (const { partitions } of this.#sessions.values()) partitionCount += partitions.size
    for (const { id, partitions } of this.#sessions.values()) {
      if (this.#sessions.size <= fetchSessionsMax && partitionCount <= this.#partitionsMax) return
      this.#sessions.delete(id)
      partitionCount -= partitions.size
    }
  }
}

function* addPartitions(
  partitions: Map<string, FetchedPartition>,
  request: FetchRequest,
): Steps<void> {
  for (const { topic, topicId, partitions: asked } of request.topics) {
    yield
    for (const { partition: index, ...rest } of asked) {
      const key = keyOf({ topic, topicId, index })
      const known = partitions.get(key)
      partitions.set(key, {
        topic,
        topicId,
        index,
        fetchOffset: rest.fetchOffset,
        currentLeaderEpoch: rest.currentLeaderEpoch,
        partitionMaxBytes: rest.partitionMaxBytes,
        toldHighWatermark: known?.toldHighWatermark ?? -1,
        toldStartOffset: known?.toldStartOffset ?? -1,
        toldStableOffset: known?.toldStableOffset ?? -1,
      })
      yield
    }
  }
}

function keyOf(partition: {
  readonly topic: string
  readonly topicId: string
  readonly index: number
}): string {
  return `${partition.topic}/${partition.topicId}/${partition.index}`
}
