// One STOMP connection: bytes in, frames to their handlers, one write per turn out.
//
// Lifecycle: login (CONNECT has not been answered) → running → leaving (DISCONNECT: what was sent before is done, and
// frames that come do nothing) → closing (everything was said) → closed. The peer's end of the socket, an error or a
// silent peer lead to closed from anywhere.
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import { FrameError } from '../../codec/stomp/frame-error.ts'
import { FrameReader } from '../../codec/stomp/frame-reader.ts'
import { encodeFrame, heartBeat, type OutgoingFrame } from '../../codec/stomp/write-frame.ts'
import type { Timer } from '../../lib/clock.ts'
import { turnPhase, type TurnTask } from '../../lib/turn.ts'
import { clientLimits } from '../../limits/clients.ts'
import { stompLimits } from '../../limits/stomp.ts'
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
import { warnIfTls } from '../tls-failure.ts'
import { noteEndReason } from '../web-socket-facts.ts'
import type { WriteHold } from '../write-hold.ts'
import { handleFrame } from './handle-frame.ts'
import { type HeartBeatPeer, HeartBeats } from './heart-beats.ts'
import { type LoggedIn, Login } from './login.ts'
import type { SessionConnection } from './session-connection.ts'
import { StompSession } from './session.ts'
import type { StompContext } from './stomp-context.ts'
import { answerTo, type ErrorAnswer, errorFrame, fatalAnswer } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'

export type ConnectionStatus = 'login' | 'running' | 'leaving' | 'closing' | 'closed'

export class StompConnection implements SessionConnection, HeartBeatPeer, Sender, TurnTask {
  readonly context: StompContext
  readonly socket: Socket
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  readonly peer: PeerFacts
  readonly hold: WriteHold | undefined
  readonly remoteAddress: string
  status: ConnectionStatus = 'login'
  /** Undefined until the client has logged in. */
  session: StompSession | undefined
  rate: PublishMeter | undefined
  lastTicket: Ticket | undefined
  /** When bytes were last handed to the socket, by the monotonic clock. */
  sentAt = 0
  /** Whether it publishes. */
  hasPublished = false
  /** How often the client has promised to say something; 0 for never. Undefined until it has logged in. */
  heartBeatSeconds: number | undefined
  readonly login: Login
  readonly #source: ByteSource
  readonly #onClosed: (connection: StompConnection) => void
  readonly #reader = new FrameReader()
  readonly #gate: ReadGate
  readonly #resumption: TurnTask = { runTurn: () => this.#onResumed() }
  #resumed: { readonly action: () => void; readonly receipt: string | undefined } | undefined
  #beats: HeartBeats | undefined
  /** When a connection that is not running ends. */
  #deadline: Timer | undefined
  /** Bytes of a frame on its way in that the connection holds. */
  #inputSize = 0
  #isFlushScheduled = false
  /** Something has come. */
  #hasBegun = false

  constructor(
    arrival: Arrival,
    context: StompContext,
    onClosed: (connection: StompConnection) => void,
  ) {
    const { socket, source, hold, peer = peerFactsOf(socket) } = arrival
    this.socket = socket
    this.hold = hold
    this.#source = source
    this.context = context
    this.peer = peer
    this.remoteAddress = peer.remoteAddress
    this.#onClosed = onClosed
    this.login = new Login(this)
    const flow = openFlow(arrival, {
      context,
      sender: this,
      onRead: () => this.#readFrames(),
      onMemoryNeeded: () => this.#endForMemory(),
      onRoom: () => this.session?.room.tellRefused(),
      onSocketEnded: () => this.destroy(),
    })
    this.output = flow.output
    this.outputRoom = flow.outputRoom
    this.held = flow.held
    this.#gate = flow.gate
    source.onBytes = (chunk) => this.#onData(chunk)
    this.endAfter(stompLimits.loginMsMax)
  }

  get principal(): Principal | undefined {
    return this.login.principal
  }

  send(frame: OutgoingFrame): void {
    if (this.status === 'closed' || this.status === 'closing') return
    const bytes = encodeFrame(frame, this.session?.version ?? '1.2')
    const start = this.output.reserve(bytes.length)
    bytes.copy(this.output.buffer, start)
    this.output.advance(start + bytes.length)
    this.output.answeredSize += bytes.length
    this.scheduleFlush()
  }

  scheduleFlush(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    this.context.turn.schedule(turnPhase.output, this)
  }

  runTurn(): void {
    this.#isFlushScheduled = false
    if (this.status === 'closed') return
    if (!this.output.isEmpty && this.hold?.isHolding !== true) {
      this.sentAt = this.context.turn.startedAt
    }
    this.output.flush()
    this.outputRoom.check()
  }

  /** The client is logged in. What it is sent first is up to the caller. */
  open({ asked, sessionId: id, vhost, rights }: LoggedIn): void {
    const { version, heartBeats } = asked
    this.session = new StompSession(this, { id, version, vhost, rights })
    this.#reader.version = version
    this.#reader.frameSizeMax = this.context.settings.frameSizeMax
    this.rate = meterPublishes(this.context, rights.place, this.#gate)
    this.status = 'running'
    this.#deadline?.stop()
    this.#beats = new HeartBeats(this, this.context.clock, heartBeats)
    this.heartBeatSeconds = heartBeats.fromClientMs / 1000
  }

  /** A quiet moment: memory that only a busy connection needs is given back. */
  sendHeartBeat(): void {
    this.output.trim()
    this.#reader.trim()
    if (this.hold?.isOpen === false) {
      this.hold.pass(heartBeat)
      return
    }
    this.output.appendView(heartBeat)
    this.scheduleFlush()
  }

  onHeartBeatsMissed(): void {
    this.context.logger.info({ remote: this.remoteAddress }, 'Missed heart-beats')
    this.destroy()
  }

  onSendLook(): void {
    this.outputRoom.check()
  }

  onSendTimeout(): void {
    endDeaf(this)
  }

  onPublished(): void {
    this.hasPublished = true
  }

  onUnblocked(): void {
    this.held.resumeIfFew()
  }

  /** Whether it publishes, and publishers have to wait. */
  get isBlocked(): boolean {
    return this.hasPublished && this.context.broker.shortage.reason !== undefined
  }

  /** See `StompSession.checkAcks`. */
  lookAtUnacked(now: number): void {
    if (this.status === 'running')
      this.held.memory.set('unacked', this.session?.checkAcks(now) ?? 0)
  }

  /** Whether the peer may be silent for reasons of ours: it is not read, or its messages wait. */
  get isExcusedFromHeartBeats(): boolean {
    return this.#gate.isShut || this.context.broker.shortage.reason !== undefined
  }

  wait(): void {
    this.#gate.pause(pauseReason.waiting)
  }

  resume(action: () => void, receipt?: string): void {
    this.#resumed = { action, receipt }
    this.context.turn.schedule(turnPhase.dispatch, this.#resumption)
  }

  onHoldingChanged(isHolding: boolean): void {
    if (isHolding) this.#gate.pause(pauseReason.holding)
    else this.#gate.resume(pauseReason.holding)
  }

  leave(): void {
    if (this.status === 'running') this.status = 'leaving'
  }

  onError(error: unknown, receipt?: string): void {
    const { logger } = this.context
    const answer = answerTo(error)
    if (error instanceof FrameError) noteEndReason(this.socket, 'protocol-error')
    if (answer === undefined) logger.error({ err: error }, 'Unexpected error in a STOMP connection')
    this.#tell(answer ?? unexpected, receipt)
  }

  /** Ends the connection and tells the client why. */
  end(answer: ErrorAnswer, waitMs: number = stompLimits.closeMsMax, receipt?: string): void {
    if (this.status === 'closing' || this.status === 'closed') return
    // What is held back does not leave any more, so nothing can be said after it.
    if (this.hold?.isHolding === true) {
      this.destroy()
      return
    }
    this.#release()
    this.send(errorFrame(answer, receipt))
    this.endAfterFlush(waitMs)
  }

  /** Somebody wants it gone, or the broker stops. */
  forceToEnd(reason: string, waitMs?: number): void {
    noteEndReason(this.socket, 'shutting-down')
    this.end(fatalAnswer('connection_forced', reason), waitMs)
  }

  endAfterFlush(waitMs: number = stompLimits.closeMsMax): void {
    if (this.status === 'closing' || this.status === 'closed') return
    this.#release()
    this.status = 'closing'
    this.output.flush()
    this.socket.end()
    this.endAfter(waitMs)
    this.#stopReading()
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
    this.#reader.release()
    this.held.close()
    this.rate?.close()
    this.context.sendWatch.forget(this)
    this.socket.destroy()
    this.#onClosed(this)
  }

  #onData(chunk: Buffer): void {
    if (this.status === 'closed' || this.status === 'closing') return
    if (!this.#hasBegun) this.#onBegun(chunk)
    this.#beats?.onReceived()
    this.context.memory.onReceived(chunk.length)
    this.#reader.push(chunk)
    this.#readFrames()
    this.#reader.keepRest()
  }

  #onBegun(beginning: Buffer): void {
    this.#hasBegun = true
    const { remoteAddress } = this
    warnIfTls(beginning, { remoteAddress, port: 'STOMP' }, this.context.logger)
  }

  #readFrames(): void {
    let untilLook = 0
    while (!this.#gate.isShut && this.#isReading) {
      if (untilLook-- === 0) {
        untilLook = clientLimits.framesPerLook
        if (this.#gate.yieldIfSpent(this.context.frameShare)) break
      }
      try {
        if (!this.#reader.next()) break
      } catch (error) {
        this.onError(error, this.#reader.headers.get('receipt'))
        return
      }
      this.#onFrame(this.#reader)
    }
    if (!this.#isReading) return
    this.#holdInput(this.#reader.heldSize)
    const { lastTicket } = this
    if (this.context.broker.isAheadOfDisk && lastTicket?.isDurable === false) {
      this.#gate.pauseUntilDurable(lastTicket)
    }
  }

  get #isReading(): boolean {
    return this.status === 'login' || this.status === 'running' || this.status === 'leaving'
  }

  #onFrame(frame: StompFrame): void {
    this.#holdInput(0)
    if (this.status === 'leaving') return
    try {
      if (this.session !== undefined && !this.login.isLogin(frame)) handleFrame(this.session, frame)
      else this.login.onFrame(frame)
    } catch (error) {
      this.onError(error, frame.headers.get('receipt'))
    }
  }

  /** What the connection waited for is there. */
  #onResumed(): void {
    const resumed = this.#resumed
    this.#resumed = undefined
    if (!this.#isReading) return
    try {
      resumed?.action()
    } catch (error) {
      this.onError(error, resumed?.receipt)
    }
    this.#gate.resume(pauseReason.waiting)
  }

  /** The frame that is coming in takes so many bytes by now. */
  #holdInput(size: number): void {
    const more = size - this.#inputSize
    if (more === 0) return
    this.#inputSize = size
    this.held.change('input', more)
  }

  #tell(answer: ErrorAnswer, receipt: string | undefined): void {
    const { principal, remoteAddress: remote, session } = this
    const { title, detail } = answer
    const facts = { remote, user: principal?.user, vhost: session?.vhost.name, title, detail }
    if (!answer.isFatal) {
      this.context.logger.debug(facts, 'A STOMP frame was refused')
      this.send(errorFrame(answer, receipt))
      return
    }
    this.context.logger.info(facts, 'Connection closed')
    this.end(answer, stompLimits.closeMsMax, receipt)
  }

  #endForMemory(): void {
    const { logger } = this.context
    logger.warn({ remote: this.remoteAddress }, 'Connection closed: it holds much of the memory')
    const text = 'memory is low, and much of it is held by unfinished messages of this connection'
    this.end(fatalAnswer('resource_error', text))
  }

  /** Whatever else comes is dropped. */
  #stopReading(): void {
    this.#source.onBytes = () => undefined
    this.#gate.open()
    this.socket.resume()
  }

  /** Gives back everything: its session, and the queues that only this connection may use. */
  #release(): void {
    this.#beats?.stop()
    this.login.stop()
    this.session?.release()
    this.#holdInput(0)
    this.context.broker.deleteExclusiveQueues(this)
  }
}

const unexpected: ErrorAnswer = fatalAnswer(
  'internal_error',
  'an unexpected error occurred; the broker log has details',
)
