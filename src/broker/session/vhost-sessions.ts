// The sessions of one virtual host: who has which, how long each outlives its connection, and what is published when
// its client is gone.
//
// Invariant: a client id has one session and at most one connection [MQTT-3.1.4-3]. What a client was told that its
// session has (its subscriptions, that it is there) is durable once the ticket says so.
import { sessionLimits } from '../../limits/session.ts'
import type { Ticket } from '../../log/ticket.ts'
import { emptyTable, table } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { BrokerError } from '../broker-error.ts'
import type { Broker } from '../broker.ts'
import { checkDeclared } from '../declare-queue.ts'
import type { Destination } from '../destination.ts'
import type { QueueTarget } from '../exchange/binding.ts'
import type { Queue } from '../queue/queue.ts'
import type { VHost } from '../vhost.ts'
import { exactSharesOf, LeavingQueues } from './leaving-queues.ts'
import { deliverRetained } from './retained-delivery.ts'
import { RetainedMessages } from './retained-messages.ts'
import type { SessionClient } from './session-client.ts'
import { retainedQueueName } from './session-queue-names.ts'
import { type KeptSession, type SessionPlace, SessionRows } from './session-rows.ts'
import { SessionTimers } from './session-timers.ts'
import { Session } from './session.ts'
import { SharedGroups } from './shared-groups.ts'
import { SubscriptionIndex } from './subscription-index.ts'
import { type AskedSubscription, Subscriptions } from './subscriptions.ts'
import { WillPublisher } from './will-publisher.ts'
import type { Will } from './will.ts'

export interface ConnectAsked {
  readonly clientId: string
  readonly user: string
  /** What an earlier session of the client id had is not wanted. */
  readonly isCleanStart: boolean
  /** How long the session outlives the connection, in milliseconds; Infinity for ever. */
  readonly expiryMs: number
  readonly will: Will | undefined
  /** Messages of QoS 1 and 2 that may be on their way at once. */
  readonly receiveMax: number
  readonly client: SessionClient
}

export interface Connected {
  readonly session: Session
  /** The session was there before [MQTT-3.2.2-2]. */
  readonly isPresent: boolean
  readonly ticket: Ticket | undefined
}

/** What else a PUBLISH does in the atom that stores its message. */
export interface PublishAsked {
  readonly session: Session
  /** Of a message of QoS 2. */
  readonly receivedId: number | undefined
  readonly topic: string
  /** It takes the place of the retained message of its topic, or takes that away when it is empty. */
  readonly isRetained: boolean
  readonly isEmpty: boolean
}

/** The limits that all virtual hosts share. */
export interface SessionBudget {
  sessions: number
  subscriptions: number
  /** Sessions that have ended because their client did not come back, since the start. */
  expired: number
}

export interface VHostSessionsParts {
  readonly broker: Broker
  readonly vhost: VHost<Destination>
  /** That messages by topic are published to. */
  readonly exchange: string
  /** Whether messages of QoS 0 wait for clients that are away. */
  readonly keepsQos0: boolean
  readonly budget: SessionBudget
}

export class VHostSessions implements Disposable {
  readonly retained: RetainedMessages
  readonly index: SubscriptionIndex = new SubscriptionIndex()
  readonly groups: SharedGroups
  readonly #parts: VHostSessionsParts
  readonly #rows: SessionRows
  readonly #sessions = new Map<string, Session>()
  readonly #subscriptions: Subscriptions
  readonly #wills: WillPublisher
  readonly #leaving: LeavingQueues
  readonly #timers: SessionTimers
  /** The virtual host is gone. */
  #isClosed = false
  /** What wills and times of sessions wait for: wills are for all that are there. */
  readonly #afterRestore: (() => void)[] = []

  constructor(parts: VHostSessionsParts) {
    const { broker, vhost, exchange, budget } = parts
    this.#parts = parts
    this.#rows = new SessionRows(broker.store)
    this.retained = new RetainedMessages({
      store: broker.store,
      clock: broker.clock,
      admission: broker.admission,
      findQueue: () => queueOf(vhost.findQueue(retainedQueueName)),
      openQueue: () => this.#declare(retainedQueueName, true, this).queue,
    })
    this.groups = new SharedGroups({
      vhost: vhost.name,
      store: broker.store,
      rows: this.#rows,
      clock: broker.clock,
      index: this.index,
      isOpen: () => !this.#isClosed,
      onLost: (session, name) => {
        this.unsubscribe(session, [name])
        session.client?.onEnded('deleted')
      },
      findQueue: (name) => queueOf(vhost.findQueue(name)),
      openQueue: (name) => this.#openFor(name, true, this),
      deleteQueue: (queue) => void broker.deleteQueue(queue),
    })
    this.#subscriptions = new Subscriptions({
      store: broker.store,
      rows: this.#rows,
      index: this.index,
      groups: this.groups,
      budget,
      admission: broker.admission,
      checkExchange: () => void vhost.getExchange(exchange),
      onChanged: () => {
        vhost.hangSubscribers(exchange, this.index)
      },
    })
    this.#leaving = new LeavingQueues({
      store: broker.store,
      clock: broker.clock,
      rows: this.#rows,
      groups: this.groups,
      exchange,
      hasQueue: (name) => vhost.findQueue(name) !== undefined,
      deleteQueue: (queue) => void broker.deleteQueue(queue),
    })
    this.#wills = new WillPublisher({
      broker,
      vhost,
      rows: this.#rows,
      retained: this.retained,
    })
    this.#timers = new SessionTimers({
      clock: broker.clock,
      onExpired: (session) => this.#expire(session),
      publishWill: (session) => this.#publishWill(session),
    })
  }

  get all(): ReadonlyMap<string, Session> {
    return this.#sessions
  }

  /**
   * Gives the client its session, or makes it one; another connection that has it is let go. Throws
   * `resource_exhausted`, `memory_exhausted`. Not within an atom.
   */
  connect(asked: ConnectAsked): Connected {
    const { clientId, client, receiveMax, will } = asked
    const before = this.#sessions.get(clientId)
    if (will !== undefined || (before === undefined && asked.expiryMs > 0)) this.#rows.admit()
    if (before !== undefined) this.#takeOver(before, asked)
    const isPresent = before !== undefined && !before.isEnded
    const session = isPresent ? before : this.#create(asked)
    session.expiryMs = asked.expiryMs
    session.will = will
    session.attach(client, receiveMax, this.#parts.broker.clock.now())
    return { session, isPresent, ticket: this.#keep(session) }
  }

  /**
   * The connection of the session is gone, if it still has this one. `expiryMs` is what the client said last of how long
   * its session lasts.
   */
  leave(
    session: Session,
    client: SessionClient,
    {
      sendsWill,
      expiryMs,
    }: { readonly sendsWill: boolean; readonly expiryMs?: number | undefined },
  ): void {
    if (session.client !== client) return
    if (expiryMs !== undefined && session.isPersistent) session.expiryMs = expiryMs
    session.detach()
    if (!sendsWill) session.will = undefined
    this.#afterLeaving(session)
  }

  /** Subscribes, and says of each whether it is a new one. Throws `resource_exhausted`, `memory_exhausted`. */
  subscribe(
    session: Session,
    asked: readonly AskedSubscription[],
  ): { readonly areNew: readonly boolean[]; readonly ticket: Ticket | undefined } {
    return this.#subscriptions.add(session, asked)
  }

  /** Takes subscriptions away that its user may not have any more, and what came for them. */
  forbid(session: Session, texts: readonly string[]): void {
    this.unsubscribe(session, texts)
    session.dropsUnasked = true
  }

  /** Says of each filter whether there was such a subscription. */
  unsubscribe(
    session: Session,
    texts: readonly string[],
  ): { readonly wereThere: readonly boolean[]; readonly ticket: Ticket | undefined } {
    return this.#subscriptions.remove(session, texts)
  }

  /** Sends what is retained for a subscription that was just answered, as its options ask for. */
  sendRetained(session: Session, text: string, isNew: boolean): void {
    const subscription = session.subscriptions.get(text)
    if (subscription === undefined || subscription.share !== undefined) return
    const { retainHandling } = subscription.options
    if (retainHandling === 2 || (retainHandling === 1 && !isNew)) return
    const { store, clock, slices } = this.#parts.broker
    const { retained } = this
    if (retained.count === 0) return
    void slices.run(deliverRetained(session, subscription, { retained, store, clock }))
  }

  /**
   * What is to be done in the atom that stores a message: `RecordSource.companion`. Throws `resource_exhausted`. Not
   * within an atom.
   */
  companionOf({
    session,
    receivedId,
    topic,
    isRetained,
    isEmpty,
  }: PublishAsked): ((source: RecordSource) => void) | undefined {
    if (isRetained && !isEmpty) this.retained.prepare(topic)
    if (receivedId !== undefined) session.admitReceived()
    if (!isRetained && receivedId === undefined) return undefined
    return (source) => {
      if (receivedId !== undefined) session.noteReceived(receivedId)
      if (!isRetained) return
      if (isEmpty) this.retained.clear(topic)
      else this.retained.set(topic, source)
    }
  }

  /** Somebody deletes the session, if there is one; the ticket says when it has gone for good. */
  delete(clientId: string): Ticket | undefined {
    const session = this.#sessions.get(clientId)
    if (session === undefined) return undefined
    session.will = undefined
    session.letGo('deleted')
    return this.#end(session)
  }

  /** Puts back what an earlier process kept. */
  restore(kept: KeptSession): void {
    const { row, will, subscriptions, ids, leaving } = kept
    this.#wills.expect(kept)
    for (const name of leaving) {
      this.#leaving.expect(name)
      this.#afterRestore.push(() => this.#goOnLeaving(kept, name))
    }
    if (row === undefined) {
      // It ended with its connection.
      this.#afterRestore.push(() => will && this.#wills.publish(kept, will))
      return
    }
    const now = this.#parts.broker.clock.now()
    const session = this.#createSession({ ...kept, ...row })
    session.leftAt = row.leftAt === 0 ? now : row.leftAt
    session.will = will
    session.restoreIds('received', ids.received)
    session.restoreIds('released', ids.released)
    this.#subscriptions.restore(session, subscriptions)
    this.#afterRestore.push(() => this.#timers.wait(session))
  }

  /** To be called when all sessions of the virtual host are restored. */
  onRestored(): void {
    this.groups.closeUnexpected()
  }

  /** What has waited for all sessions, and for who may publish wills, goes on. */
  begin(): void {
    this.#wills.begin()
    for (const goOn of this.#afterRestore.splice(0)) goOn()
  }

  /** A queue of the virtual host is about to be deleted. */
  onQueueDeleted(queue: Destination): void {
    if (queue.kind === 'queue') this.retained.onQueueDeleted(queue)
  }

  /** The virtual host is gone: within the atom that deletes it. */
  onVHostDeleted(): void {
    const { broker } = this.#parts
    this.#isClosed = true
    for (const session of this.#sessions.values()) {
      session.isEnded = true
      session.will = undefined
      this.#timers.stop(session)
      this.#subscriptions.forget(session)
      this.#dropRows(session)
      // Nobody else is told anything within an atom.
      broker.clock.atEndOfTurn(() => session.letGo('deleted'))
    }
    this.groups.forget()
    this.#wills.forget()
    this.#parts.budget.sessions -= this.#sessions.size
    this.#sessions.clear()
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#timers[Symbol.dispose]()
    this.retained[Symbol.dispose]()
    this.#wills[Symbol.dispose]()
  }

  #takeOver(session: Session, { isCleanStart, user }: ConnectAsked): void {
    const wasConnected = session.client !== undefined
    if (wasConnected) session.letGo('taken-over')
    this.#timers.stop(session)
    // Nobody gets what somebody else has subscribed to.
    const isResumed = session.isPersistent && !isCleanStart && session.user === user
    const { will } = session
    const isWaiting = isResumed && (!wasConnected || (will?.delayMs ?? 0) > 0)
    if (will !== undefined && !isWaiting) this.#publishWill(session)
    session.will = undefined
    if (!isResumed) this.#end(session)
  }

  #create(asked: ConnectAsked): Session {
    const { budget, broker } = this.#parts
    if (budget.sessions >= sessionLimits.sessionsMax) {
      throw new BrokerError('resource_exhausted', 'there are as many sessions as there may be')
    }
    if (asked.expiryMs > 0) broker.admission.admitDeclaration()
    return this.#createSession(asked)
  }

  #createSession(asked: Pick<ConnectAsked, 'clientId' | 'user' | 'expiryMs'>): Session {
    const { clientId, user, expiryMs } = asked
    const { broker, vhost, budget } = this.#parts
    const session = new Session(
      { vhost: vhost.name, clientId, user, expiryMs },
      {
        store: broker.store,
        rows: this.#rows,
        openQueue: (of) => this.#openQueue(of),
        giveBack: (...asked) => this.#leaving.giveForbidden(...asked),
        onQueueGone: (of) => {
          of.letGo('deleted')
          this.#publishWill(of)
          this.#end(of)
        },
      },
    )
    this.#sessions.set(clientId, session)
    budget.sessions++
    return session
  }

  #openQueue(session: Session): { queue: Queue; target: QueueTarget<Destination> } {
    return this.#openFor(this.#leaving.nameFor(session.clientId), session.isPersistent, session)
  }

  /** A queue of subscribers. */
  #openFor(
    name: string,
    durable: boolean,
    owner: object,
  ): { queue: Queue; target: QueueTarget<Destination> } {
    const opened = this.#declare(name, durable, owner)
    opened.queue.isForPresent = !this.#parts.keepsQos0
    return opened
  }

  /** One that is not durable is its owner's. */
  #declare(
    name: string,
    durable: boolean,
    owner: object,
  ): { queue: Queue; target: QueueTarget<Destination> } {
    const { broker, vhost } = this.#parts
    const base = { name, durable, exclusive: !durable, autoDelete: false, connection: owner }
    const existing = queueOf(vhost.findQueue(name))
    if (existing !== undefined) checkDeclared(vhost, existing, { ...base, arguments: emptyTable })
    // Whatever type other queues of the virtual host have.
    const args = vhost.metadata?.defaultQueueType === undefined ? emptyTable : classic
    const queue = existing ?? broker.declareQueue(vhost, { ...base, arguments: args }).queue
    if (queue.kind !== 'queue') {
      throw new BrokerError('precondition_failed', `'${name}' is a stream and no queue`)
    }
    return { queue, target: vhost.targetOf(queue) }
  }

  #keep(session: Session): Ticket | undefined {
    const { store } = this.#parts.broker
    store.beginAtom()
    const { user, expiryMs, leftAt, will } = session
    let isKept = true
    if (session.isPersistent) isKept = this.#rows.put(session, { user, expiryMs, leftAt })
    isKept = this.#rows.putWill(session, will) && isKept
    const ticket = store.endAtom()
    if (isKept) return ticket
    session.will = undefined
    this.#end(session)
    throw new BrokerError('resource_exhausted', 'the log has no room for the session')
  }

  #afterLeaving(session: Session): void {
    const { broker } = this.#parts
    if (!session.isPersistent || session.expiryMs === 0) {
      if (session.will !== undefined) this.#publishWill(session)
      this.#end(session)
      return
    }
    session.leftAt = broker.clock.now()
    const isDelayed = (session.will?.delayMs ?? 0) > 0
    if (session.will !== undefined && !isDelayed) this.#publishWill(session)
    this.#keepLeft(session)
    this.#timers.wait(session)
  }

  /** Without room for the row the session counts from the next start of the broker on. */
  #keepLeft(session: Session): void {
    const { store } = this.#parts.broker
    const { user, expiryMs, leftAt } = session
    store.beginAtom()
    this.#rows.put(session, { user, expiryMs, leftAt })
    if (session.will === undefined) this.#rows.putWill(session, undefined)
    store.endAtom()
  }

  #expire(session: Session): void {
    this.#parts.budget.expired++
    if (session.will !== undefined) this.#publishWill(session)
    this.#end(session)
  }

  #publishWill(session: Session): void {
    const { will } = session
    session.will = undefined
    if (will !== undefined) this.#wills.publish(session, will)
  }

  #end(session: Session): Ticket | undefined {
    if (session.isEnded) return undefined
    session.isEnded = true
    this.#timers.stop(session)
    session.detach()
    const { queue } = session
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId)
    this.#parts.budget.sessions--
    const { broker } = this.#parts
    const isThere = queue !== undefined && !queue.isDeleted
    const isLeaving = isThere && session.hasShared
    const exact = isLeaving ? exactSharesOf(session.subscriptions) : undefined
    if (isThere && !isLeaving) broker.deleteQueue(queue)
    broker.store.beginAtom()
    this.#subscriptions.forget(session)
    this.#dropRows(session)
    if (isLeaving) this.#rows.putLeaving(session, queue.name)
    const ticket = broker.store.endAtom()
    this.#subscriptions.leaveGroups(session)
    if (isLeaving) this.#leaving.giveBack(session, queue, exact)
    return ticket
  }

  /** An earlier process has not ended it. */
  #goOnLeaving(place: SessionPlace, name: string): void {
    const queue = queueOf(this.#parts.vhost.findQueue(name))
    if (queue === undefined) this.#leaving.finish(place, name)
    else this.#leaving.giveBack(place, queue)
  }

  #dropRows(session: Session): void {
    const rows = this.#rows
    if (session.will === undefined) rows.putWill(session, undefined)
    if (!session.isPersistent) return
    rows.drop(session)
    for (const id of session.receivedIds) rows.dropId(session, 'received', id)
    for (const [id, { holder }] of session.inFlight.entries()) {
      if (holder === undefined) rows.dropId(session, 'released', id)
    }
  }
}

const classic = table({ 'x-queue-type': 'classic' })

function queueOf(found: Destination | undefined): Queue | undefined {
  return found?.kind === 'queue' ? found : undefined
}
