// What leaves the head of a queue by itself: messages that are too old, and those that a length limit
// has no room for. Runs in the dispatch phase; a message that a consumer has room for is delivered first.
import type { Clock } from '../../lib/clock.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { isLate } from '../is-late.ts'
import { Expiry } from './expiry.ts'
import type { QueueBacklog } from './queue-backlog.ts'
import type { QueueSettings } from './queue-settings.ts'

export interface DeparturesOptions {
  readonly backlog: QueueBacklog
  readonly turn: Turn
  readonly clock: Clock
  readonly settings: QueueSettings
  /** The queue may hold messages that nobody has looked at. */
  readonly isRestored: boolean
  /** When the queue was rewound last; 0 for never. */
  readonly rewoundAt: number
  /** Delivers what consumers have room for. */
  readonly deliverReady: () => void
  /** The message, detached from the backlog, leaves for this reason. */
  readonly onDeparture: (offset: number, reason: DeathReason) => void
  /** The head stays after others have left: it may be delivered. */
  readonly onHeadStays: () => void
}

const sharedView = new RecordView()

export class Departures implements TurnTask {
  readonly #options: DeparturesOptions
  readonly #expiry: Expiry
  #settings: QueueSettings
  #isScheduled = false
  #isClosed = false

  constructor(options: DeparturesOptions) {
    const { clock, isRestored, rewoundAt, settings } = options
    const { ends } = options.backlog
    this.#options = options
    this.#settings = settings
    const onDue = (): void => this.schedule()
    this.#expiry = new Expiry(settings.messageTtlMs, {
      clock,
      isRestored,
      rewoundAt,
      ends,
      onDue,
    })
  }

  /** Other settings hold from now on; `schedule` looks at what they make of the head. */
  applySettings(settings: QueueSettings): void {
    this.#settings = settings
    this.#expiry.ttlMs = settings.messageTtlMs ?? Infinity
  }

  /** The queue was rewound at that time; `schedule` looks at what that makes of the head. */
  onRewound(rewoundAt: number): void {
    this.#expiry.onRewound(rewoundAt)
  }

  /** A message came in. */
  onAppended(source: RecordSource): void {
    this.#expiry.onAppended(source)
    if (this.#isOver) this.schedule()
  }

  /** Whether a message that was taken from the head, to be delivered, has expired. */
  isTooOld(record: RecordView, isRedelivered: boolean): boolean {
    if (!this.#expiry.isOn) return false
    // The next one has come to the head, and nobody knows yet when it is due. In a queue whose messages
    // live equally long that is later than any time known, unless the next one has been passed by others.
    const isOrdered = !this.#expiry.hasOwn && this.#options.settings.priorities === undefined
    if (!this.#expiry.isAwake || !isOrdered) this.schedule()
    return this.#expiry.isTooOld(record, isRedelivered)
  }

  /** See `Expiry.nextAt`. */
  get nextExpiryAt(): number {
    return this.#expiry.nextAt
  }

  /** Whether anything in the queue may expire. */
  get mayExpire(): boolean {
    return this.#expiry.isOn
  }

  /** What has expired and is at the head now leaves. Consumers have had what they have room for. */
  expireHead(): void {
    const { backlog, onDeparture } = this.#options
    for (let count = 0; count < brokerLimits.dispatchPerTurnMax; count++) {
      if (backlog.peek(sharedView) !== 'record') return
      if (this.#reasonToLeave(sharedView) !== 'expired') return
      const { offset } = sharedView
      backlog.detachHead(sharedView)
      onDeparture(offset, 'expired')
    }
  }

  /** The queue is gone. */
  close(): void {
    this.#isClosed = true
    this.#expiry.stop()
  }

  /** Looks at the head at the end of this turn's deliveries. */
  schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    this.#options.turn.schedule(turnPhase.dispatch, this)
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.#isClosed) return
    const { backlog, turn, deliverReady, onDeparture, onHeadStays } = this.#options
    deliverReady()
    if (this.#expiry.isOn) this.#expiry.onOffered(backlog.ends)
    for (let count = 1; count <= brokerLimits.dispatchPerTurnMax; count++) {
      // On 'wait' the queue schedules this again once the head can be read.
      if (backlog.peek(sharedView) !== 'record') return
      const reason = this.#reasonToLeave(sharedView)
      if (reason === undefined) {
        onHeadStays()
        return
      }
      const { offset } = sharedView
      backlog.detachHead(sharedView)
      onDeparture(offset, reason)
      if (count % brokerLimits.dispatchBetweenLooks === 0 && isLate(turn)) break
    }
    this.schedule()
  }

  #reasonToLeave(head: RecordView): DeathReason | undefined {
    const expiry = this.#expiry
    if (expiry.isOn) {
      const dueAt = expiry.dueAt(head)
      if (dueAt <= this.#options.clock.now()) return 'expired'
      if (dueAt !== Infinity) expiry.wakeAt(dueAt)
    }
    return this.#isOver ? 'maxlen' : undefined
  }

  get #isOver(): boolean {
    const { backlog } = this.#options
    const settings = this.#settings
    if (settings.overflow !== 'drop-head') return false
    return backlog.waitingCount > settings.lengthMax || backlog.readySize > settings.sizeMax
  }
}
