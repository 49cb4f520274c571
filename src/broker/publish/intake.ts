// Where a client's messages come in: one intake for each AMQP channel, each session, each HTTP client.
// It checks a message, lets it wait while publishers are blocked or a large body is being written,
// routes it and puts it into its queues. The protocol keeps its frames, returns and confirms.
//
// Invariant: every message that `offer` takes is told to the client once, in the order of the offers,
// within the offer or in a turn of its own (`onPublished`, or `onRefused`).
import type { Rights } from '../../auth/rights.ts'
import { Fifo } from '../../lib/fifo.ts'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'
import { logLimits } from '../../limits/log.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import { readPropertyFlags } from '../../record/message/content-header.ts'
import { PROPERTY_REPLY_TO } from '../../record/message/properties.gen.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { ExchangeCounters } from '../counters/exchange-counters.ts'
import type { PublishLimit } from '../rate/publish-limit.ts'
import type { ReplyRegistry } from '../reply-registry.ts'
import { isRouted, type Route } from '../route-cache.ts'
import type { Shortage } from '../shortage.ts'
import type { ClientCause, MessageWatch } from '../trace/message-watch.ts'
import type { WithParty } from '../trace/party.ts'
import type { TransactionJoin } from '../transaction/transaction-join.ts'
import { checkMessage, type PublishingUser } from './check-message.ts'
import { findReplyAddress, replaceReplyTo } from './direct-reply.ts'
import { KeptMessage } from './kept-message.ts'
import { type MessageRouter, prepareFor } from './message-router.ts'
import { type Publish, Publisher } from './publisher.ts'
import { routeTogether } from './route-together.ts'
import type { Settlement } from './settlement.ts'

/** Whoever offers messages. */
export interface IntakeClient extends PublishingUser, WithParty {
  /** Where direct answers to this client go; undefined when it does not consume them. */
  readonly replyAddress: string | undefined
  /** What it may do in its virtual host. */
  readonly rights: Rights
  /**
   * A message is where it belongs: see `Intake.isRouted` and `Intake.ticket`. `source` may be looked
   * at during the call; `note` is that of its offer.
   */
  onPublished(source: RecordSource, note: number): void
  /**
   * A message or a commit that had to wait is refused: with what `offer` would have thrown. `note` is that of the
   * message's offer; undefined for a commit.
   */
  onRefused(error: unknown, note: number | undefined): void
  /** The message has come into a queue with this limit: the client waits while that is in debt. */
  onLimited(limit: PublishLimit, size: number): void
  /**
   * `size` bytes more, or less when it is negative, are held for the client, as `MemoryAccount` counts
   * them: parked, or input while a large body is being written. Messages that were kept for a commit
   * are for the client to count.
   */
  onHeldSize(kind: 'parked' | 'input', size: number): void
  /** What waited has been done, as far as nothing holds it up again. */
  onGoOn(): void
}

/** Says where messages go. */
export type IntakeRouter = Pick<MessageRouter, 'vhostName' | 'checkExchange' | 'permit' | 'route'>

/** What all intakes of a broker share. */
export interface IntakeContext {
  readonly store: LogStore
  readonly turn: Turn
  readonly shortage: Shortage
  readonly replies: ReplyRegistry
  readonly watch: MessageWatch
  /** Publishes and settles as one atom. */
  commit(
    publishes: readonly Publish[],
    settlements: readonly Settlement[],
    cause: ClientCause,
  ): Committed
  /** What takes over commits that belong to a transaction of Kafka. */
  readonly heldWork: WorkHolder | undefined
}

/** Keeps what clients commit until a transaction ends. */
export interface WorkHolder {
  /** Throws `precondition_failed`, `resource_exhausted`; then nothing has happened. */
  hold(
    join: TransactionJoin,
    publishes: readonly Publish[],
    settlements: readonly Settlement[],
    vhost: string,
  ): Committed
}

/** Messages and settlements that become durable together. */
export interface IntakeCommit {
  readonly publishes: readonly KeptMessage[]
  readonly settlements: readonly Settlement[]
  /** The transaction whose end decides about all of it; undefined: it is done at once. */
  readonly into?: TransactionJoin | undefined
  /** Called when all of it is in the queues, but for what full ones refused. */
  readonly onCommitted: (committed: Committed) => void
}

/** What a commit came to. */
export interface Committed {
  /** Says when it is durable; undefined when nothing of it will be. */
  readonly ticket: Ticket | undefined
  /** Whether a queue had no room for one of the messages. */
  readonly isRefused: boolean
}

/** A message, or something that is to be done after the messages before it. */
type Waiting = KeptMessage | (() => void)

export class Intake implements TurnTask {
  /** Says when the last message is durable; undefined when nothing of it will be. */
  ticket: Ticket | undefined
  /** Whether the last message has a queue to go to, or is an answer to somebody who asked. */
  isRouted = false
  /** How many queues the last message was for. */
  routedCount = 0
  /** Whether a queue had no room for the last message, or for one of the last commit. */
  isRefused = false
  /** Counters of the exchange that the last message went to; undefined for an answer. */
  exchange: ExchangeCounters | undefined
  readonly #context: IntakeContext
  readonly #client: IntakeClient
  readonly #router: IntakeRouter
  readonly #publisher: Publisher
  readonly #cause: ClientCause
  /** What came while publishers were blocked or something before it waited. */
  readonly #waiting = new Fifo<Waiting>()
  /** Those that are no messages. */
  #waitingActions = 0
  /** What large bodies are being written for; it is done before everything that waits. */
  #next: Waiting | undefined
  /** Bodies of it that are not written yet. */
  #unwritten: KeptMessage[] = []
  #stopListening: (() => void) | undefined
  #isScheduled = false
  #isReleased = false

  constructor(context: IntakeContext, client: IntakeClient, router: IntakeRouter) {
    this.#context = context
    this.#client = client
    this.#router = router
    this.#cause = { kind: 'client', vhost: router.vhostName, client }
    this.#publisher = new Publisher(context)
  }

  /** Whether something that was offered is not in its queues yet. */
  get isBusy(): boolean {
    return this.#next !== undefined || this.#waiting.size > 0
  }

  /**
   * Whether anything that its client asks for next should wait, in whatever way its protocol has: a
   * large body is being written, or a commit or a close waits. `onGoOn` says when to ask again. Messages
   * may be offered all the same, and wait here.
   */
  get isHolding(): boolean {
    return this.#next !== undefined || this.#waitingActions > 0
  }

  /**
   * Takes a message on. Its address and content header are in the form that AMQP has on the wire, the
   * header has been validated, and all of it need only be good during the call; a body that is to stay
   * where it is has memory of its own (`isBodyOwn`, `pagePool`). `note` is a number that the client
   * gets back with it: AMQP's mandatory bit, MQTT's packet id.
   *
   * 'done': it is in its queues, and `onPublished` has been called. 'waits': that comes later. Throws,
   * having done nothing, what checking and routing throw: `precondition_failed`,
   * `exchange_not_found`, `access_refused`.
   */
  offer(source: RecordSource, note: number): 'done' | 'waits' {
    this.#check(source)
    if (this.#context.shortage.reason !== undefined || this.isBusy) {
      this.#wait(new KeptMessage(source, note, this.#context.store))
      return 'waits'
    }
    if (this.#publish(source, note)) return 'done'
    const message = new KeptMessage(source, note, this.#context.store)
    this.#hold(message, [message])
    return 'waits'
  }

  /**
   * Keeps a message for a later `commit`, having checked it as `offer` does. Throws the same, because a
   * missing exchange is an error now and not at the commit. Whoever does not commit it releases it.
   */
  keep(source: RecordSource, note: number): KeptMessage {
    this.#check(source)
    this.#router.route(source)
    return new KeptMessage(source, note, this.#context.store)
  }

  /**
   * Publishes and settles as one atom, as soon as nothing holds its messages up: those offered before,
   * publishers that are blocked, large bodies. Then every message is told with `onPublished`, and the
   * commit with `onCommitted`. Throws, now or to `onRefused`, what routing throws; then nothing has
   * happened, and the messages are still the caller's to release.
   */
  commit(commit: IntakeCommit): void {
    const isBlocked = this.#context.shortage.reason !== undefined
    if (commit.publishes.length > 0 && (isBlocked || this.isBusy)) {
      this.#wait(() => this.#commit(commit))
    } else {
      this.#commit(commit)
    }
  }

  /**
   * Does `action` when all that was offered before is in its queues: at once, or in a turn of its own;
   * what it throws then goes to `onRefused`. For a client that ends in good order.
   */
  whenIdle(action: () => void): void {
    if (this.isBusy) this.#wait(action)
    else action()
  }

  /** The client is gone: what waits is dropped, and nothing of it was ever confirmed. */
  release(): void {
    this.#isReleased = true
    this.#stopListening?.()
    if (this.#next instanceof KeptMessage) {
      this.#client.onHeldSize('input', -this.#next.size)
      this.#next.release()
    }
    this.#next = undefined
    this.#waitingActions = 0
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!(next instanceof KeptMessage)) continue
      this.#client.onHeldSize('parked', -next.size)
      next.release()
    }
  }

  /** Something that held up what waits is over. */
  runTurn(): void {
    this.#isScheduled = false
    if (this.#isReleased || this.#unwritten.length > 0) return
    const next = this.#next
    this.#next = undefined
    if (next instanceof KeptMessage) this.#client.onHeldSize('input', -next.size)
    if (next !== undefined) this.#attempt(next)
    while (this.#waiting.size > 0 && this.#mayGoOn()) this.#takeWaiting()
    this.#watchShortage()
    this.#client.onGoOn()
  }

  #mayGoOn(): boolean {
    return this.#next === undefined && this.#context.shortage.reason === undefined
  }

  #takeWaiting(): void {
    const first = this.#waiting.shift() as Waiting
    if (first instanceof KeptMessage) {
      const { size } = first
      this.#attempt(first)
      this.#client.onHeldSize('parked', -size)
    } else {
      this.#waitingActions--
      this.#attempt(first)
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#context.turn.schedule(turnPhase.dispatch, this)
  }

  #check(source: RecordSource): void {
    const { rights } = this.#client
    if (!rights.isUnrestricted) this.#router.permit(source, rights)
    const flags = readPropertyFlags(source.header, source.headerStart)
    try {
      checkMessage(source, flags, this.#client)
    } catch (error) {
      // RabbitMQ looks at the exchange first.
      this.#router.checkExchange(source)
      throw error
    }
    if ((flags & PROPERTY_REPLY_TO) !== 0) replaceReplyTo(source, this.#client.replyAddress)
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting)
    if (waiting instanceof KeptMessage) this.#client.onHeldSize('parked', waiting.size)
    else this.#waitingActions++
    this.#watchShortage()
  }

  /** Listens for the end of a shortage as long as something waits. */
  #watchShortage(): void {
    const { shortage } = this.#context
    if (this.#waiting.size === 0) {
      this.#stopListening?.()
      this.#stopListening = undefined
    } else if (shortage.reason !== undefined) {
      this.#stopListening ??= shortage.onChange((isShort) => {
        if (!isShort) this.#schedule()
      })
    }
  }

  /** Large bodies go to files of their own first, one after the other. */
  #hold(next: Waiting, large: KeptMessage[]): void {
    this.#next = next
    if (next instanceof KeptMessage) this.#client.onHeldSize('input', next.size)
    this.#unwritten = large
    this.#writeNext()
  }

  #writeNext(): void {
    this.#unwritten[0]?.writeAside(() => {
      this.#unwritten.shift()
      if (this.#unwritten.length === 0) this.#schedule()
      else if (!this.#isReleased) this.#writeNext()
    })
  }

  /** What it throws is for the client, whose call this is not. */
  #attempt(waiting: Waiting): void {
    try {
      if (waiting instanceof KeptMessage) this.#publishKept(waiting)
      else waiting()
    } catch (error) {
      const message = waiting instanceof KeptMessage ? waiting : undefined
      message?.release()
      this.#client.onRefused(error, message?.note)
    }
  }

  /** The route is found again: a queue may have gone while the message waited. */
  #publishKept(message: KeptMessage): void {
    if (this.#publish(message.source, message.note, message)) message.release()
    else this.#hold(message, [message])
  }

  /** False: its body has to be written first. */
  #publish(source: RecordSource, note: number, kept?: KeptMessage): boolean {
    const answerTo = findReplyAddress(source)
    if (answerTo === undefined) {
      const route = this.#router.route(source)
      if (needsFile(route, source)) return false
      if (route.durableCount === 0) kept?.dropAside()
      prepareFor(route, source)
      this.#publisher.publish(route, source, this.#cause)
      if (route.limits !== undefined) this.#count(route.limits, source)
      this.ticket = this.#publisher.ticket
      this.isRefused = this.#publisher.isRefused
      this.isRouted = isRouted(route)
      this.routedCount = route.queues.length
      this.exchange = route.exchange
    } else {
      this.#answer(answerTo, source)
    }
    this.#client.onPublished(source, note)
    return true
  }

  /** An answer to a direct request: it goes to one client now, or nowhere. */
  #answer(address: string, source: RecordSource): void {
    const target = this.#context.replies.find(address)
    this.#context.watch.observer?.onAnswer(source, this.#cause, target !== undefined)
    target?.deliverReply(source)
    this.ticket = undefined
    this.isRefused = false
    this.isRouted = target !== undefined
    this.routedCount = this.isRouted ? 1 : 0
    this.exchange = undefined
  }

  #count(limits: readonly PublishLimit[], { bodyStart, bodyEnd }: RecordSource): void {
    for (const limit of limits) this.#client.onLimited(limit, bodyEnd - bodyStart)
  }

  #commit(commit: IntakeCommit): void {
    const { publishes, settlements, into, onCommitted } = commit
    // Before anything happens: an exchange may have gone since.
    const sources = publishes.map(({ source }) => source)
    const routes = routeTogether(sources, (source) => this.#router.route(source))
    const large = publishes.filter(({ source }, index) => needsFile(routes[index]!, source))
    if (large.length > 0 && into === undefined) {
      this.#hold(() => this.#commit(commit), large)
      return
    }
    const routed = publishes.map((message, index) => ({ message, route: routes[index] as Route }))
    for (const { message, route } of routed) {
      if (route.durableCount === 0) message.dropAside()
      prepareFor(route, message.source)
    }
    const asked = routed.map(({ message, route }) => ({ route, source: message.source }))
    const committed =
      into === undefined
        ? this.#context.commit(asked, settlements, this.#cause)
        : this.#handOver(into, asked, settlements)
    this.ticket = committed.ticket
    this.isRefused = committed.isRefused
    for (const { message, route } of routed) {
      this.isRouted = isRouted(route)
      this.routedCount = route.queues.length
      this.exchange = route.exchange
      if (route.limits !== undefined) this.#count(route.limits, message.source)
      this.#client.onPublished(message.source, message.note)
      message.release()
    }
    onCommitted(committed)
  }

  #handOver(
    into: TransactionJoin,
    publishes: readonly Publish[],
    settlements: readonly Settlement[],
  ): Committed {
    const { heldWork } = this.#context
    if (heldWork === undefined) throw preconditionFailed('there are no transactions to join')
    return heldWork.hold(into, publishes, settlements, this.#router.vhostName)
  }
}

/** Whether the body is to be in a file of its own and is not yet. */
function needsFile(route: Route, { bodyStart, bodyEnd, asideId }: RecordSource): boolean {
  const isLarge = bodyEnd - bodyStart > logLimits.inlineBodySizeMax
  return isLarge && asideId === 0 && route.durableCount > 0
}
