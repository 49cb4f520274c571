// A reader of a topic, whatever its protocol: it gets the records of all partitions, or of one, each in
// order, and takes nothing away from others. Prefetch bounds what it has unsettled.
import { turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import { topicLimits } from '../../limits/topic.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { consumerTimeoutOf } from '../consumer-timeout.ts'
import type { ConsumedCounts } from '../counters/consumed-counts.ts'
import { isLate } from '../is-late.ts'
import { placeOf } from '../queue/message-place.ts'
import type { Party, WithParty } from '../trace/party.ts'
import type { Partition } from './partition.ts'
import type { RecordFilter, StreamContext } from './stream-context.ts'
import { StreamReader, type StreamReaderOwner } from './stream-reader.ts'
import type { StreamStart } from './stream-start.ts'
import type { Topic, TopicObserver } from './topic.ts'

/** What a protocol provides to receive a stream. */
export interface StreamSink extends WithParty {
  /** Whether one more delivery fits now; when it becomes true again, the sink calls `resume`. */
  canTake(): boolean
  /** Puts one record on its way. The view is valid only during the call. */
  deliver(reader: StreamReader, record: RecordView): void
  /** The broker ended the consumer: its topic is gone. */
  onCancelled(): void
}

export interface StreamOptions {
  /** Unsettled deliveries it may have at once. */
  readonly prefetch: number
  /** The only partition to read; all when undefined. */
  readonly partition: number | undefined
  /** Where to begin; undefined: where a consumer of this name was, else at what comes next. */
  readonly start: StreamStart | undefined
  /** The broker remembers how far a consumer with a name has come. */
  readonly name: string | undefined
  /** Whether it wants a record; undefined: it wants all. The view is valid only during the call. */
  readonly accepts?: RecordFilter | undefined
  /** How long a delivery may stay unacked, whatever its topic says; for ever by default. */
  readonly ackTimeoutMs?: number
  /** Where what it gets is counted once more; undefined for clients of AMQP. */
  readonly counts?: ConsumedCounts | undefined
}

export class StreamConsumer implements StreamReaderOwner, TurnTask, TopicObserver {
  readonly topic: Topic
  readonly context: StreamContext
  readonly name: string | undefined
  readonly accepts: RecordFilter | undefined
  unackedCount = 0
  deliveredCount = 0
  settledCount = 0
  /** Records that may still be passed over in this turn. */
  skipsLeft = 0
  isCancelled = false
  readonly #sink: StreamSink
  readonly #options: StreamOptions
  readonly #view = new RecordView()
  readonly #readers: StreamReader[] = []
  #nextReader = 0
  #isScheduled = false

  /** Throws `precondition_failed` when too many names are remembered. */
  constructor(topic: Topic, sink: StreamSink, options: StreamOptions, context: StreamContext) {
    this.topic = topic
    this.context = context
    this.name = options.name
    this.accepts = options.accepts
    this.#sink = sink
    this.#options = options
    const { partition: only } = options
    const chosen = only === undefined ? topic.partitions : topic.partitions.slice(only, only + 1)
    if (this.name !== undefined) {
      for (const { log } of chosen) context.offsets.checkRoom(log, this.name)
    }
    const starts = chosen.map((partition) => this.#startOf(partition))
    for (const [index, partition] of chosen.entries()) {
      this.#addReader(partition, only ?? index, starts[index] as StreamStart)
    }
    topic.observers.add(this)
  }

  get party(): Party | undefined {
    return this.#sink.party
  }

  get counts(): ConsumedCounts | undefined {
    return this.#options.counts
  }

  get ackTimeoutMs(): number {
    const { arguments: args, policy } = this.topic
    const ofTopic = consumerTimeoutOf(args, policy?.definition)
    return Math.min(this.#options.ackTimeoutMs ?? Infinity, ofTopic)
  }

  /** There may be room again. */
  resume(): void {
    this.schedule()
  }

  schedule(): void {
    if (this.#isScheduled || this.isCancelled) return
    this.#isScheduled = true
    this.context.turn.schedule(turnPhase.dispatch, this)
  }

  runTurn(): void {
    this.#isScheduled = false
    this.skipsLeft = topicLimits.streamSkipsPerTurnMax
    for (let count = 1; count <= brokerLimits.dispatchPerTurnMax; count++) {
      if (!this.#hasRoom) return
      if (!this.#deliverNext()) {
        if (this.skipsLeft === 0) break
        return
      }
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(this.context.turn)) break
    }
    this.schedule()
  }

  /** Ends the consumer; what it has unsettled may still be settled. */
  cancel(): void {
    this.isCancelled = true
    this.topic.observers.delete(this)
    for (const reader of this.#readers) reader.close()
  }

  onTopicDeleted(): void {
    if (this.isCancelled) return
    this.cancel()
    this.#sink.onCancelled()
  }

  onPartitionsAdded(): void {
    if (this.#options.partition !== undefined) return
    for (const [index, partition] of this.topic.partitions.entries()) {
      // Nobody could have seen a record of it before.
      if (index >= this.#readers.length) this.#addReader(partition, index, { kind: 'first' })
    }
  }

  /** Records cannot be read: going on would skip some of them silently. */
  fail(offset: number, error: Error): void {
    if (this.isCancelled) return
    this.context.onDamaged(this.topic, offset, error)
    this.onTopicDeleted()
  }

  get #hasRoom(): boolean {
    return !this.isCancelled && this.unackedCount < this.#options.prefetch && this.#sink.canTake()
  }

  /** Partitions take turns. */
  #deliverNext(): boolean {
    const readers = this.#readers
    for (let tried = 0; tried < readers.length; tried++) {
      const reader = readers[this.#nextReader % readers.length] as StreamReader
      this.#nextReader = (this.#nextReader + 1) % readers.length
      if (reader.read(this.#view)) {
        this.#tellHandover(reader)
        this.#sink.deliver(reader, this.#view)
        reader.onDelivered()
        this.topic.counters.delivered++
        if (this.counts !== undefined) {
          this.topic.counters.onDeliveredToOther(this.counts, false, false)
        }
        this.deliveredCount++
        return true
      }
    }
    return false
  }

  #tellHandover({ index }: StreamReader): void {
    const { observer } = this.context.watch
    if (observer === undefined) return
    const view = Object.assign(new RecordView(), this.#view)
    view.offset = placeOf(index, view.offset)
    const to = this.#sink
    observer.onHandover(this.topic, view, {
      kind: 'delivered',
      to,
      isRedelivered: false,
      isNoAck: false,
    })
  }

  #startOf({ log }: Partition): StreamStart {
    const { start, name } = this.#options
    if (start !== undefined) return start
    const offset = name === undefined ? undefined : this.context.offsets.find(log, name)
    if (offset !== undefined) return { kind: 'offset', offset }
    // A partition that came while a known consumer was away.
    return { kind: this.#isKnown ? 'first' : 'next' }
  }

  get #isKnown(): boolean {
    const { name, topic, context } = this
    if (name === undefined) return false
    return topic.partitions.some(({ log }) => context.offsets.find(log, name) !== undefined)
  }

  #addReader(partition: Partition, index: number, start: StreamStart): void {
    const reader = new StreamReader(this, partition, index)
    this.#readers.push(reader)
    reader.open(start)
  }
}
