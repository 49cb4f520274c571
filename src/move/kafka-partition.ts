// A partition of a topic of Kafka on its way into the partition of the same number here, with the offsets that it
// has there. So how far it came is where the partition ends here: nothing is copied twice, and nothing missed.
import type { Broker } from '@platformatic/kafka'
import { type CleanBatch, cleanBatches } from './clean-batches.ts'
import { type Fetched, type KafkaSource, noTopic } from './kafka-source.ts'
import { MoveError } from './move-error.ts'
import type { Chunk, ChunkMax, MovePart } from './move-part.ts'
import type { TopicTarget } from './topic-target.ts'

export interface KafkaPartitionOptions {
  readonly topic: string
  readonly partition: number
  /** Where it ends here. */
  readonly end: number
  readonly source: Pick<KafkaSource, 'startOf' | 'leaderOf' | 'fetch'>
  readonly target: Pick<TopicTarget, 'copy'>
}

/** Kafka's error codes. */
const errorCode = {
  offsetOutOfRange: 1,
  unknownTopic: 3,
  topicAuthorizationFailed: 29,
} as const
/** Another broker leads it, or will soon. */
const leaderMoved: ReadonlySet<number> = new Set([5, 6, 9, 74, 75, 76])

export class KafkaPartition implements MovePart {
  readonly name: string
  readonly #options: KafkaPartitionOptions
  #leader: Broker | undefined
  /** Everything below is here and durable. */
  #end: number
  #start = 0
  /** Fetched and not taken. */
  #batches: CleanBatch[] = []
  /** What was taken ends there, or will be passed over up to there. */
  #taken: number
  /** What to fetch next: behind `#taken` where the source begins later, maybe within a batch. */
  #next: number
  #lastStable: number | undefined

  constructor(options: KafkaPartitionOptions) {
    const { topic, partition, end } = options
    this.name = `${topic}-${partition}`
    this.#options = options
    this.#end = end
    this.#taken = end
    this.#next = end
  }

  /** Everything below is here. */
  get end(): number {
    return this.#end
  }

  get left(): number | undefined {
    return this.#lastStable === undefined ? undefined : Math.max(0, this.#lastStable - this.#end)
  }

  async open(): Promise<void> {
    const { source, topic, partition } = this.#options
    this.#start = await source.startOf(topic, partition)
    this.#next = Math.max(this.#end, this.#start)
  }

  async take(max: ChunkMax): Promise<Chunk | undefined> {
    if (this.#batches.length === 0) await this.#fetch(max.bytes)
    const taken: CleanBatch[] = []
    let records = 0
    let bytes = 0
    for (const batch of this.#batches) {
      const size = batch.bytes?.length ?? 0
      const isFull = records + batch.recordCount > max.records || bytes + size > max.bytes
      if (taken.length > 0 && isFull) break
      taken.push(batch)
      records += batch.recordCount
      bytes += size
    }
    const last = taken.at(-1)
    // A partition that is empty by now may begin somewhere.
    const isEmpty = this.#lastStable !== undefined && this.#next >= this.#lastStable
    if (last === undefined && (this.#next === this.#taken || !isEmpty)) return undefined
    const to = last?.end ?? this.#next
    this.#batches = this.#batches.slice(taken.length)
    this.#taken = to
    this.#next = Math.max(to, this.#start)
    return { records, bytes, store: () => this.#store(taken, to) }
  }

  async isDone(): Promise<boolean> {
    return this.#lastStable !== undefined && this.#end >= this.#lastStable
  }

  async close(): Promise<void> {}

  async #store(taken: readonly CleanBatch[], to: number): Promise<string | undefined> {
    const { target, topic, partition } = this.#options
    const batches = Buffer.concat(
      taken.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes])),
    )
    const place = { topic, partition, from: this.#end, to, start: this.#start }
    const reason = await target.copy({ ...place, batches })
    if (reason === undefined) this.#end = to
    return reason
  }

  async #fetch(sizeMax: number): Promise<void> {
    const { source, topic, partition } = this.#options
    this.#leader ??= await source.leaderOf(topic, partition)
    const place = { topic, partition, offset: this.#next }
    const fetched = await source.fetch(this.#leader, place, sizeMax)
    if (fetched.errorCode !== 0) {
      await this.#onError(fetched)
      return
    }
    this.#lastStable = fetched.lastStableOffset
    this.#start = Math.max(this.#start, fetched.startOffset)
    this.#batches = cleanBatches(fetched.records, this.#taken, fetched.aborted)
  }

  /** Throws `MoveError` for what does not pass. */
  async #onError({ errorCode: code }: Fetched): Promise<void> {
    const { topic, partition } = this.#options
    if (leaderMoved.has(code)) {
      this.#leader = undefined
      return
    }
    if (code === errorCode.unknownTopic) throw noTopic(topic)
    const what = `partition ${partition} of topic '${topic}'`
    if (code === errorCode.topicAuthorizationFailed) {
      throw new MoveError('denied', `the source does not let its user read ${what}`)
    }
    if (code !== errorCode.offsetOutOfRange) {
      throw new MoveError('refused', `the source refuses ${what} with error ${code}`)
    }
    await this.#passOver(what)
  }

  /** Its retention was faster: what is gone there is not copied. */
  async #passOver(what: string): Promise<void> {
    const { source, topic, partition } = this.#options
    this.#start = await source.startOf(topic, partition)
    this.#lastStable = undefined
    if (this.#start > this.#next) {
      this.#next = this.#start
      return
    }
    const text = `${what} is not at the source what was copied: it has no offset ${this.#next}`
    throw new MoveError('refused', text)
  }
}
