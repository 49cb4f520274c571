// A work queue: its messages (a backlog) and who gets them (dispatch).
import { brokerLimits } from '../../limits/broker.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Log } from '../../log/log.ts'
import type { QueueRow } from '../../meta/topology-change.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { type FieldTable } from '../../record/message/field-table.ts'
import { isSourcePersistent } from '../../record/message/is-source-persistent.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { viewOfSource } from '../../record/message/view-of-source.ts'
import { queueFull, queueInExclusiveUse, takenBesides } from '../broker-error.ts'
import type { ConsumedCounts } from '../counters/consumed-counts.ts'
import { QueueCounters } from '../counters/queue-counters.ts'
import type { PresentIds } from '../deduplication/present-ids.ts'
import type { QueueLike } from '../exchange/binding.ts'
import type { EffectivePolicy, PolicySubject } from '../policy/policy.ts'
import type { QueueType } from '../queue-arguments.ts'
import { limitFor, type PublishLimit } from '../rate/publish-limit.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { Consumer, type ConsumerOptions, type DeliverySink } from './consumer.ts'
import { Dispatch } from './dispatch.ts'
import { hasRoomFor } from './has-room.ts'
import { IdleTimer } from './idle-timer.ts'
import type { Incoming } from './incoming.ts'
import { type EndingQueue, MessageEnds } from './message-ends.ts'
import { openBacklog, setProfile } from './open-backlog.ts'
import { openLevelLog } from './open-level-log.ts'
import { presentIdsFor } from './present-ids-for.ts'
import type { PriorityBacklogOwner } from './priority-backlog.ts'
import type { BacklogPart, LevelCursor, QueueBacklog, TakeResult } from './queue-backlog.ts'
import type { ConnectionToken, QueueContextOf, QueueOptions } from './queue-context.ts'
import { rowOfQueue } from './queue-row.ts'
import { mayRefuse, type QueueSettings, readQueueSettings } from './queue-settings.ts'
import type { RetainedLogs } from './retained-logs.ts'
import { countRewound, rewindBacklog } from './rewind.ts'
import { SizeCounts } from './size-count.ts'
import { SourceBacklog, type SourceBacklogOwner } from './source-backlog.ts'
import { WaitingTakers } from './waiting-takers.ts'

export type { ConnectionToken } from './queue-context.ts'
export type QueueContext = QueueContextOf<Queue>
type QueueEnds = Pick<
  MessageEnds<Queue>,
  'deadLetters' | 'expireHead' | 'mayExpire' | 'nextExpiryAt' | 'sweep'
>

export class Queue
  implements QueueLike, PolicySubject, PriorityBacklogOwner, SourceBacklogOwner, EndingQueue
{
  readonly kind = 'queue'
  /** Its logs are for priorities, so no message needs a key. */
  readonly needsKey = false
  readonly vhost: string
  readonly name: string
  readonly id: number
  readonly type: QueueType
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly owner: ConnectionToken | undefined
  readonly arguments: FieldTable
  /** The only one as a rule; with priorities that of the lowest. */
  readonly log: Log
  isDeleted = false
  readonly #context: QueueContext
  /** What arguments and policies add up to. */
  settings: QueueSettings
  /** Whether messages are refused when the queue is full. */
  mayRefuse: boolean
  /** Of what is published into it; undefined for none. */
  publishLimit: PublishLimit | undefined
  /** What keeps acked messages; undefined: nothing does. */
  retained: RetainedLogs | undefined
  /** When it was rewound last, in milliseconds since the Unix epoch; 0 for never. */
  rewoundAt: number
  /** Since when nothing is delivered, in the same; 0 for a queue that is not paused. See `pauseQueue`. */
  pausedAt = 0
  /** Only of queues that deduplicate. */
  presentIds: PresentIds | undefined
  /** Undefined: none applies to it. */
  policy: EffectivePolicy | undefined
  /** What is not persistent is only for consumers that are there; set by whoever has the queue. */
  isForPresent = false
  /** Told when it is gone; set by whoever has the queue for clients of its own, which nobody else may keep from it. */
  onGone: (() => void) | undefined
  readonly #backlog: QueueBacklog
  readonly #dispatch: Dispatch
  /** Made when it is needed, as most of many queues are quiet. */
  usedCounters: QueueCounters | undefined
  readonly #ends: MessageEnds<Queue>
  #idleTimer: IdleTimer | undefined
  /** Made for the first limit of bytes. */
  #sizeCounts: SizeCounts | undefined
  /** Made when it is needed. */
  #waitingTakers: WaitingTakers | undefined

  constructor(options: QueueOptions<Queue>, context: QueueContext) {
    this.vhost = options.vhost
    this.name = options.name
    this.id = options.cursor.log.id
    this.type = options.type
    this.isDurable = options.isDurable
    this.isAutoDelete = options.isAutoDelete
    this.owner = options.owner
    this.arguments = options.arguments
    this.log = options.cursor.log
    this.#context = context
    this.policy = options.policy
    this.retained = options.retained
    this.rewoundAt = options.rewoundAt ?? 0
    this.settings = readQueueSettings(this.type, this.arguments, this.policy?.definition)
    this.log.homeAddress = encodeAddress('', options.name)
    this.#backlog = openBacklog(options, {
      settings: this.settings,
      store: context.store,
      owner: this,
    })
    setProfile(this.#backlog, this.settings.profile)
    this.mayRefuse = mayRefuse(this.settings)
    this.publishLimit = limitFor(context, this.settings.publishRate, undefined)
    this.#dispatch = new Dispatch(this.#backlog, context, this)
    if (this.settings.hasSingleActiveConsumer) {
      this.#dispatch.useSingleActive({ yieldsToPriority: options.type === 'quorum' })
    }
    this.#countSizes()
    this.#ends = new MessageEnds(this, this.#backlog, context)
    this.#idleTimer = this.#openIdleTimer()
    this.presentIds = presentIdsFor(this, this.presentIds, this.#backlog, this.#context)
  }

  get isVolatile(): boolean {
    return this.log.isVolatile
  }

  get isExclusive(): boolean {
    return this.owner !== undefined
  }

  /** Ready, unacked and delayed messages. */
  get messageCount(): number {
    return this.#backlog.messageCount
  }

  get unackedCount(): number {
    return this.#backlog.unackedCount
  }

  /** See `DeliveryHolder`. */
  get ackTimeoutMs(): number {
    return this.settings.consumerTimeoutMs
  }

  get readyCount(): number {
    return this.#backlog.readyCount
  }

  get consumerCount(): number {
    return this.#dispatch.consumerCount
  }

  /** When its last consumer left, in milliseconds since the Unix epoch; 0: none has since the start. */
  get consumerLeftAt(): number {
    return this.#dispatch.leftAt
  }

  get consumers(): ReadonlySet<Consumer> {
    return this.#dispatch.consumers
  }

  get counters(): QueueCounters {
    this.usedCounters ??= new QueueCounters()
    return this.usedCounters
  }

  /** Whether the last message taken may have been delivered before. */
  get isRedelivered(): boolean {
    return this.#backlog.isRedelivered
  }

  /** The topic that its messages come from as well, and its place in each partition, whose logs are not its own. */
  get source(): SourceBacklog<Queue> | undefined {
    return this.#backlog instanceof SourceBacklog ? this.#backlog : undefined
  }

  /** Its source has more partitions. Not within an atom. */
  onPartitionsAdded(): void {
    this.source?.addPartitions()
  }

  /** As the topology keeps it. Only durable queues are kept. */
  row(): QueueRow {
    return rowOfQueue(this, this.#backlog.levels)
  }

  /** Its place in each of its logs, of which there is one for each priority that a message has had. */
  get cursors(): readonly LogCursor[] {
    return this.#backlog.levels.map(({ cursor }) => cursor)
  }

  get levels(): readonly LevelCursor[] {
    return this.#backlog.levels
  }

  /** The messages of each of its logs and of its source, for those who only look. */
  get parts(): readonly BacklogPart[] {
    return this.#backlog.parts
  }

  /** How its messages end by themselves. */
  get ends(): QueueEnds {
    return this.#ends
  }

  /** Whether its limits let so many more messages in, of so many bytes. Not within an atom. */
  hasRoomFor(incoming: Incoming): boolean {
    return hasRoomFor(this, this.#backlog, this.#ends, incoming)
  }

  /** See `PolicySubject`. */
  applyPolicy(policy: EffectivePolicy | undefined): boolean {
    const { mayRefuse: mightRefuse, publishLimit } = this
    this.policy = policy
    this.applySettings(readQueueSettings(this.type, this.arguments, policy?.definition))
    return this.mayRefuse !== mightRefuse || this.publishLimit !== publishLimit
  }

  /**
   * Acts on other settings from now on. What follows for messages that wait (a time to live, a lower
   * limit) is done at the end of the turn; a time without use begins again when it has changed.
   */
  applySettings(settings: QueueSettings): void {
    const { expiresMs } = this.settings
    this.settings = settings
    this.mayRefuse = mayRefuse(settings)
    setProfile(this.#backlog, this.settings.profile)
    this.#limitPublishers()
    this.presentIds = presentIdsFor(this, this.presentIds, this.#backlog, this.#context)
    this.#countSizes()
    this.#sizeCounts?.begin()
    this.#ends.onSettings()
    if (settings.expiresMs === expiresMs) return
    this.#idleTimer?.stop()
    this.#idleTimer = this.#openIdleTimer()
  }

  #limitPublishers(): void {
    const before = this.publishLimit
    this.publishLimit = limitFor(this.#context, this.settings.publishRate, before)
    if (this.publishLimit !== before) before?.lift()
  }

  /** A message was refused because the queue is full. Within an atom. */
  onRefused(source: RecordSource): void {
    if (this.settings.overflow !== 'reject-publish-dlx') return
    this.#context.deadLetter(this, viewOfSource(source), 'maxlen')
  }

  /** Appends one message; its body may already be among the group's shared ones. Within an atom. */
  publish(source: RecordSource, sharedPosition: number): void {
    if (this.isForPresent && this.consumerCount === 0 && !isSourcePersistent(source)) return
    if (this.presentIds === undefined) this.#append(source, sharedPosition)
    else this.presentIds.admit(source, () => this.#append(source, sharedPosition))
  }

  #append(source: RecordSource, sharedPosition: number): void {
    this.#backlog.append(source, sharedPosition, this.consumerCount > 0)
    this.counters.published++
    this.#dispatch.schedule()
    this.#ends.onAppended(source)
  }

  /**
   * Throws `resource_exhausted` when the queue refuses messages that come as one batch: all or none.
   * Its producer still has them, so they are not dead-lettered. Not within an atom.
   */
  admitBatch(incoming: Incoming): void {
    if (this.mayRefuse && !this.hasRoomFor(incoming)) throw queueFull(this.vhost, this.name)
  }

  /** A batch of messages was appended to the log of `cursors[index]`. Within an atom. */
  onBatchAppended(incoming: Incoming, index: number): void {
    this.#backlog.onBatchAppended(incoming, this.consumerCount > 0, index)
    this.counters.onProduced(incoming.count)
    this.#dispatch.schedule()
    this.#ends.onBatchAppended()
  }

  /** A transaction in the log of `cursors[index]` has ended. */
  onTransactionEnded(index: number, abortedSize: number): void {
    this.#backlog.onTransactionEnded(index, abortedSize)
    this.onReadable()
  }

  /** Throws `access_refused` when the queue has, or would get, an exclusive consumer beside another. */
  addConsumer(sink: DeliverySink, options: ConsumerOptions): Consumer {
    if (!this.#dispatch.admits(options, this.onGone === undefined)) {
      throw queueInExclusiveUse(this.vhost, this.name)
    }
    const consumer = new Consumer(this, sink, options)
    this.#dispatch.add(consumer)
    return consumer
  }

  /** Ends a consumer; what it holds unacked stays so. An auto-delete queue ends with its last one. */
  removeConsumer(consumer: Consumer): void {
    if (consumer.isCancelled) return
    this.#dispatch.remove(consumer)
    this.touch()
    if (this.isAutoDelete && this.consumerCount === 0 && !this.isDeleted) {
      this.#context.onUnused(this)
    }
  }

  replaceConsumer(consumer: Consumer): void {
    this.#dispatch.replace(consumer)
  }

  /** Puts a consumer that may have room in line, behind those of its priority. */
  listConsumer(consumer: Consumer): void {
    this.#dispatch.enlist(consumer)
  }

  /**
   * Delivers what consumers with room can have by now. A message reaches a ready consumer before
   * anything else looks at the queue, so this comes before each look. Not within an atom.
   */
  deliverReady(): void {
    this.#dispatch.deliverReady()
  }

  /** Ends the delivery of the message at `offset`. */
  settle(offset: number, reason: SettleReason, counts?: ConsumedCounts): void {
    if (this.isDeleted) return
    this.#context.watch.observer?.onSettled(this, offset, reason)
    if (reason === 'ack') {
      this.#ends.remove(offset)
      this.counters.acked++
      if (counts !== undefined) this.counters.onAckedByOther(counts)
    } else if (reason === 'reject') {
      this.#ends.reject(offset)
    } else {
      this.#ends.takeBack(offset, reason)
      this.#dispatch.schedule()
      this.#ends.look()
    }
  }

  /** How often the message at `offset` came back, where that is counted. */
  returnCountOf(offset: number): number {
    return this.#ends.returnCountOf(offset)
  }

  /** Takes the next ready message for a delivery; what has expired, or may not go out yet, goes meanwhile. */
  takeReady(view: RecordView): TakeResult {
    const ends = this.#ends
    if (ends.holdsTooMany || this.pausedAt > 0) return 'empty'
    for (let count = 0; count < brokerLimits.dispatchPerTurnMax; count++) {
      const result = this.#backlog.take(view)
      if (result !== 'record' || ends.mayGoOut(view)) return result
    }
    ends.look()
    this.#dispatch.schedule()
    return 'wait'
  }

  /**
   * Takes the next ready message into `view` for `basic.get` and its like: it is unacked until it is
   * settled, or `drop` was called for one that nobody acks. On 'wait' try again when `whenReadable`
   * calls back. Not within an atom. Throws `resource_locked` for a quorum queue with a single active
   * consumer, where nobody else may take messages.
   */
  take(view: RecordView, isNoAck = false): TakeResult {
    if (this.settings.hasSingleActiveConsumer && this.type === 'quorum') throw takenBesides(this)
    this.deliverReady()
    this.touch()
    const result = this.takeReady(view)
    const { counters } = this
    if (result === 'empty') counters.gotEmpty++
    if (result !== 'record') return result
    if (isNoAck) counters.gotNoAck++
    else counters.got++
    if (this.isRedelivered) counters.redelivered++
    return result
  }

  /** Ends the delivery of a message that nobody acks. */
  drop(offset: number): void {
    if (!this.isDeleted) this.#ends.remove(offset)
  }

  /** Calls back once, in a turn of its own, when a `take` that had to wait is worth another try. */
  whenReadable(callback: () => void): void {
    this.#waitingTakers ??= new WaitingTakers(this.#context.turn)
    this.#waitingTakers.add(callback)
    if (!this.#backlog.isWaiting) this.#waitingTakers.tell()
  }

  /** Looks once at what was there before the queue was made: what has expired, how much it is. */
  lookAtRestored(): void {
    this.#ends.look()
    this.#sizeCounts?.begin()
  }

  /** Somebody has used the queue: its time without use begins again. */
  touch(): void {
    this.#idleTimer?.touch()
  }

  /** Drops every message that is not unacked and returns how many there were. Within an atom. */
  purge(): number {
    return this.#backlog.purge() + this.#ends.purge()
  }

  /** How many messages `rewind` would make ready again. */
  countRewound(targets: readonly number[]): number {
    return countRewound(this.#backlog, this, targets)
  }

  /**
   * Makes acked messages ready again, from the offset in `targets` on for each of `parts`, or as far as they
   * are kept, and returns how many there are. Within an atom.
   */
  rewind(targets: readonly number[]): number {
    const { store, clock } = this.#context
    this.presentIds?.forgetGone()
    const count = rewindBacklog(this.#backlog, { store, queue: this }, targets)
    this.rewoundAt = clock.now()
    this.#ends.onRewound(this.rewoundAt)
    this.onReadable()
    return count
  }

  /** The broker deletes the queue: all consumers are told, nothing is delivered any more. */
  onDeleted(): void {
    this.isDeleted = true
    this.publishLimit?.lift()
    for (const consumer of this.#dispatch.clear()) consumer.sink.onCancelled(consumer)
    this.#idleTimer?.stop()
    if (this.presentIds !== undefined) this.#context.closePresentIds(this.id)
    this.#ends.close()
    this.#sizeCounts?.close()
    this.#backlog.close()
    this.#waitingTakers?.tell()
    this.onGone?.()
  }

  /** The broker stops in good order: the next one knows what was delivered, and does what is due from now on. */
  prepareToClose(): void {
    this.#idleTimer?.stop()
    this.#ends.stopTimers()
    this.#backlog.settleDeliveredMark()
  }

  /** What had expired before it is gone, and it can be delivered. */
  onHeadStays(): void {
    this.#dispatch.schedule()
    this.#waitingTakers?.tell()
  }

  onReadable(): void {
    this.#ends.look()
    this.onHeadStays()
  }

  onDamaged(offset: number, error: Error): void {
    this.#context.onDamaged(this, offset, error)
  }

  /** Makes a log for the messages of one more priority. Within an atom. */
  openLog(): LogCursor {
    return openLevelLog(this, this.#context.store)
  }

  /** The queue has one more log. Within an atom. */
  onLevelAdded(): void {
    if (this.isDurable) this.#context.onLevelAdded(this)
  }

  #countSizes(): void {
    const isWanted = this.settings.sizeMax !== Infinity
    if (isWanted) this.#sizeCounts ??= this.#openSizeCounts()
    this.#sizeCounts?.setWanted(isWanted)
  }

  #openSizeCounts(): SizeCounts {
    const { store, turn } = this.#context
    const onCounted = (): void => this.#ends.look()
    const rewoundAt = (): number => this.rewoundAt
    return new SizeCounts({ backlog: this.#backlog, store, turn, rewoundAt, onCounted })
  }

  #openIdleTimer(): IdleTimer | undefined {
    return IdleTimer.open(this.settings.expiresMs, {
      clock: this.#context.clock,
      hasConsumers: () => this.consumerCount > 0,
      onExpired: () => this.#context.onUnused(this),
    })
  }
}
