// Incremental fetch sessions (KIP-227): a client names its partitions once and from then on only
// what changed; the broker answers only partitions that have something to say.
import type { FetchRequest } from '../../codec/kafka/messages/fetch.gen.ts'
import type { Clock } from '../../lib/clock.ts'
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
  readonly createdAt: number
  usedAt: number
  epoch = 1
  /** In the order in which they are read. */
  readonly partitions: Map<string, FetchedPartition>

  /** `now` is of the monotonic clock. */
  constructor(id: number, partitions: Map<string, FetchedPartition>, now: number) {
    this.id = id
    this.createdAt = now
    this.usedAt = now
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

interface SessionsParts {
  readonly random: Random
  readonly clock: Clock
}

export class FetchSessions {
  /** Sessions that had to go for others (Kafka's IncrementalFetchSessionEvictionsPerSec). */
  evictedCount = 0
  readonly #random: Random
  readonly #clock: Clock
  readonly #partitionsMax: number
  /** In the order of last use, oldest first. */
  readonly #sessions = new Map<number, FetchSession>()

  /** For a broker with `memory` bytes for its clients. */
  constructor({ random, clock }: SessionsParts, memory: number) {
    const { fetchSessionPartitionsMax, fetchSessionPartitionSize, fetchSessionsShare } = kafkaLimits
    this.#random = random
    this.#clock = clock
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
      if (sessionEpoch === finalEpoch)
        return { partitions: partitions.values(), session: undefined }
      return { partitions: partitions.values(), session: this.#open(partitions) }
    }
    return yield* this.#continue(request)
  }

  *#continue(request: FetchRequest): Steps<Resolved> {
    const session = this.#sessions.get(request.sessionId)
    if (session === undefined) return { error: 'FETCH_SESSION_ID_NOT_FOUND' }
    if (session.epoch !== request.sessionEpoch) return { error: 'INVALID_FETCH_SESSION_EPOCH' }
    session.epoch = session.epoch === idMax ? 1 : session.epoch + 1
    session.usedAt = this.#clock.monotonic()
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

  /** A session is over before it has begun, or its client has gone. */
  forget({ id }: FetchSession): void {
    this.#sessions.delete(id)
  }

  /** How many there are. */
  get count(): number {
    return this.#sessions.size
  }

  /** Undefined where there is no room: the client sends all of its partitions again the next time. */
  #open(partitions: Map<string, FetchedPartition>): FetchSession | undefined {
    const now = this.#clock.monotonic()
    const isFull = this.#sessions.size >= kafkaLimits.fetchSessionsMax
    if (isFull && !this.#evictFor(partitions.size, now)) return undefined
    let id = 0
    while (id === noSessionId || this.#sessions.has(id)) id = 1 + this.#random.below(idMax)
    const session = new FetchSession(id, partitions, now)
    this.#sessions.set(id, session)
    this.#trim()
    return session
  }

  /**
   * Kafka's FetchSessionCache: the one that was not used for the longest time goes when that is long enough,
   * else the smallest of those that are not new, for a larger one. False: all of them stay.
   */
  #evictFor(size: number, now: number): boolean {
    const { fetchSessionEvictionMsMin: evictionMs } = kafkaLimits
    const [oldest] = this.#sessions.values()
    const isStale = oldest !== undefined && now - oldest.usedAt > evictionMs
    const evicted = isStale ? oldest : this.#smallestBefore(now - evictionMs)
    if (evicted === undefined || (!isStale && size <= evicted.partitions.size)) return false
    this.#evict(evicted)
    return true
  }

  #smallestBefore(time: number): FetchSession | undefined {
    let smallest: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (session.createdAt >= time) continue
      if (smallest === undefined || session.partitions.size < smallest.partitions.size) {
        smallest = session
      }
    }
    return smallest
  }

  /** Forgets the oldest sessions when there are too many partitions in all of them. */
  #trim(): void {
    let partitionCount = 0
    for (const { partitions } of this.#sessions.values()) partitionCount += partitions.size
    for (const session of this.#sessions.values()) {
      if (partitionCount <= this.#partitionsMax) return
      this.#evict(session)
      partitionCount -= session.partitions.size
    }
  }

  #evict({ id }: FetchSession): void {
    this.#sessions.delete(id)
    this.evictedCount++
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
