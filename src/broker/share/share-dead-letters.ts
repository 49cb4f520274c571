// The records that a share group could not process, on their way to where its dead letters go. Each goes in the atom
// that takes it from the group.
import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { DeadLetters } from '../queue/dead-letters.ts'
import type { TakeResult } from '../queue/queue-backlog.ts'
import type { Shortage } from '../shortage.ts'
import type { DeadRecords, ShareDeath } from './dead-records.ts'
import type { DyingPlace } from './dying-place.ts'
import { ShareDeadLetterSender, type ShareSenderContext } from './share-dead-letter-sender.ts'

export interface ShareDeadLettersContext extends ShareSenderContext {
  readonly turn: Turn
  readonly clock: Clock
  readonly shortage: Shortage
  readonly routesVersion: () => number
}

/** Undefined when the group has no place for them. */
export function openShareDeadLetters(
  place: DyingPlace,
  context: ShareDeadLettersContext,
): DeadRecords | undefined {
  return place.settings().deadLetter === undefined
    ? undefined
    : new ShareDeadLetters(place, context)
}

/** The dead records of a group in one partition. */
class ShareDeadLetters implements DeadRecords {
  readonly #place: DyingPlace
  readonly #context: ShareDeadLettersContext
  readonly #letters: DeadLetters
  readonly #deaths = new Map<number, { reason: ShareDeath; deliveryCount: number }>()
  readonly #sender: ShareDeadLetterSender
  #isClosed = false

  constructor(place: DyingPlace, context: ShareDeadLettersContext) {
    this.#place = place
    this.#context = context
    this.#sender = new ShareDeadLetterSender(place, context)
    this.#letters = new DeadLetters({
      ...context,
      backlog: {
        readDetached: (offset, view, onReadable) => this.#read(offset, view, onReadable),
        ackDetached: (offset) => this.#onGone(offset),
      },
      publish: (record) => this.#publish(record),
      onKept: () => undefined,
    })
  }

  add(offset: number, reason: ShareDeath, deliveryCount: number): void {
    this.#deaths.set(offset, { reason, deliveryCount })
    this.#letters.add(offset, reason)
    this.#createTopic()
  }

  whenMoved(callback: () => void): void {
    this.#letters.whenMoved(callback)
  }

  close(): void {
    this.#isClosed = true
    this.#deaths.clear()
    this.#letters.close()
  }

  /** As `Backlog.readDetached`. */
  #read(offset: number, view: RecordView, onReadable: () => void): TakeResult {
    const { log } = this.#place.share.partition
    const reading = log.read(offset, view)
    if (reading === 'record') return view.offset === offset ? 'record' : 'empty'
    if (reading === 'end') return 'empty'
    this.#context.store.load(log, reading, (error) => {
      if (error !== undefined && !this.#isClosed) this.#onGone(offset)
      onReadable()
    })
    return 'wait'
  }

  #onGone(offset: number): void {
    this.#deaths.delete(offset)
    this.#place.share.onMoved(offset)
  }

  /** Always true: what has nowhere to go is told and goes nowhere. Within an atom. */
  #publish(record: RecordView): boolean {
    const death = this.#deaths.get(record.offset)
    if (death !== undefined) this.#sender.send(record, death.reason, death.deliveryCount)
    return true
  }

  /** Atoms do not nest: as soon as this one has ended. */
  #createTopic(): void {
    if (!this.#sender.isTopicMissing) return
    queueMicrotask(() => {
      if (!this.#isClosed) this.#sender.createTopic()
    })
  }
}
