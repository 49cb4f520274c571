// One AMQP connection: bytes in, frames to their channels, one write per turn out.
//
// Lifecycle: header (protocol header) → handshake → running → closing (the server sent
// connection.close and ignores everything but close-ok) → closed. The peer's end of the socket,
// an error or a silent peer lead to closed from anywhere.
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import { noRights, type Rights } from '../../auth/rights.ts'
import type { Destination } from '../../broker/destination.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { TransactionJoin } from '../../broker/transaction/transaction-join.ts'
import type { VHost } from '../../broker/vhost.ts'
import { FrameReader, heartbeatFrame } from '../../codec/amqp/frame.ts'
import {
  type AmqpMethod,
  CHANNEL_CLOSE_OK,
  CHANNEL_OPEN,
  CHANNEL_OPEN_OK,
  CONNECTION_CLOSE,
  CONNECTION_CLOSE_OK,
  CONNECTION_OPEN_OK,
  CONNECTION_UPDATE_SECRET,
  decodeMethod,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
} from '../../codec/amqp/methods.gen.ts'
import type { Timer } from '../../lib/clock.ts'
import { turnPhase, type TurnTask } from '../../lib/turn.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import { clientLimits } from '../../limits/clients.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { ByteSource } from '../byte-source.ts'
import { openFlow } from '../connection-flow.ts'
import type { Arrival } from '../connection-list.ts'
import { endDeaf } from '../end-deaf.ts'
import type { HeldMemory } from '../held-memory.ts'
import { meterPublishes } from '../meter-publishes.ts'
import type { OutputRoom } from '../output-room.ts'
import type { Output } from '../output.ts'
import { type PeerFacts, peerFactsOf } from '../peer-facts.ts'
import type { ReadGate } from '../read-gate.ts'
import type { Sender } from '../send-watch.ts'
import type { WriteHold } from '../write-hold.ts'
import type { AmqpContext } from './amqp-context.ts'
import { BlockedNotice } from './blocked-notice.ts'
import { ChannelTable } from './channel-table.ts'
import { Channel } from './channel.ts'
import { checkChannelLimit } from './check-limits.ts'
import type { ChosenLimits } from './chosen-limits.ts'
import { replyOrTell, tellClosed } from './connection-log.ts'
import type { ClosableChannel, ConfirmingChannel, ConnectionSession } from './connection-session.ts'
import { Credential, type CredentialPeer } from './credential.ts'
import { endForMemory } from './end-for-memory.ts'
import { FirstBytes } from './first-bytes.ts'
import { handleMethod } from './handle-method.ts'
import type { Handover } from './handover.ts'
import { Handshake, type HandshakePeer } from './handshake.ts'
import { Heartbeat, type HeartbeatPeer } from './heartbeat.ts'
import { openConnection } from './open-connection.ts'
import { unexpectedFrame } from './publish-state.ts'
import { ProtocolError, type Reply } from './reply.ts'
import { writeMethod } from './write-method.ts'

export type ConnectionStatus = 'header' | 'handshake' | 'running' | 'closing' | 'closed'

export class Connection
  implements ConnectionSession, CredentialPeer, HandshakePeer, HeartbeatPeer, Sender, TurnTask
{
  readonly context: AmqpContext
  readonly socket: Socket
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  readonly peer: PeerFacts
  readonly hold: WriteHold | undefined
  readonly remoteAddress: string
  status: ConnectionStatus = 'header'
  frameMax: number = amqpLimits.handshakeFrameSizeMax
  /** Undefined until the client has logged in. */
  principal: Principal | undefined
  rights: Rights = noRights
  rate: PublishMeter | undefined
  joins: TransactionJoin | undefined
  /** When bytes were last handed to the socket, by the monotonic clock. */
  sentAt = 0
  readonly blockedNotice: BlockedNotice = new BlockedNotice(this)
  readonly channels: ChannelTable = new ChannelTable()
  /** 0 for none. */
  heartbeatSeconds = 0
  /** Of the last message that has to become durable. */
  lastTicket: Ticket | undefined
  readonly #source: ByteSource
  readonly #onClosed: (connection: Connection) => void
  readonly #reader = new FrameReader(amqpLimits.handshakeFrameSizeMax)
  readonly #firstBytes: FirstBytes
  readonly #handshake: Handshake
  readonly #gate: ReadGate
  readonly #credential: Credential
  readonly #confirmsDue: ConfirmingChannel[] = []
  #vhost: VHost<Destination> | undefined
  #heartbeat: Heartbeat | undefined
  /** When a connection that is not running ends. */
  #deadline: Timer | undefined
  /** Last method on no open channel, for replies to errors. */
  #methodId = 0
  #isFlushScheduled = false
  /** The client wants to close; what it sent before is handled first. */
  #isCloseDue = false

  constructor(arrival: Arrival, context: AmqpContext, onClosed: (connection: Connection) => void) {
    const { socket, source, hold, peer = peerFactsOf(socket) } = arrival
    this.socket = socket
    this.hold = hold
    this.#source = source
    this.context = context
    this.peer = peer
    this.remoteAddress = peer.remoteAddress
    this.#onClosed = onClosed
    this.#firstBytes = new FirstBytes({
      reader: this.#reader,
      socket,
      remoteAddress: this.remoteAddress,
      logger: context.logger,
    })
    this.#handshake = new Handshake(this)
    const flow = openFlow(arrival, {
      context,
      sender: this,
      onRead: () => this.#readFrames(),
      onMemoryNeeded: () => endForMemory(this),
      onRoom: () => this.channels.tellRefused(),
      onSocketEnded: () => this.destroy(),
    })
    this.output = flow.output
    this.outputRoom = flow.outputRoom
    this.held = flow.held
    this.#gate = flow.gate
    this.#credential = new Credential(this, { gate: flow.gate, channels: this.channels })
    source.onBytes = (chunk) => this.#onData(chunk)
    this.endAfter(amqpLimits.handshakeMsMax)
  }

  get vhostName(): string | undefined {
    return this.#vhost?.name
  }

  /** What the client says it is. */
  get clientProperties(): FieldTable {
    return this.#handshake.clientProperties
  }

  /** What the client has logged in by. */
  get mechanism(): string | undefined {
    return this.#handshake.mechanism
  }

  hasCapability(name: string): boolean {
    return this.#handshake.hasCapability(name)
  }

  send(channel: number, method: AmqpMethod): void {
    if (this.status === 'closed') return
    writeMethod(this.output, channel, method)
    this.scheduleFlush()
  }

  scheduleFlush(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.context.turn.schedule(turnPhase.output, this)
  }

  /** A channel has confirms that wait for nothing. */
  scheduleConfirms(channel: ConfirmingChannel): void {
    this.#confirmsDue.push(channel)
    this.scheduleFlush()
  }

  runTurn(): void {
    for (const channel of this.#confirmsDue) channel.onDurable()
    this.#confirmsDue.length = 0
    this.#isFlushScheduled = false
    if (this.status === 'closed') return
    if (!this.output.isEmpty && this.hold?.isHolding !== true)
      this.sentAt = this.context.turn.startedAt
    this.output.flush()
    this.outputRoom.check()
  }

  /** Runs `action` for a channel; what it throws closes the channel or the connection. */
  guard(channel: ClosableChannel, action: () => void): void {
    try {
      action()
    } catch (error) {
      this.onError(error, channel)
    }
  }

  /** The client chose its limits. */
  tune(chosen: ChosenLimits): void {
    this.frameMax = chosen.frameMax
    this.#reader.frameSizeMax = chosen.frameMax
    this.channels.max = chosen.channelMax
    this.heartbeatSeconds = chosen.heartbeat
    if (chosen.heartbeat === 0) return
    this.#heartbeat = new Heartbeat(this, this.context.clock, chosen.heartbeat)
  }

  /** Goes on with a client that was greeted elsewhere; `unread` begins with its connection.open. */
  resume({ principal, limits, ...handover }: Handover, unread: Buffer): void {
    this.principal = principal
    this.#handshake.resume(handover)
    this.status = 'handshake'
    this.tune(limits)
    this.#onData(unread)
  }

  open(virtualHost: string): void {
    const { vhost, rights, joins } = openConnection(this, virtualHost)
    this.#vhost = vhost
    this.rights = rights
    this.joins = joins
    this.rate = meterPublishes(this.context, rights.place, this.#gate)
    this.status = 'running'
    this.#deadline?.stop()
    this.#credential.watch()
    this.send(0, { id: CONNECTION_OPEN_OK })
  }

  /** A quiet moment: memory that only a busy connection needs is given back. */
  sendHeartbeat(): void {
    this.output.trim()
    this.#reader.trim()
    if (this.hold?.isOpen === false) {
      this.hold.pass(heartbeatFrame)
      return
    }
    this.output.appendView(heartbeatFrame)
    this.scheduleFlush()
  }

  onHeartbeatsMissed(): void {
    this.context.logger.info({ remote: this.remoteAddress }, 'Missed heartbeats')
    this.destroy()
  }

  onSendLook(): void {
    this.outputRoom.check()
  }

  onSendTimeout(): void {
    endDeaf(this)
  }

  forgetChannel(forgotten: ClosableChannel): void {
    this.channels.forget(forgotten)
  }

  onUnparked(): void {
    if (this.#isCloseDue) this.#onClose()
    else this.held.resumeIfFew()
  }

  onUnblocked(): void {
    this.blockedNotice.lift()
    this.onUnparked()
  }

  /**
   * Looks at unacked deliveries now and then, because there are too many to look at each: adds up what
   * they take, and closes channels with one that is unacked for too long.
   */
  lookAtUnacked(now: number): void {
    this.held.memory.set('unacked', this.channels.checkAcks(now))
  }

  /** Whether the peer may be silent for reasons of ours: it is not read, or its publishes wait. */
  get isExcusedFromHeartbeats(): boolean {
    return this.#gate.isShut || this.context.broker.shortage.reason !== undefined
  }

  /** Ends the connection and tells the client why, which it understands after its protocol header. */
  closeForReply(reply: Reply, methodId = 0, waitMs: number = amqpLimits.closeMsMax): void {
    if (this.status === 'closing' || this.status === 'closed') return
    // What is held back does not leave any more, so nothing can be said after it.
    if (this.status === 'header' || this.hold?.isHolding === true) {
      this.destroy()
      return
    }
    this.#release()
    this.send(0, {
      id: CONNECTION_CLOSE,
      replyCode: reply.code,
      replyText: reply.text,
      classId: methodId >>> 16,
      methodId: methodId & 0xffff,
    })
    this.status = 'closing'
    this.endAfter(waitMs)
    this.#gate.open()
  }

  /** Ends the connection in `ms`, unless it is opened before; replaces an earlier deadline. */
  endAfter(ms: number): void {
    this.#deadline?.stop()
    this.#deadline = this.context.clock.after(ms, () => this.destroy())
  }

  /** Ends the connection without a word. */
  destroy(): void {
    if (this.status === 'closed') return
    this.#deadline?.stop()
    this.#release()
    this.status = 'closed'
    this.held.close()
    this.rate?.close()
    this.#heartbeat?.stop()
    this.context.sendWatch.forget(this)
    this.socket.destroy()
    this.#onClosed(this)
  }

  #onData(chunk: Buffer): void {
    if (this.status === 'closed') return
    this.#heartbeat?.onReceived()
    this.context.memory.onReceived(chunk.length)
    this.#reader.push(chunk)
    this.#readFrames()
    this.#reader.keepRest()
  }

  #readFrames(): void {
    let untilLook = 0
    while (!this.#gate.isShut && this.status !== 'closed') {
      if (untilLook-- === 0) {
        untilLook = clientLimits.framesPerLook
        if (this.#gate.yieldIfSpent(this.context.frameShare)) break
      }
      try {
        if (!this.#nextFrame()) break
      } catch (error) {
        this.#onStreamError(error)
        return
      }
      this.#onFrame()
    }
    const { lastTicket } = this
    if (this.context.broker.isAheadOfDisk && lastTicket?.isDurable === false) {
      this.#gate.pauseUntilDurable(lastTicket)
    }
  }

  /** Moves to the next frame; before the first one comes the protocol header. */
  #nextFrame(): boolean {
    if (this.status !== 'header') return this.#reader.next()
    const result = this.#firstBytes.read()
    if (result === 'incomplete') return false
    if (result === 'refused') {
      this.destroyAfterFlush()
      this.#stopReading()
      return false
    }
    this.status = 'handshake'
    this.#handshake.start()
    return this.#reader.next()
  }

  #onFrame(): void {
    const number = this.#reader.channel
    const channel = number === 0 ? undefined : this.channels.find(number)
    try {
      if (channel !== undefined && this.status === 'running') channel.onFrame(this.#reader)
      else this.#onOtherFrame(number)
    } catch (error) {
      this.onError(error, channel)
    }
  }

  /** Frames of the connection itself, and of channels that are not open. */
  #onOtherFrame(number: number): void {
    const { type, buffer, start, end } = this.#reader
    if (type === FRAME_HEARTBEAT) return
    if (this.status === 'closing') {
      this.#onFrameWhileClosing(type, buffer, start, end)
      return
    }
    if (number !== 0) {
      this.#onClosedChannel(number)
      return
    }
    if (type !== FRAME_METHOD) throw unexpectedFrame('idle')
    const method = decodeMethod(buffer, start, end)
    this.#methodId = method.id
    if (method.id === CONNECTION_CLOSE) this.#onClose()
    else if (this.status === 'handshake') this.#handshake.onMethod(method)
    else if (method.id === CONNECTION_UPDATE_SECRET) this.#credential.update(method)
    else {
      throw new ProtocolError('channel_error', 'unexpected method in connection state running')
    }
  }

  #onClosedChannel(number: number): void {
    const { type, buffer, start, end } = this.#reader
    const method = type === FRAME_METHOD ? decodeMethod(buffer, start, end) : undefined
    this.#methodId = method?.id ?? 0
    // Both sides closed the channel at the same time: this answers our close.
    if (method?.id === CHANNEL_CLOSE_OK) return
    if (method?.id !== CHANNEL_OPEN || this.#vhost === undefined) {
      throw new ProtocolError('channel_error', "expected 'channel.open'")
    }
    this.channels.expectRoomFor(number)
    if (this.principal !== undefined) checkChannelLimit(this.context, this.principal)
    this.context.admission.admit()
    this.channels.add(new Channel(this, number, this.#vhost, handleMethod))
    this.send(number, { id: CHANNEL_OPEN_OK })
  }

  #onFrameWhileClosing(type: number, buffer: Buffer, start: number, end: number): void {
    if (type !== FRAME_METHOD || this.#reader.channel !== 0) return
    const { id } = decodeMethod(buffer, start, end)
    if (id === CONNECTION_CLOSE_OK) this.destroy()
    else if (id === CONNECTION_CLOSE) this.#onClose()
  }

  #onClose(): void {
    this.#isCloseDue = [...this.channels.all()].some((channel) => channel.isBusy)
    if (this.#isCloseDue) return
    this.#release()
    this.send(0, { id: CONNECTION_CLOSE_OK })
    this.output.flush()
    this.socket.end()
    this.destroyAfterFlush()
  }

  /** Everything was said: the socket closes when the peer has taken it. */
  destroyAfterFlush(): void {
    if (this.status !== 'closing') this.endAfter(amqpLimits.closeMsMax)
    this.status = 'closing'
  }

  /** Closes what the error says: the channel or the connection. */
  onError(error: unknown, channel: ClosableChannel | undefined): void {
    const { logger } = this.context
    const reply = replyOrTell(error, logger)
    const methodId = channel?.methodId ?? this.#methodId
    if (reply.closes === 'channel' && channel !== undefined) {
      tellClosed(this, reply, logger, channel.number)
      channel.close(reply)
    } else {
      tellClosed(this, reply, logger)
      this.closeForReply(reply, methodId)
    }
  }

  /** The stream itself is broken: nothing more can be read from it. */
  #onStreamError(error: unknown): void {
    const reply = replyOrTell(error, this.context.logger)
    tellClosed(this, reply, this.context.logger)
    this.closeForReply(reply)
    this.output.flush()
    this.socket.end()
    this.#stopReading()
  }

  /** Whatever else comes is dropped: the reader cannot go on. */
  #stopReading(): void {
    this.#source.onBytes = () => undefined
    this.socket.resume()
  }

  /** Gives back everything: channels, and the queues that only this connection may use. */
  #release(): void {
    this.#credential.stop()
    for (const channel of this.channels.all()) this.channels.forget(channel)
    this.context.broker.deleteExclusiveQueues(this)
  }
}
