// Puts messages into the queues of their routes. After `publish` the field says where the message
// stands: one object per channel instead of a result object per message.
import { logLimits } from '../../limits/log.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Destination } from '../destination.ts'
import type { IdNote } from '../exchange/message-ids.ts'
import type { TopicSubscriber } from '../exchange/topic-subscriber.ts'
import { isRouted, type Route, routeTo } from '../route-cache.ts'
import type { MessageTrail, MessageWatch, PublishCause } from '../trace/message-watch.ts'
import { removeBlindCopies } from './carbon-copies.ts'
import { QueueRoom } from './queue-room.ts'

/** A message and where it goes. */
export interface Publish {
  readonly route: Route
  readonly source: RecordSource
}

/** The same, and which of the queues have no room for it. */
export interface AdmittedPublish extends Publish {
  readonly full: readonly Destination[]
}

export interface PublisherContext {
  readonly store: LogStore
  readonly watch: MessageWatch
}

export class Publisher {
  /** Says when the last message is durable; undefined when nothing of it will be. */
  ticket: Ticket | undefined
  /** Whether a queue had no room for the last message. */
  isRefused = false
  readonly #store: LogStore
  readonly #watch: MessageWatch

  constructor({ store, watch }: PublisherContext) {
    this.#store = store
    this.#watch = watch
  }

  /** Appends the message to every queue of the route that has room, as one atom. */
  publish(asked: Route, source: RecordSource, cause: PublishCause): void {
    const trail = this.#watch.observer?.onPublish(source, asked, cause)
    const route = asked.mayRefuse ? this.#refuse(asked, source, trail) : asked
    this.isRefused = route !== asked
    const isAtom = route.durableCount > 0 || route.idNotes !== undefined
    if (!isAtom && source.companion === undefined) {
      this.ticket = undefined
      append(route, source, -1, trail)
      return
    }
    this.#store.beginAtom()
    append(route, source, this.#share(route, source), trail)
    this.ticket = this.#store.endAtom()
    trail?.onTicket(this.ticket)
  }

  /** Appends within an atom that the caller began (a transaction). */
  publishWithinAtom(route: Route, source: RecordSource, cause: PublishCause): void {
    const trail = this.#watch.observer?.onPublish(source, route, cause)
    append(route, source, this.#share(route, source), trail)
  }

  /** The same for a message that was counted when it came in and has waited since. */
  sendOnWithinAtom(route: Route, source: RecordSource, cause: PublishCause): void {
    const trail = this.#watch.observer?.onPublish(source, route, cause)
    appendTo(route, source, this.#share(route, source), trail)
  }

  /** The same to the queues that have room; those that are full are told. Returns whom to tell of the ticket. */
  publishAdmitted(
    { route, source, full }: AdmittedPublish,
    cause: PublishCause,
  ): MessageTrail | undefined {
    const trail = this.#watch.observer?.onPublish(source, route, cause)
    tellFull(full, source, trail)
    const admitted = without(route, full)
    append(admitted, source, this.#share(admitted, source), trail)
    return trail
  }

  /** The route without the queues that are full, which have been told. */
  #refuse(route: Route, source: RecordSource, trail: MessageTrail | undefined): Route {
    const full = new QueueRoom().admit(route, source)
    if (full.length === 0) return route
    this.#store.beginAtom()
    tellFull(full, source, trail)
    this.#store.endAtom()
    return without(route, full)
  }

  /** A body that several logs need is stored once. */
  #share({ durableCount }: Route, { body, bodyStart, bodyEnd, asideId }: RecordSource): number {
    const isShared =
      durableCount > 1 && bodyEnd - bodyStart >= logLimits.sharedBodySizeMin && asideId === 0
    return isShared ? this.#store.shareBody(body, bodyStart, bodyEnd) : -1
  }
}

/** Ids are not noted: a message that a queue refused comes again. */
function without(route: Route, full: readonly Destination[]): Route {
  if (full.length === 0) return route
  const queues = route.queues.filter((queue) => !full.includes(queue))
  const { hasCopies, delays, histories, exchange, subscribers } = route
  return { ...routeTo({ queues, delays, histories, subscribers }, exchange), hasCopies }
}

/** `sharedPosition` of the body, or -1; `trail` of a message that is followed. */
function append(
  route: Route,
  source: RecordSource,
  sharedPosition: number,
  trail: MessageTrail | undefined,
): void {
  route.exchange.publishedIn++
  source.companion?.(source)
  if (route.delays.length > 0) delay(route, source, sharedPosition, trail)
  appendTo(route, source, sharedPosition, trail)
}

function delay(
  { delays, hasCopies }: Route,
  source: RecordSource,
  sharedPosition: number,
  trail: MessageTrail | undefined,
): void {
  for (const each of delays) each.publish(source, each.isVolatile ? -1 : sharedPosition)
  trail?.onDelayed()
  if (hasCopies) removeBlindCopies(source)
}

function appendTo(
  route: Route,
  source: RecordSource,
  sharedPosition: number,
  trail: MessageTrail | undefined,
): void {
  const { queues, exchange, histories, idNotes, subscribers } = route
  exchange.publishedOut += queues.length
  for (let index = 0; index < queues.length; index++) {
    const queue = queues[index]!
    const position = queue.isVolatile ? -1 : sharedPosition
    if (trail === undefined) queue.publish(source, position)
    else trail.onPut(queue, () => queue.publish(source, position))
  }
  if (histories !== undefined) for (const history of histories) history.add(source)
  if (idNotes !== undefined) noteIds(route, idNotes)
  if (subscribers !== undefined) tellSubscribers(subscribers, route, source)
}

function tellSubscribers(
  subscribers: readonly TopicSubscriber[],
  { exchange }: Route,
  source: RecordSource,
): void {
  exchange.publishedOut += subscribers.length
  const message = { source, shared: undefined }
  for (const subscriber of subscribers) subscriber.takeDirectly(message)
}

function tellFull(
  full: readonly Destination[],
  source: RecordSource,
  trail: MessageTrail | undefined,
): void {
  for (const queue of full) {
    trail?.onRefused(queue)
    queue.onRefused(source)
  }
}

/** The id of a message that goes nowhere is not noted: it may be sent again. */
function noteIds(route: Route, idNotes: readonly IdNote[]): void {
  for (const note of idNotes) {
    if (note.isRepeat || isRouted(route)) note.ids.note(note, route.durableCount > 0)
  }
}
