// A transactional producer of one's own, of either version of the protocol, which does what it is told to: also
// what no client does, such as to go on after another has taken its id.
import type { ApiMessages, ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { batchOfRecords } from '../support/kafka-fixture.ts'

/** How a producer reaches its broker. */
export interface ProducerLink {
  call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): Promise<ApiMessages[Name]['response']>
  /** The code with which `ask` resolves, once it is none of those in `passing`. */
  settle(what: string, ask: () => Promise<number>): Promise<number>
  /** Milliseconds since 1970. */
  now(): number
}

/** A group's place in a partition. */
export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** The broker has said no, for good. */
export class RefusedError extends Error {
  readonly code: number

  constructor(api: string, code: number) {
    super(`${api} is refused with ${code}`)
    this.code = code
  }
}

/**
 * CONCURRENT_TRANSACTIONS, UNSTABLE_OFFSET_COMMIT, NOT_ENOUGH_REPLICAS, NOT_LEADER_OR_FOLLOWER, and a coordinator that is
 * not there.
 */
export const passing: ReadonlySet<number> = new Set([51, 88, 19, 6, 14, 15, 16])

export class TinyProducer<Link extends ProducerLink = ProducerLink> {
  /** Another one after a connection is gone. */
  link: Link
  readonly id: string
  readonly version: 1 | 2
  #producerId = -1
  #epoch = -1
  readonly #sequences = new Map<string, number>()
  readonly #added = new Set<string>()

  constructor(link: Link, id: string, version: 1 | 2) {
    this.link = link
    this.id = id
    this.version = version
  }

  /** As who it is, over a connection of its own: what it does comes late. */
  ghost(link: Link): TinyProducer<Link> {
    const ghost = new TinyProducer(link, this.id, this.version)
    ghost.#producerId = this.#producerId
    ghost.#epoch = this.#epoch
    for (const [place, sequence] of this.#sequences) ghost.#sequences.set(place, sequence)
    for (const place of this.#added) ghost.#added.add(place)
    return ghost
  }

  async init(timeoutMs: number): Promise<void> {
    const request = {
      transactionalId: this.id,
      transactionTimeoutMs: timeoutMs,
      producerId: -1,
      producerEpoch: -1,
    }
    await this.#until('initProducerId', async () => {
      const answer = await this.link.call('initProducerId', request, 4)
      if (answer.errorCode === 0) this.#become(answer.producerId ?? -1, answer.producerEpoch)
      return answer.errorCode ?? 0
    })
    this.#added.clear()
  }

  async send(topic: string, partition: number, value: string): Promise<void> {
    const place = `${topic}/${partition}`
    if (this.version === 1 && !this.#added.has(place)) await this.#addPartition(topic, partition)
    this.#added.add(place)
    const sequence = this.#sequences.get(place) ?? 0
    const records = batchOfRecords([{ value, timestamp: this.link.now() }], 'none', {
      producerId: this.#producerId,
      producerEpoch: this.#epoch,
      baseSequence: sequence,
      isTransactional: true,
    })
    const request = {
      transactionalId: this.id,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: topic, topicId: '', partitionData: [{ index: partition, records }] }],
    }
    await this.#until('produce', async () => {
      const { responses } = await this.link.call('produce', request, this.version === 1 ? 11 : 12)
      return responses[0]!.partitionResponses[0]!.errorCode
    })
    this.#sequences.set(place, sequence + 1)
  }

  async sendOffsets(groupId: string, places: readonly Place[]): Promise<void> {
    if (this.version === 1) {
      const request = { ...this.#who, groupId }
      await this.#until('addOffsetsToTxn', async () => {
        const { errorCode } = await this.link.call('addOffsetsToTxn', request, 3)
        return errorCode
      })
    }
    const topics = places.map(({ topic, partition, offset }) => ({
      name: topic,
      partitions: [
        {
          partitionIndex: partition,
          committedOffset: offset,
          committedLeaderEpoch: -1,
          committedMetadata: '',
        },
      ],
    }))
    const member = { groupId, generationId: -1, memberId: '', groupInstanceId: null }
    await this.#until('txnOffsetCommit', async () => {
      const request = { ...this.#who, ...member, topics }
      const answer = await this.link.call('txnOffsetCommit', request, this.version === 1 ? 3 : 5)
      const codes = answer.topics.flatMap(({ partitions }) => partitions.map((p) => p.errorCode))
      return codes.find((code) => code !== 0) ?? 0
    })
  }

  /** Throws RefusedError; then it may be either way. */
  async end(isCommit: boolean): Promise<void> {
    const request = { ...this.#who, committed: isCommit }
    await this.#until('endTxn', async () => {
      const answer = await this.link.call('endTxn', request, this.version === 1 ? 3 : 5)
      if (answer.errorCode === 0 && this.version === 2) {
        this.#become(answer.producerId ?? -1, answer.producerEpoch ?? -1)
      }
      return answer.errorCode
    })
    this.#added.clear()
  }

  /** It has begun with its id. */
  get hasBegun(): boolean {
    return this.#producerId >= 0
  }

  get #who(): { transactionalId: string; producerId: number; producerEpoch: number } {
    const { id: transactionalId } = this
    return { transactionalId, producerId: this.#producerId, producerEpoch: this.#epoch }
  }

  #become(producerId: number, epoch: number): void {
    // With another epoch sequences begin anew.
    if (producerId !== this.#producerId || epoch !== this.#epoch) this.#sequences.clear()
    this.#producerId = producerId
    this.#epoch = epoch
  }

  async #addPartition(name: string, partition: number): Promise<void> {
    const request = {
      transactions: [],
      v3AndBelowTransactionalId: this.id,
      v3AndBelowProducerId: this.#producerId,
      v3AndBelowProducerEpoch: this.#epoch,
      v3AndBelowTopics: [{ name, partitions: [partition] }],
    }
    await this.#until('addPartitionsToTxn', async () => {
      const answer = await this.link.call('addPartitionsToTxn', request, 3)
      return answer.resultsByTopicV3AndBelow![0]!.resultsByPartition[0]!.partitionErrorCode
    })
  }

  async #until(api: string, ask: () => Promise<number>): Promise<void> {
    const code = await this.link.settle(`${api} of ${this.id}`, ask)
    if (code !== 0) throw new RefusedError(api, code)
  }
}
