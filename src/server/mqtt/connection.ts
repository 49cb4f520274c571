// One MQTT connection: bytes in, packets to their handlers, one write per turn out.
//
// Lifecycle: connecting (CONNECT is still to come) → opening (the client logs in, for which it may be asked for AUTH:
// authenticating, and gets its session) → running → closing (everything has been said) → closed. The peer's end of the socket, an error or a client that says nothing lead
// to closed from anywhere. Whatever ends it but a DISCONNECT that says otherwise has its will published.
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { Party } from '../../broker/trace/party.ts'
import { type ConnectPacket, readConnect } from '../../codec/mqtt/connect.ts'
import type { PacketReader } from '../../codec/mqtt/packet-reader.ts'
import type { MqttVersion } from '../../codec/mqtt/packet-type.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Timer } from '../../lib/clock.ts'
import { Deadline } from '../../lib/deadline.ts'
import { connectionName } from '../../lib/transport.ts'
import { turnPhase, type TurnTask } from '../../lib/turn.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { ByteSource } from '../byte-source.ts'
import { openFlow } from '../connection-flow.ts'
import type { Arrival } from '../connection-list.ts'
import { endDeaf } from '../end-deaf.ts'
import type { HeldMemory } from '../held-memory.ts'
import { meterPublishes } from '../meter-publishes.ts'
import type { OutputRoom } from '../output-room.ts'
import type { Output } from '../output.ts'
import { type PeerFacts, peerFactsOf } from '../peer-facts.ts'
import { pauseReason, type ReadGate } from '../read-gate.ts'
import type { Sender } from '../send-watch.ts'
import { noteEndReason } from '../web-socket-facts.ts'
import type { WriteHold } from '../write-hold.ts'
import { Answers } from './answers.ts'
import { connackOf } from './connack-of.ts'
import { MqttDelivery } from './delivery.ts'
import type { EnhancedAuth } from './enhanced-auth.ts'
import { handleEarlyAuth } from './handle-auth.ts'
import { type ConnectingPeer, handleConnect, ticketOf, type Welcome } from './handle-connect.ts'
import { handlePacket } from './handle-packet.ts'
import { KeepAlive, type KeepAlivePeer } from './keep-alive.ts'
import { goodbye, refusal } from './last-packet.ts'
import type { MqttContext } from './mqtt-context.ts'
import { type Failure, failureOrTell } from './mqtt-error.ts'
import type { MqttPlace } from './mqtt-peer.ts'
import type { Leaving, OpenPeer } from './open-peer.ts'
import { PacketInput } from './packet-input.ts'
import { MqttPublisher } from './publisher.ts'
import { IncomingAliases, OutgoingAliases } from './topic-aliases.ts'

export type ConnectionStatus =
  | 'connecting'
  | 'opening'
  | 'authenticating'
  | 'running'
  | 'closing'
  | 'closed'

/** What a client has once it is let in. */
interface Opened {
  readonly place: MqttPlace
  readonly connect: ConnectPacket
  readonly clientId: string
  readonly keepAliveSeconds: number
}

export class MqttConnection implements ConnectingPeer, KeepAlivePeer, OpenPeer, Sender, TurnTask {
  readonly context: MqttContext
  readonly socket: Socket
  readonly peer: PeerFacts
  readonly hold: WriteHold | undefined
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  readonly counters: ClientCounters = new ClientCounters()
  readonly answers: Answers
  status: ConnectionStatus = 'connecting'
  /** Undefined until the client has logged in. */
  principal: Principal | undefined
  auth: EnhancedAuth | undefined
  rate: PublishMeter | undefined
  lastTicket: Ticket | undefined
  /** It has published something since it came. */
  hasPublished = false
  readonly #source: ByteSource
  readonly #onClosed: (connection: MqttConnection) => void
  readonly #input: PacketInput
  readonly #gate: ReadGate
  #opened: Opened | undefined
  #delivery: MqttDelivery | undefined
  #publisher: MqttPublisher | undefined
  #keepAlive: KeepAlive | undefined
  /** When the token expires that the client has logged in with. */
  #expiry: Deadline | undefined
  /** When a connection that is not running ends. */
  #deadline: Timer | undefined
  #isFlushScheduled = false
  #areAnswersDue = false
  /** The client has said goodbye, and what it has published before is not where it belongs yet. */
  #leaving: Leaving | undefined

  constructor(
    arrival: Arrival,
    context: MqttContext,
    onClosed: (connection: MqttConnection) => void,
  ) {
    const { socket, source, hold, peer = peerFactsOf(socket) } = arrival
    this.context = context
    this.socket = socket
    this.hold = hold
    this.peer = peer
    this.#source = source
    this.#onClosed = onClosed
    this.answers = new Answers(this)
    const flow = openFlow(arrival, {
      context,
      sender: this,
      onRead: () => this.#input.read(),
      onMemoryNeeded: () => this.endFor(reasonCode.serverBusy, 'memory is nearly used up'),
      onRoom: () => this.#opened?.place.session.resume(),
      onSocketEnded: () => this.#onSocketEnded(),
    })
    this.output = flow.output
    this.outputRoom = flow.outputRoom
    this.held = flow.held
    this.#gate = flow.gate
    this.#input = new PacketInput(this, flow.gate)
    source.onBytes = (chunk) => this.#onData(chunk)
    this.#endAfter(mqttLimits.connectMsMax)
  }

  get version(): MqttVersion {
    return this.#input.reader.version || 4
  }

  get place(): MqttPlace {
    return this.#known.place
  }

  get delivery(): MqttDelivery {
    return this.#delivery as MqttDelivery
  }

  get publisher(): MqttPublisher {
    this.#publisher ??= this.#createPublisher()
    return this.#publisher
  }

  get wantsReasons(): boolean {
    return this.#opened?.connect.properties.requestProblemInformation !== 0
  }

  get vhostName(): string | undefined {
    return this.#opened?.place.vhost.name
  }

  /** As it was given, or invented; undefined until the client is let in. */
  get clientId(): string | undefined {
    return this.#opened?.clientId
  }

  /** 0 for any. */
  get keepAliveSeconds(): number {
    return this.#opened?.keepAliveSeconds ?? 0
  }

  get subscriptionCount(): number {
    return this.#opened?.place.session.subscriptions.size ?? 0
  }

  get party(): Party {
    return {
      protocol: 'MQTT',
      user: this.principal?.user ?? '',
      connection: connectionName(this.peer.transport),
      clientId: this.clientId,
    }
  }

  /** Nothing is read of it, or its publishes wait. */
  get isExcusedFromKeepAlive(): boolean {
    return this.#gate.isShut || this.context.broker.shortage.reason !== undefined
  }

  get isReading(): boolean {
    return this.#isOpen && this.#leaving === undefined
  }

  onPacket(reader: PacketReader): void {
    if (this.status === 'running') handlePacket(this, reader)
    else if (this.status === 'authenticating') {
      this.status = 'opening'
      this.wait()
      handleEarlyAuth(this, reader)
    } else {
      const connect = readConnect(reader)
      this.status = 'opening'
      handleConnect(this, connect)
    }
  }

  send(packet: Buffer, shorter?: () => Buffer): void {
    if (this.status === 'closed') return
    // [MQTT-3.1.2-24]: what the client does not take is not sent.
    if (packet.length > this.#packetSizeMax) {
      if (shorter !== undefined) this.send(shorter())
      return
    }
    this.output.appendView(packet)
    this.output.answeredSize += packet.length
    this.context.counts.packetsSent++
    this.scheduleFlush()
  }

  scheduleFlush(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.context.turn.schedule(turnPhase.output, this)
  }

  scheduleAnswers(): void {
    this.#areAnswersDue = true
    this.scheduleFlush()
  }

  runTurn(): void {
    this.#isFlushScheduled = false
    if (this.status === 'closed') return
    if (this.#areAnswersDue) {
      this.#areAnswersDue = false
      if (this.status === 'running') this.resume(() => this.answers.write())
    }
    this.output.flush()
    this.outputRoom.check()
  }

  wait(): void {
    this.#gate.pause(pauseReason.waiting)
  }

  awaitAuth(): void {
    this.status = 'authenticating'
    this.#gate.resume(pauseReason.waiting)
  }

  resume(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.onError(error)
    }
  }

  createDelivery({ properties }: ConnectPacket): MqttDelivery {
    const { topicAliasMax } = this.context.settings
    this.#delivery = new MqttDelivery(this, {
      packetSizeMax: properties.packetSizeMax ?? Infinity,
      aliases: new OutgoingAliases(Math.min(properties.topicAliasMax ?? 0, topicAliasMax)),
    })
    return this.#delivery
  }

  welcome(welcome: Welcome): void {
    const { connect, clientId, place, keepAlive: keepAliveSeconds } = welcome
    this.#opened = { connect, clientId, place, keepAliveSeconds }
    this.rate = meterPublishes(this.context, place.rights.place, this.#gate)
    this.#watchToken()
    const ticket = ticketOf(welcome)
    if (ticket === undefined || ticket.isDurable) this.#begin(welcome)
    else ticket.whenDurable(() => this.context.clock.atEndOfTurn(() => this.#begin(welcome)))
  }

  onError(error: unknown): void {
    this.#end(failureOrTell(error, this.context.logger))
  }

  endFor(code: number, text: string): void {
    this.#end({ code, text })
  }

  onPublished(): void {
    this.hasPublished = true
  }

  onUnblocked(): void {
    this.held.resumeIfFew()
  }

  onSendLook(): void {
    this.outputRoom.check()
  }

  onSendTimeout(): void {
    endDeaf(this)
  }

  onKeepAliveMissed(): void {
    this.endFor(reasonCode.keepAliveTimeout, 'nothing was heard for one and a half keep alives')
  }

  trim(): void {
    this.output.trim()
    this.#input.reader.trim()
  }

  leave(leaving: Leaving): void {
    this.#leaving = leaving
    this.auth?.stop()
    // Its client may be back before the rest is done.
    if (!leaving.sendsWill) this.place.session.dropWill()
    this.wait()
    this.#whenIdle(() => {
      if (this.status !== 'running') return
      this.#release()
      if (this.socket.destroyed) this.destroy()
      else this.#endAfterFlush(mqttLimits.closeMsMax)
    })
  }

  get remoteAddress(): string {
    return this.peer.remoteAddress
  }

  /** Ends the connection in so many milliseconds when the client does not: the broker stops. */
  endForStop(text: string): void {
    noteEndReason(this.socket, 'shutting-down')
    const waitMs = mqttLimits.stopCloseMsMax
    if (this.status === 'closing') this.#endAfter(waitMs)
    else this.#end({ code: reasonCode.serverShuttingDown, text }, waitMs)
  }

  /** Ends the connection without a word. */
  destroy(): void {
    if (this.status === 'closed') return
    this.#deadline?.stop()
    this.#release()
    this.status = 'closed'
    this.context.counts.bytesSent += this.socket.bytesWritten
    this.#input.reader.close()
    this.held.close()
    this.rate?.close()
    this.context.sendWatch.forget(this)
    this.socket.destroy()
    this.#onClosed(this)
  }

  /** Largest packet that the client takes. */
  get #packetSizeMax(): number {
    return this.#opened?.connect.properties.packetSizeMax ?? Infinity
  }

  get #known(): Opened {
    return this.#opened as Opened
  }

  #createPublisher(): MqttPublisher {
    const { context, answers, place } = this
    const { settings, toRecord } = context
    const aliases = new IncomingAliases(settings.topicAliasMax)
    return new MqttPublisher(this, { place, answers, aliases, toRecord })
  }

  get #isOpen(): boolean {
    return this.status !== 'closing' && this.status !== 'closed'
  }

  #onData(chunk: Buffer): void {
    if (!this.#isOpen) return
    this.#keepAlive?.onReceived()
    this.#input.take(chunk)
  }

  #begin(welcome: Welcome): void {
    if (this.status !== 'opening') return
    const { clock, settings, system } = this.context
    this.status = 'running'
    this.#deadline?.stop()
    this.#input.reader.packetSizeMax = settings.packetSizeMax
    const { keepAlive } = welcome
    const connack = connackOf(welcome, settings)
    if (connack.length > this.#packetSizeMax) {
      this.destroy()
      return
    }
    if (keepAlive > 0) this.#keepAlive = new KeepAlive(this, clock, keepAlive)
    system.onConnected()
    this.send(connack)
    welcome.place.session.start()
    this.#gate.resume(pauseReason.waiting)
  }

  #watchToken(): void {
    const { users, clock } = this.context
    const ms = this.principal && users.lifetimeMsOf(this.principal)
    if (ms === undefined) return
    this.#expiry = new Deadline(clock, () =>
      this.endFor(reasonCode.maximumConnectTime, 'credential expired'),
    )
    this.#expiry.set(ms)
  }

  /** Whoever has said goodbye may go: what it has published is still done. */
  #onSocketEnded(): void {
    if (this.#leaving === undefined || this.status !== 'running') this.destroy()
  }

  /** What it has published is where it belongs, or will not be. */
  #whenIdle(action: () => void): void {
    if (this.#publisher === undefined) action()
    else this.#publisher.intake.whenIdle(action)
  }

  #end(failure: Failure, waitMs: number = mqttLimits.closeMsMax): void {
    if (!this.#isOpen) return
    this.#tellLog(failure)
    // What is held back does not leave any more, so nothing can be said after it.
    if (this.hold?.isHolding === true) {
      this.destroy()
      return
    }
    const packet =
      this.status === 'running'
        ? goodbye(failure, this.version, this.#packetSizeMax)
        : refusal(failure, this.#input.reader.version)
    this.#release()
    if (packet !== undefined) this.send(packet)
    const isMistake =
      failure.code === reasonCode.malformedPacket || failure.code === reasonCode.protocolError
    if (isMistake) noteEndReason(this.socket, 'protocol-error')
    this.#endAfterFlush(waitMs)
  }

  #tellLog({ code, text }: Failure): void {
    const { principal, vhostName: vhost, clientId } = this
    const facts = { remote: this.remoteAddress, user: principal?.user, vhost, clientId }
    this.context.logger.info({ ...facts, code, reason: text }, 'Connection closed')
  }

  /** Everything was said: the socket closes when the peer has taken it. */
  #endAfterFlush(waitMs: number): void {
    this.status = 'closing'
    this.output.flush()
    this.socket.end()
    this.#endAfter(waitMs)
    // Whatever else comes is dropped.
    this.#source.onBytes = () => undefined
    this.#gate.open()
    this.socket.resume()
  }

  #endAfter(ms: number): void {
    this.#deadline?.stop()
    this.#deadline = this.context.clock.after(ms, () => this.destroy())
  }

  /** Gives back everything; its session waits for the next connection, or ends. */
  #release(): void {
    this.#keepAlive?.stop()
    this.auth?.stop()
    this.#expiry?.clear()
    this.#publisher?.release()
    const opened = this.#opened
    const delivery = this.#delivery
    this.#opened = undefined
    if (opened === undefined || delivery === undefined) return
    const { sessions, session } = opened.place
    const { sendsWill = true, expiryMs } = this.#leaving ?? {}
    sessions.leave(session, delivery, { sendsWill, expiryMs })
  }
}
