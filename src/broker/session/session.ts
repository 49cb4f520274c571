// A session: what a client has subscribed to, and what it has been sent and has not done with. It may outlive its
// connections, and the process.
//
// Lifecycle: made or resumed by `VHostSessions.connect` → used by its client → `detach` when the connection ends → resumed,
// or ended. Invariant: a message of QoS 1 or 2 is in the session's queue until the client has it; an id of QoS 2 changes
// in the atom that stores or acks its message.
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { LogWatcher } from '../../log/log.ts'
import type { Ticket } from '../../log/ticket.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { publishQosOf, type Qos } from '../../record/message/published-topic.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { Destination } from '../destination.ts'
import type { QueueTarget } from '../exchange/binding.ts'
import type { DirectMessage } from '../exchange/topic-subscriber.ts'
import type { Consumer, DeliverySink } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import type { Party } from '../trace/party.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { InFlight, packetIdOf, packetIdsMax } from './in-flight.ts'
import { OwnSubscriptions } from './own-subscriptions.ts'
import type { DeliveryFacts, SessionClient, SessionEnd } from './session-client.ts'
import type { PacketIdKind, SessionPlace, SessionRows } from './session-rows.ts'
import type { Will } from './will.ts'

/** Bytes before an exchange's name in an address. */
const nameStart = 1
const dollar = 0x24

/** What a session needs of its virtual host. */
export interface SessionContext {
  readonly store: LogStore
  readonly rows: SessionRows
  /** The queue of the session, made when it is not there. Not within an atom. */
  openQueue(session: Session): { readonly queue: Queue; readonly target: QueueTarget<Destination> }
  /** A message that the session may not have any more; `settle` ends its delivery. */
  giveBack(record: RecordView, isSent: boolean, settle: (reason: SettleReason) => void): void
  /** The queue has gone: so has the session. */
  onQueueGone(session: Session): void
}

export interface SessionOptions extends SessionPlace {
  readonly user: string
  /** How long it outlives its connection, in milliseconds; 0: not at all; Infinity: for ever. */
  readonly expiryMs: number
}

/** A message of its queue that cannot go out yet. */
interface HeldMessage {
  readonly offset: number
  readonly qos: Qos
  /** It can by now. */
  isOver: boolean
}

/** A message of a shared subscription. */
export interface SharedDelivery {
  readonly facts: DeliveryFacts
  readonly isRedelivered: boolean
}

interface Sent extends SharedDelivery {
  readonly packetId: number
}

/** What became of an answer to a message: `unknown` for an id that no message has, `wrong` for one of another QoS. */
export type AckResult = 'done' | 'unknown' | 'wrong'

export class Session implements DeliverySink, LogWatcher {
  readonly vhost: string
  readonly clientId: string
  readonly user: string
  /** It outlives its connection, and always did. */
  readonly isPersistent: boolean
  expiryMs: number
  /** When its connection ended, in milliseconds since the Unix epoch; 0 while it has one. */
  leftAt = 0
  /** When its connection began, in milliseconds since the Unix epoch; 0 for one that has had none in this process. */
  attachedAt = 0
  will: Will | undefined
  /** Some of its subscriptions were taken away from it: what came for them is not sent any more. */
  dropsUnasked = false
  readonly subscriptions: OwnSubscriptions
  readonly inFlight: InFlight = new InFlight()
  isEnded = false
  /** It shares, or has shared, filters with others: some of its messages are theirs as well. */
  hasShared = false
  readonly #context: SessionContext
  #hasStarted = false
  readonly #received = new Set<number>()
  #client: SessionClient | undefined
  #receiveMax = 0
  #queue: Queue | undefined
  #target: QueueTarget<Destination> | undefined
  #consumer: Consumer | undefined
  /** Told when there may be room, or the connection is gone. */
  #waiting: (() => void)[] = []
  /** The next message waits: for its id, or to be durable. Undefined: none does. */
  #held: HeldMessage | undefined
  /** By offset, of messages that come again: whatever was subscribed to meanwhile, with this QoS [MQTT-4.4.0-1]. */
  #sentQos: Map<number, Qos> | undefined

  constructor(options: SessionOptions, context: SessionContext) {
    this.vhost = options.vhost
    this.clientId = options.clientId
    this.user = options.user
    this.expiryMs = options.expiryMs
    this.isPersistent = options.expiryMs > 0
    this.#context = context
    this.subscriptions = new OwnSubscriptions()
  }

  get client(): SessionClient | undefined {
    return this.#client
  }

  get party(): Party | undefined {
    return this.#client?.party
  }

  get queue(): Queue | undefined {
    return this.#queue
  }

  get target(): QueueTarget<Destination> | undefined {
    return this.#target
  }

  /** How many more messages may wait in its queue for an answer of the client, or to be sent to it. */
  get room(): number {
    if (this.#client?.canTake() !== true) return 0
    return this.#receiveMax - this.inFlight.size - (this.#queue?.readyCount ?? 0)
  }

  /** Ids of QoS 2 that the client has sent and not released. */
  get receivedIds(): ReadonlySet<number> {
    return this.#received
  }

  /** Its client can be sent messages. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Whether the client may be sent one more message that it has to answer. */
  get hasWindow(): boolean {
    return this.#client !== undefined && this.inFlight.size < this.#receiveMax
  }

  /** Its queue, made when it is needed first: most sessions only publish. Not within an atom. */
  openQueue(): Queue {
    if (this.#queue === undefined) {
      const { queue, target } = this.#context.openQueue(this)
      queue.onGone = () => this.#onQueueGone()
      this.#queue = queue
      this.#target = target
      this.#consume()
    }
    return this.#queue
  }

  /** Puts back what outlived the process. */
  restoreIds(kind: PacketIdKind, packetIds: readonly number[]): void {
    for (const packetId of packetIds) {
      if (kind === 'received') this.#received.add(packetId)
      else {
        const message = { qos: 2, holder: undefined, offset: -1, isReceivedDurably: true } as const
        this.inFlight.add(packetId, { ...message })
      }
    }
  }

  /** A connection has the session from now on: ids that wait to be released come first, then messages. */
  attach(client: SessionClient, receiveMax: number, now: number): void {
    this.#client = client
    this.attachedAt = now
    this.#receiveMax = receiveMax
    this.leftAt = 0
  }

  /** The client was told that it is connected, and can be sent messages. */
  start(): void {
    this.#hasStarted = true
    for (const [packetId, { isReceivedDurably }] of this.inFlight.entries()) {
      if (isReceivedDurably) this.#client?.release(packetId)
    }
    this.#consume()
    this.subscriptions.startMembers()
  }

  /** The connection is gone: what the client has not answered goes back, in order [MQTT-4.4.0-1]. */
  detach(): void {
    this.#queue?.log.removeLooker(this)
    this.#held = undefined
    this.#client = undefined
    this.#hasStarted = false
    for (const resolve of this.#waiting.splice(0)) resolve()
    const own = this.#consumer
    if (own !== undefined) this.#queue?.removeConsumer(own)
    this.#consumer = undefined
    this.subscriptions.stopMembers()
    for (const [packetId, { holder, offset, qos }] of this.inFlight.entries()) {
      if (holder === undefined) continue
      this.inFlight.delete(packetId)
      if (holder === own) this.#noteSent(offset, qos)
      // Of a shared subscription, and the session ends: nobody else may be sent it [MQTT-4.8.2-5].
      holder.settle(offset, qos === 2 && holder !== own ? 'reject' : 'requeue')
    }
  }

  /** Lets the client know that it has no session any more. */
  letGo(reason: SessionEnd): void {
    const client = this.#client
    this.detach()
    client?.onEnded(reason)
  }

  /**
   * There is no will any more, also after a crash: the client has said goodbye, and what it has published before may
   * have to wait [MQTT-3.14.4-3]. Not within an atom.
   */
  dropWill(): void {
    if (this.will === undefined) return
    this.will = undefined
    const { store, rows } = this.#context
    store.beginAtom()
    rows.putWill(this, undefined)
    store.endAtom()
  }

  /** Settled when there may be room again, or the connection is gone. */
  whenRoom(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve))
  }

  /** There may be room for messages again. */
  resume(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
    if (this.#held !== undefined && !this.#isInTheWay(this.#held)) this.#held.isOver = true
    this.#consumer?.resume()
    this.subscriptions.resumeMembers()
  }

  /** Whether the client has sent a message of QoS 2 with this id and not released it. */
  hasReceived(packetId: number): boolean {
    return this.#received.has(packetId)
  }

  /**
   * Throws `resource_exhausted` where rows are to leave room for others, and the client has not released many of its
   * messages.
   */
  admitReceived(): void {
    if (this.isPersistent && this.#received.size >= sessionLimits.receivedIdsFree) {
      this.#context.rows.admit()
    }
  }

  /** A message of QoS 2 came: in the atom that stores it. */
  noteReceived(packetId: number): void {
    this.#received.add(packetId)
    if (this.isPersistent) this.#context.rows.putId(this, 'received', packetId)
  }

  /** The client has released the id: it may use it again once this is durable. Not within an atom. */
  forgetReceived(packetId: number): {
    readonly isKnown: boolean
    readonly ticket: Ticket | undefined
  } {
    if (!this.#received.delete(packetId)) return { isKnown: false, ticket: undefined }
    if (!this.isPersistent) return { isKnown: true, ticket: undefined }
    const { store, rows } = this.#context
    store.beginAtom()
    rows.dropId(this, 'received', packetId)
    return { isKnown: true, ticket: store.endAtom() }
  }

  /** PUBACK. With an error the message is done with as well, and dead-lettered where its queue has that. */
  onPuback(packetId: number, isError: boolean): AckResult {
    const message = this.inFlight.get(packetId)
    if (message === undefined) return 'unknown'
    if (message.qos !== 1) return 'wrong'
    this.inFlight.delete(packetId)
    message.holder?.settle(message.offset, isError ? 'reject' : 'ack')
    this.resume()
    return 'done'
  }

  /** PUBREC: the message is done with, and its id is once it is released. */
  onPubrec(packetId: number, isError: boolean): AckResult {
    const message = this.inFlight.get(packetId)
    if (message === undefined) return 'unknown'
    if (message.qos !== 2) return 'wrong'
    const { holder, offset } = message
    if (isError) {
      this.#finish(packetId)
      holder?.settle(offset, 'reject')
      this.resume()
      return 'done'
    }
    if (holder === undefined) {
      if (message.isReceivedDurably) this.#client?.release(packetId)
      return 'done'
    }
    message.holder = undefined
    this.#settleReceived(packetId, () => holder.settle(offset, 'ack'))
    return 'done'
  }

  /** PUBCOMP. */
  onPubcomp(packetId: number): AckResult {
    const message = this.inFlight.get(packetId)
    if (message === undefined) return 'unknown'
    if (message.qos !== 2 || message.holder !== undefined) return 'wrong'
    this.#finish(packetId)
    this.resume()
    return 'done'
  }

  canTake(): boolean {
    if (this.#held?.isOver === false) return false
    return this.hasWindow && this.#client?.canTake() === true
  }

  /** Whether the next message has to wait; then `onDurable` or `resume` goes on. */
  holds(record: RecordView): boolean {
    const { offset } = record
    if (!this.#isInTheWay({ offset, qos: publishQosOf(record) })) return false
    const message = { offset, qos: this.#factsOf(record).qos, isOver: false }
    if (!this.#isInTheWay(message)) return false
    this.#held = message
    this.#queue?.log.addLooker(this)
    return true
  }

  deliver(consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    this.#held = undefined
    this.#queue?.log.removeLooker(this)
    const facts = this.#factsOf(record)
    this.#sentQos?.delete(record.offset)
    if (this.dropsUnasked && !this.subscriptions.asksFor(record)) {
      const { offset } = record
      this.#context.giveBack(record, isRedelivered, (reason) => consumer.settle(offset, reason))
      return
    }
    this.#send(consumer, record, { packetId: packetIdOf(record.offset), facts, isRedelivered })
  }

  /** More of its queue is durable. */
  onDurable(): void {
    if (this.#held === undefined || this.#isInTheWay(this.#held)) return
    this.#queue?.log.removeLooker(this)
    this.resume()
  }

  /**
   * A message may not go out yet: another one has its id; or, of QoS 2, it is not durable, and after a crash another
   * one would have its id, which the client would take for the same message.
   */
  #isInTheWay({ offset, qos }: Pick<HeldMessage, 'offset' | 'qos'>): boolean {
    if (qos === 0) return false
    if (this.inFlight.get(packetIdOf(offset)) !== undefined) return true
    const log = this.#queue?.log
    return qos === 2 && log?.isVolatile === false && offset >= log.durableEnd
  }

  /** A message of a shared subscription that stays in its group's queue until the client has it. */
  deliverShared(consumer: Consumer, record: RecordView, sent: SharedDelivery): void {
    const facts = { ...sent.facts, qos: Math.min(sent.facts.qos, publishQosOf(record)) as Qos }
    const packetId = facts.qos === 0 ? 0 : this.inFlight.takeFree()
    this.#send(consumer, record, { packetId, facts, isRedelivered: sent.isRedelivered })
  }

  /** A message of QoS 0, or for a subscription of QoS 0. */
  takeDirectly(message: DirectMessage): void {
    if (!this.#hasStarted) return
    this.#client?.deliverDirectly(message, this.subscriptions.directFactsOf(message))
  }

  onSettled(consumer: Consumer): void {
    if (this.canTake()) consumer.resume()
  }

  onCancelled(): void {
    this.#consumer = undefined
  }

  /** Also while its client is away. */
  #onQueueGone(): void {
    this.#queue = undefined
    this.#target = undefined
    if (!this.isEnded) this.#context.onQueueGone(this)
  }

  #consume(): void {
    if (this.#queue === undefined || !this.#hasStarted || this.#consumer !== undefined) return
    this.#consumer = this.#queue.addConsumer(this, {
      tag: this.clientId,
      isNoAck: false,
      isExclusive: false,
      isOwner: true,
      prefetch: 0,
      arguments: emptyTable,
      counts: this.#client?.countsOf(this.#queue.type),
    })
  }

  #send(consumer: Consumer, record: RecordView, { packetId, facts, isRedelivered }: Sent): void {
    const { offset } = record
    const { qos } = facts
    if (qos > 0) {
      this.inFlight.add(packetId, {
        qos: qos as 1 | 2,
        holder: consumer,
        offset,
        isReceivedDurably: false,
      })
    }
    const isSent = this.#client?.deliver({
      ...facts,
      record,
      packetId: qos === 0 ? 0 : packetId,
      isDuplicate: qos > 0 && isRedelivered,
    })
    if (qos > 0 && isSent === true) return
    if (qos > 0) this.inFlight.delete(packetId)
    consumer.settle(offset, isSent === undefined ? 'requeue' : 'ack')
  }

  /** What the session asks for of a message in its queue; where that came from is in its address. */
  #factsOf(record: RecordView): DeliveryFacts {
    const { exchange, granted } = this.#originOf(record)
    const found = granted ?? this.subscriptions.factsFor(record, exchange)
    const sent = this.#sentQos?.get(record.offset)
    if (sent !== undefined) return { ...found, qos: sent }
    const qos = Math.min(found.qos, publishQosOf(record)) as Qos
    return qos === found.qos ? found : { ...found, qos }
  }

  #originOf(record: RecordView): { exchange?: string; granted?: DeliveryFacts | undefined } {
    const { buffer, addressStart } = record
    if (buffer[addressStart + nameStart] !== dollar) {
      return { granted: this.subscriptions.uniform }
    }
    return { exchange: decodeAddress(buffer, addressStart).exchange }
  }

  #noteSent(offset: number, qos: Qos): void {
    this.#sentQos ??= new Map()
    this.#sentQos.set(offset, qos)
    if (this.#sentQos.size <= packetIdsMax) return
    const [oldest] = this.#sentQos.keys()
    if (oldest !== undefined) this.#sentQos.delete(oldest)
  }

  #settleReceived(packetId: number, settle: () => void): void {
    const { store, rows } = this.#context
    store.beginAtom()
    settle()
    if (this.isPersistent) rows.putId(this, 'released', packetId)
    const ticket = store.endAtom()
    const release = (): void => {
      const message = this.inFlight.get(packetId)
      if (message === undefined) return
      message.isReceivedDurably = true
      // A client that has just come back is asked once it has its CONNACK [MQTT-3.2.0-1].
      if (this.#hasStarted) this.#client?.release(packetId)
    }
    if (ticket === undefined || !this.isPersistent) release()
    else ticket.whenDurable(release)
  }

  #finish(packetId: number): void {
    const message = this.inFlight.get(packetId)
    this.inFlight.delete(packetId)
    if (message?.holder !== undefined || !this.isPersistent) return
    const { store, rows } = this.#context
    store.beginAtom()
    rows.dropId(this, 'released', packetId)
    store.endAtom()
  }
}
