// Follows a message from one exchange to the queues it reaches: through bindings between exchanges
// and, where an exchange has no match, its alternate. Each exchange is asked once, so cycles end,
// and each queue is reached once. A message that asks for a delay goes no further than to an exchange
// that delays: from there it goes on when it is due.
import { delayHeader, delayMsOf } from '../../record/message/delays.ts'
import type { BoundExchange, QueueLike, Target } from './binding.ts'
import type { MessageDelay } from './message-delay.ts'
import type { MessageHistory } from './message-history.ts'
import { type IdNote, readIdNote } from './message-ids.ts'
import type { RoutedMessage } from './routed-message.ts'
import type { TopicSubscriber } from './topic-subscriber.ts'

export interface RouteResult<Q> {
  /** Each queue once. */
  readonly queues: readonly Q[]
  /** Where the message has to wait first. It is unroutable when this and `queues` are empty. */
  readonly delays: readonly MessageDelay[]
  /** Of the exchanges on the way that remember what went through them; undefined for none. */
  readonly histories: readonly MessageHistory[] | undefined
  /** What the exchanges on the way that deduplicate have to note, or know already; undefined for nothing. */
  readonly idNotes: readonly IdNote[] | undefined
  /** Who gets it past all queues; undefined for nobody. */
  readonly subscribers: ReadonlySet<TopicSubscriber> | undefined
  /** Whether the result is only for this message; otherwise it holds for the routing keys. */
  readonly isPerMessage: boolean
}

/** Looks on while a message finds its way. */
export interface RouteWatch<Q extends QueueLike> {
  /** Asked in place of the exchange's own `match`, and answers as that does. */
  match(exchange: BoundExchange<Q>, message: RoutedMessage, reached: Set<Target<Q>>): boolean
  /** Subscribers by topic filters lead to these as well, and so many get it past all queues. */
  onSubscribed(
    exchange: BoundExchange<Q>,
    targets: ReadonlySet<Target<Q>>,
    directCount: number,
  ): void
  /** The exchange knows the message's id: nothing matches. */
  onRepeat(exchange: BoundExchange<Q>): void
  /** The message waits at an exchange and goes no further. */
  onDelayed(exchange: BoundExchange<Q>): void
  /** It goes on to the alternate of an exchange; undefined where that names none that is there. */
  onAlternate(exchange: BoundExchange<Q>, alternate: BoundExchange<Q> | undefined): void
}

const nobody: RouteWatch<never> = {
  match: (exchange, message, reached) => exchange.match(message, reached),
  onSubscribed() {},
  onRepeat() {},
  onDelayed() {},
  onAlternate() {},
}

export const noDelays: readonly MessageDelay[] = []

/** Where a message goes that is at `start`. With a `watch` the same way, but it says what matches. */
export function route<Q extends QueueLike>(
  start: BoundExchange<Q>,
  message: RoutedMessage,
  findExchange: (name: string) => BoundExchange<Q> | undefined,
  watch: RouteWatch<Q> = nobody,
): RouteResult<Q> {
  const queues: Q[] = []
  let delays = noDelays
  let histories: MessageHistory[] | undefined
  let idNotes: IdNote[] | undefined
  const found: FoundSubscribers = { direct: undefined, isPerMessage: false }
  // Grows while it is walked.
  const reached = new Set<Target<Q>>([start.target])
  for (const target of reached) {
    if (target.kind === 'queue') {
      queues.push(target.queue)
      continue
    }
    const { exchange } = target
    if (exchange.isPerMessage) found.isPerMessage = true
    if (exchange.delay !== undefined) {
      found.isPerMessage = true
      if (delayMsOf(message.headers?.get(delayHeader)) > 0) {
        delays = [...delays, exchange.delay]
        watch.onDelayed(exchange)
        continue
      }
    }
    if (exchange.history !== undefined) {
      histories ??= []
      histories.push(exchange.history)
    }
    const note = readIdNote(exchange.ids, message)
    if (note !== undefined) idNotes = [...(idNotes ?? []), note]
    // What it knows goes no further than what nothing matches.
    if (note?.isRepeat === true) watch.onRepeat(exchange)
    else if (matchAll(exchange, message, { reached, found, watch })) continue
    addAlternate(exchange, reached, findExchange, watch)
  }
  const { direct: subscribers, isPerMessage } = found
  return { queues, delays, histories, idNotes, subscribers, isPerMessage }
}

interface FoundSubscribers {
  direct: Set<TopicSubscriber> | undefined
  isPerMessage: boolean
}

interface Matching<Q extends QueueLike> {
  readonly reached: Set<Target<Q>>
  readonly found: FoundSubscribers
  readonly watch: RouteWatch<Q>
}

/** Bindings, and those who subscribe by topic filters; false when nothing matches. */
function matchAll<Q extends QueueLike>(
  exchange: BoundExchange<Q>,
  message: RoutedMessage,
  { reached, found, watch }: Matching<Q>,
): boolean {
  const isMatched = watch.match(exchange, message, reached)
  const { subscribers } = exchange
  if (subscribers === undefined || subscribers.isEmpty) return isMatched
  const targets = new Set<Target<Q>>()
  const matched = { targets, direct: new Set<TopicSubscriber>(), isPerMessage: false }
  subscribers.match(message, matched)
  for (const target of targets) reached.add(target)
  if (matched.isPerMessage) found.isPerMessage = true
  const { direct } = matched
  if (direct.size > 0) {
    found.direct = found.direct === undefined ? direct : new Set([...found.direct, ...direct])
  }
  if (targets.size === 0 && direct.size === 0) return isMatched
  watch.onSubscribed(exchange, targets, direct.size)
  return true
}

function addAlternate<Q extends QueueLike>(
  exchange: BoundExchange<Q>,
  reached: Set<Target<Q>>,
  findExchange: (name: string) => BoundExchange<Q> | undefined,
  watch: RouteWatch<Q>,
): void {
  const name = exchange.alternate
  // The default exchange is none: RabbitMQ asks its bindings, and it has none that are kept.
  const alternate = name === undefined || name === '' ? undefined : findExchange(name)
  if (alternate !== undefined) reached.add(alternate.target)
  watch.onAlternate(exchange, alternate)
}
