// One trace: messages that a filter finds are followed from there on, by where they are, through every
// queue that they come to.
import { traceLimits } from '../../limits/trace.ts'
import type { MessageFilter } from '../browse/message-filter.ts'
import type { Party } from './party.ts'
import type { MessageIdentity, TraceEvent } from './trace-event.ts'

/** Why a trace has ended. */
export type TraceEnd = 'time' | 'full' | 'stopped'

export interface TraceFacts {
  readonly id: string
  readonly vhost: string
  /** Who began it. */
  readonly user: string
  /** What it looks for, as it was asked. */
  readonly asked: unknown
  /** In milliseconds since the Unix epoch. */
  readonly startedAt: number
  /** When it ends by itself. */
  readonly endsAt: number
}

/** A message at one of its places. */
export interface Followed {
  readonly message: number
  /** Who has got it last. */
  holder: Party | undefined
  /** Groups that are past it. */
  groups: Set<string> | undefined
}

/** What is told of a message; its place in the order is the trace's to say. */
export type TraceNote = Omit<TraceEvent, 'sequence'>

export class Trace {
  readonly facts: TraceFacts
  readonly events: TraceEvent[] = []
  /** Whether it is one of the messages. */
  readonly filter: MessageFilter
  messageCount = 0
  /** Batches of Kafka that could not be looked into: so many came, or they were gone. */
  unseenBatches = 0
  end: TraceEnd | undefined
  readonly #onEnd: () => void
  readonly #places = new Map<number, Map<number, Followed>>()
  #placeCount = 0
  readonly #byId = new Map<string, number>()
  readonly #listeners = new Set<() => void>()

  constructor(facts: TraceFacts, filter: MessageFilter, onEnd: () => void) {
    this.facts = facts
    this.filter = filter
    this.#onEnd = onEnd
  }

  get isRunning(): boolean {
    return this.end === undefined
  }

  add(note: TraceNote): void {
    if (!this.isRunning) return
    this.events.push({ sequence: this.events.length + 1, ...note })
    if (this.events.length === traceLimits.eventsMax) this.stop('full')
    else this.#tell()
  }

  /** The number of a message that was not followed so far, of one with its id if there is one; 0: no room. */
  numberOf({ messageId }: MessageIdentity): number {
    const known = messageId === undefined ? undefined : this.#byId.get(messageId)
    if (known !== undefined) return known
    if (this.messageCount === traceLimits.messagesMax) {
      this.stop('full')
      return 0
    }
    const number = ++this.messageCount
    if (messageId !== undefined) this.#byId.set(messageId, number)
    return number
  }

  /** Follows a message at one more place. */
  follow(logId: number, offset: number, message: number): Followed {
    const followed: Followed = { message, holder: undefined, groups: undefined }
    let offsets = this.#places.get(logId)
    if (offsets === undefined) this.#places.set(logId, (offsets = new Map()))
    if (!offsets.has(offset) && ++this.#placeCount > traceLimits.placesMax) this.stop('full')
    offsets.set(offset, followed)
    return followed
  }

  find(logId: number, offset: number): Followed | undefined {
    return this.#places.get(logId)?.get(offset)
  }

  /** Those that are followed in a log, in no order. */
  in(logId: number): Iterable<[number, Followed]> {
    return this.#places.get(logId) ?? []
  }

  stop(end: TraceEnd): void {
    if (!this.isRunning) return
    this.end = end
    this.#onEnd()
    this.#tell()
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  /** Calls back when there is one more event and when the trace ends; returns what takes that back. */
  onNews(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
