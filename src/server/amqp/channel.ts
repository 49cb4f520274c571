// One AMQP channel: what frames mean on it, what it has delivered and what it has to confirm.
//
// Lifecycle: open → (waiting: frames are parked until something is durable) → open …
//   → closing (the server sent channel.close; everything but close and close-ok is ignored) → gone.
import { ackTimedOut, BrokerError, unknownDeliveryTag } from '../../broker/broker-error.ts'
import type { ConsumerInfo } from '../../broker/client/channel-info.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { ReplyAddressee } from '../../broker/reply-registry.ts'
import { ack, fail } from '../../broker/settle.ts'
import { type Settle, UnackedDeliveries } from '../../broker/unacked-deliveries.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { FrameReader } from '../../codec/amqp/frame.ts'
import {
  type AmqpMethod,
  BASIC_ACK,
  BASIC_CANCEL,
  BASIC_PUBLISH,
  CHANNEL_CLOSE,
  CHANNEL_CLOSE_OK,
  decodeMethod,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
} from '../../codec/amqp/methods.gen.ts'
import { Fifo } from '../../lib/fifo.ts'
import { turnPhase, type TurnTask } from '../../lib/turn.ts'
import { clientLimits } from '../../limits/clients.ts'
import type { Ticket } from '../../log/ticket.ts'
import { AckDeadline } from '../ack-deadline.ts'
import { DeliveryRoom } from '../delivery-room.ts'
import type { Output } from '../output.ts'
import { ChannelPublisher, type PublishingChannel } from './channel-publisher.ts'
import type { ConnectionSession } from './connection-session.ts'
import { isDeclaration } from './is-declaration.ts'
import { unexpectedFrame } from './publish-state.ts'
import type { Reply } from './reply.ts'
import type { ChannelTransaction } from './transaction.ts'

/** A frame that came while its channel was waiting. */
interface ParkedFrame {
  readonly type: number
  readonly payload: Buffer
}

/** What basic.consume made, by consumer tag. */
export interface ChannelConsumer {
  readonly tag: string
  /** Undefined where nothing is read from a queue. */
  readonly queueName: string | undefined
  /** What lists show of it; undefined as long as its queue has not taken it, and where there is none. */
  readonly info: ConsumerInfo | undefined
  /** Delivers what it may have by now, before its client ends it. */
  deliverReady(): void
  /** The client, or the end of its channel, ends the consumer. */
  cancel(): void
}

/** Handles any method but basic.publish. Throws what `reply.ts` knows. */
export type MethodHandler = (channel: Channel, method: AmqpMethod) => void

const ackArgumentsSize = 4 + 8 + 1

export class Channel implements PublishingChannel, TurnTask {
  readonly number: number
  readonly connection: ConnectionSession
  readonly vhost: VHost<Destination>
  readonly unacked: UnackedDeliveries = new UnackedDeliveries()
  readonly room: DeliveryRoom
  readonly consumers: Map<string, ChannelConsumer> = new Map()
  readonly publisher: ChannelPublisher
  readonly counters: ClientCounters = new ClientCounters()
  state: 'open' | 'closing' | 'gone' = 'open'
  /** Where direct replies go, see broker/reply-registry.ts. */
  replyConsumer: ReplyAddressee | undefined
  /** Set by tx.select. */
  transaction: ChannelTransaction | undefined
  /** Name of the queue declared last: what an empty queue name means. */
  lastQueueName = ''
  /** Prefetch of consumers to come (basic.qos, not global). */
  prefetch = 0
  /** Method being handled, for the replies to errors. */
  methodId = 0

  readonly #handleMethod: MethodHandler
  #lastDeliveryTag = 0
  /** Why frames are parked, while they are. */
  #isWaiting = false
  /** What a waiting channel does first when it goes on. */
  #onResumed: (() => void) | undefined
  readonly #parked = new Fifo<ParkedFrame>()
  readonly #ackDeadline = new AckDeadline()
  /** Consumers that `gatherEnded` has seen end. */
  #endedTags: string[] | undefined

  constructor(
    connection: ConnectionSession,
    number: number,
    vhost: VHost<Destination>,
    handleMethod: MethodHandler,
  ) {
    this.#handleMethod = handleMethod
    this.connection = connection
    this.number = number
    this.vhost = vhost
    this.room = new DeliveryRoom(this.unacked, connection.context.memory)
    this.publisher = new ChannelPublisher(this)
  }

  get channel(): number {
    return this.number
  }

  get output(): Output {
    return this.connection.output
  }

  get frameMax(): number {
    return this.connection.frameMax
  }

  /** Handles the frame that the reader stands at, or parks it. Throws what `reply.ts` knows. */
  onFrame(reader: FrameReader): void {
    if (this.#isHeldUp || this.#parked.size > 0) {
      this.#park(reader)
      return
    }
    this.#handle(reader.type, reader.buffer, reader.start, reader.end)
  }

  /** Sends a method on this channel. */
  send(method: AmqpMethod): void {
    if (this.state !== 'gone') this.connection.send(this.number, method)
  }

  /**
   * Answers once `ticket` is durable; until then the channel waits. At once when there is nothing to
   * wait for. Without a method (no-wait) nothing is answered and nothing waits. Then consumers are
   * told that they have ended (`endedTags`).
   */
  replyWhenDurable(
    ticket: Ticket | undefined,
    method: AmqpMethod | undefined,
    endedTags: readonly string[] = [],
  ): void {
    this.doWhenDurable(method === undefined ? undefined : ticket, () => {
      if (method !== undefined) this.send(method)
      this.#tellEnded(endedTags)
    })
  }

  /**
   * Does `action` once `ticket` is durable; until then the channel waits. At once when there is nothing
   * to wait for. What it throws closes the channel.
   */
  doWhenDurable(ticket: Ticket | undefined, action: () => void): void {
    if (ticket === undefined || ticket.isDurable) {
      action()
      return
    }
    this.wait()
    ticket.whenDurable(() => this.resume(action))
  }

  /** Whether its client is told of consumers that the broker has ended. */
  get tellsEnds(): boolean {
    return this.connection.hasCapability('consumer_cancel_notify')
  }

  /** The broker has ended a consumer: a client that wants to know is told. */
  onConsumerEnded(tag: string): void {
    this.consumers.delete(tag)
    if (!this.tellsEnds) return
    if (this.#endedTags === undefined) this.#tellEnded([tag])
    else this.#endedTags.push(tag)
  }

  /** Does `action`. Consumers of this channel that end with it are returned and not told yet. */
  gatherEnded<T>(action: () => T): { readonly result: T; readonly endedTags: readonly string[] } {
    const endedTags: string[] = []
    this.#endedTags = endedTags
    try {
      return { result: action(), endedTags }
    } finally {
      this.#endedTags = undefined
    }
  }

  #tellEnded(tags: readonly string[]): void {
    for (const consumerTag of tags) this.send({ id: BASIC_CANCEL, consumerTag, noWait: true })
  }

  /** Whether it waits for something, or its intake does. */
  get #isHeldUp(): boolean {
    return this.#isWaiting || this.publisher.intake.isHolding
  }

  /** From now on frames are parked. */
  wait(): void {
    this.#isWaiting = true
  }

  /** Lets the channel wait with `action` until the client has read more of what it was sent. */
  waitForRoom(action: () => void): void {
    this.wait()
    this.connection.outputRoom.whenRoom(() => this.resume(action))
  }

  /**
   * What the channel waited for is there: in a turn of its own it does `first`, then handles what was
   * parked, as far as nothing of it makes the channel wait again. Until then it goes on waiting.
   * Whoever calls may be within an atom, or in the middle of what another connection asked for.
   */
  resume(first: () => void): void {
    this.#onResumed = first
    this.connection.context.turn.schedule(turnPhase.dispatch, this)
  }

  runTurn(): void {
    const first = this.#onResumed
    this.#onResumed = undefined
    this.#isWaiting = false
    if (this.state === 'gone') return
    if (first !== undefined) this.connection.guard(this, first)
    this.goOn()
  }

  /** Handles what was parked, as far as nothing of it makes the channel wait again. In a turn of its own. */
  goOn(): void {
    if (this.state === 'gone') return
    while (!this.#isHeldUp && this.#parked.size > 0) {
      const { type, payload } = this.#parked.shift() as ParkedFrame
      this.connection.held.change('parked', -parkedSizeOf(payload))
      this.connection.guard(this, () => this.#handle(type, payload, 0, payload.length))
    }
    this.connection.onUnparked()
  }

  /** Whether something that came has not been handled yet. */
  get isBusy(): boolean {
    return this.state === 'open' && (this.#isWaiting || this.publisher.intake.isBusy)
  }

  /** The next delivery's tag. */
  nextDeliveryTag(): number {
    return ++this.#lastDeliveryTag
  }

  /** When the oldest unacked delivery was there at the latest, by the monotonic clock; see `checkAcks`. */
  get unackedSince(): number | undefined {
    return this.unacked.count === 0 ? undefined : this.#ackDeadline.oldest
  }

  /** Closes the channel when a delivery has been unacked for too long. To be called now and then. */
  checkAcks(now: number): void {
    if (this.state !== 'open') return
    const timeoutMs = this.#ackDeadline.look(this.unacked, this.#lastDeliveryTag, now)
    if (timeoutMs === undefined) return
    // No method of the client's is to blame.
    this.methodId = 0
    this.connection.onError(ackTimedOut(this.number, timeoutMs), this)
  }

  /** Acks, or drops without requeueing, one delivery or all up to it. */
  settle(tag: number, isMultiple: boolean, settle: Settle): void {
    const { unacked } = this
    const before = unacked.count
    if (tag === 0 && isMultiple) unacked.settleAll(settle)
    else {
      const isKnown = isMultiple ? unacked.settleThrough(tag, settle) : unacked.settle(tag, settle)
      if (!isKnown) throw unknownDeliveryTag(tag)
    }
    if (settle === ack) this.counters.acked += before - unacked.count
    this.room.tellRefused()
  }

  /** Name of the queue that a method means. Throws when it means the last one and there is none. */
  queueName(name: string): string {
    if (name !== '') return name
    if (this.lastQueueName === '') {
      throw new BrokerError('queue_not_found', 'no previously declared queue')
    }
    return this.lastQueueName
  }

  /** Ends the channel because of an error; the client is told. */
  close(reply: Reply): void {
    this.release()
    this.state = 'closing'
    const methodId = this.methodId
    this.connection.send(this.number, {
      id: CHANNEL_CLOSE,
      replyCode: reply.code,
      replyText: reply.text,
      classId: methodId >>> 16,
      methodId: methodId & 0xffff,
    })
  }

  /** Gives back everything the channel holds: consumers end, unacked deliveries are requeued. */
  release(): void {
    if (this.state !== 'open') return
    this.state = 'gone'
    for (const sink of this.consumers.values()) sink.cancel()
    this.consumers.clear()
    this.transaction?.release()
    this.unacked.settleAll(fail)
    this.publisher.release()
  }

  /** The connection has forgotten the channel. */
  onForgotten(): void {
    this.release()
    this.#dropParked()
    this.state = 'gone'
  }

  /** Until the end even a closing channel looks for a close among the frames that wait. */
  #dropParked(): void {
    while (this.#parked.size > 0) {
      const { payload } = this.#parked.shift() as ParkedFrame
      this.connection.held.change('parked', -parkedSizeOf(payload))
    }
  }

  /** Confirms are due. */
  readonly onDurable = (): void => {
    if (this.state === 'open') this.publisher.writeConfirms()
  }

  #handle(type: number, buffer: Buffer, start: number, end: number): void {
    if (this.state !== 'open') {
      this.#handleWhileClosing(type, buffer, start, end)
      return
    }
    switch (type) {
      case FRAME_METHOD:
        this.#onMethod(buffer, start, end)
        return
      case FRAME_HEADER:
        this.methodId = BASIC_PUBLISH
        this.publisher.onHeader(buffer, start, end)
        return
      case FRAME_BODY:
        this.methodId = BASIC_PUBLISH
        this.publisher.onBody(buffer, start, end)
        return
      default:
        throw unexpectedFrame('idle')
    }
  }

  #onMethod(buffer: Buffer, start: number, end: number): void {
    const { publisher } = this
    if (publisher.isReceiving) throw unexpectedFrame(publisher.at)
    const methodId = end - start >= 4 ? buffer.readUInt32BE(start) : 0
    this.methodId = methodId
    if (methodId === BASIC_PUBLISH) publisher.onMethod(buffer, start, end)
    else if (methodId === BASIC_ACK && this.transaction === undefined)
      this.#onAck(buffer, start, end)
    else this.#onRareMethod(buffer, start, end)
  }

  #onRareMethod(buffer: Buffer, start: number, end: number): void {
    const { topology } = this.connection.context.broker
    const method = decodeMethod(buffer, start, end)
    if (!topology.isBehind || !isDeclaration(method)) {
      this.#handleMethod(this, method)
      return
    }
    // Whoever declares faster than that can be kept waits; others, and other channels, do not.
    const payload = Buffer.from(buffer.subarray(start, end))
    this.wait()
    topology.whenCaughtUp(() =>
      this.resume(() => this.#handle(FRAME_METHOD, payload, 0, payload.length)),
    )
  }

  /** basic.ack without an object per message. */
  #onAck(buffer: Buffer, start: number, end: number): void {
    if (end - start !== ackArgumentsSize) {
      this.#handleMethod(this, decodeMethod(buffer, start, end))
      return
    }
    const tag = buffer.readUInt32BE(start + 4) * 0x1_0000_0000 + buffer.readUInt32BE(start + 8)
    this.settle(tag, (buffer[start + 12]! & 1) === 1, ack)
  }

  #handleWhileClosing(type: number, buffer: Buffer, start: number, end: number): void {
    if (type !== FRAME_METHOD) return
    const { id } = decodeMethod(buffer, start, end)
    if (id === CHANNEL_CLOSE) this.connection.send(this.number, { id: CHANNEL_CLOSE_OK })
    if (id === CHANNEL_CLOSE || id === CHANNEL_CLOSE_OK) this.connection.forgetChannel(this)
  }

  #park(reader: FrameReader): void {
    const payload = Buffer.from(reader.buffer.subarray(reader.start, reader.end))
    this.#parked.push({ type: reader.type, payload })
    this.connection.held.change('parked', parkedSizeOf(payload))
  }
}

function parkedSizeOf(payload: Buffer): number {
  return clientLimits.keptFrameSize + payload.length
}
