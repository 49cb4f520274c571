// A client of AMQP at a node of a cluster, up to connection.open: this node ends TLS, checks who it is and agrees on
// limits with it, then finds out who serves its virtual host and lets go of it.
//
// Lifecycle: header → handshake → routing (connection.open has come, nothing more is read) → handed over, or
// closing → closed.
import type { Socket } from 'node:net'
import type { Principal } from '../../../auth/principal.ts'
import type { MemoryHolder, MemoryShare } from '../../../broker/memory-account.ts'
import { FrameReader, heartbeatFrame } from '../../../codec/amqp/frame.ts'
import {
  type AmqpMethod,
  CONNECTION_CLOSE,
  CONNECTION_CLOSE_OK,
  CONNECTION_OPEN,
  decodeMethod,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
} from '../../../codec/amqp/methods.gen.ts'
import { assert } from '../../../lib/assert.ts'
import type { Timer } from '../../../lib/clock.ts'
import { amqpLimits } from '../../../limits/amqp.ts'
import { edgeLimits } from '../../../limits/link.ts'
import type { ByteSource, Incoming } from '../../byte-source.ts'
import { Output } from '../../output.ts'
import { type PeerFacts, peerFactsOf } from '../../peer-facts.ts'
import type { ChosenLimits } from '../chosen-limits.ts'
import { replyOrTell, tellClosed } from '../connection-log.ts'
import { FirstBytes } from '../first-bytes.ts'
import type { Handover } from '../handover.ts'
import { Handshake, type HandshakePeer } from '../handshake.ts'
import { Heartbeat, type HeartbeatPeer } from '../heartbeat.ts'
import { unexpectedFrame } from '../publish-state.ts'
import { ProtocolError, type Reply } from '../reply.ts'
import { writeMethod } from '../write-method.ts'
import type { EdgeContext } from './edge-context.ts'

type Status = 'header' | 'handshake' | 'routing' | 'closing' | 'closed'

export interface EdgeConnectionOwner {
  /** The client has opened a virtual host: `handOver` or `closeForReply` has to follow. */
  onOpen(connection: EdgeConnection, vhost: string, handover: Handover): void
  /** It is gone, or somebody else's. */
  onClosed(connection: EdgeConnection): void
}

export class EdgeConnection implements HandshakePeer, HeartbeatPeer, MemoryHolder {
  readonly context: EdgeContext
  readonly socket: Socket
  readonly peer: PeerFacts
  readonly remoteAddress: string
  /** Errors are told of it as of every connection; it is in no virtual host yet. */
  readonly vhostName: string | undefined = undefined
  principal: Principal | undefined
  status: Status = 'header'
  sentAt = 0
  readonly #source: ByteSource
  readonly #owner: EdgeConnectionOwner
  readonly #output: Output
  readonly #reader = new FrameReader(amqpLimits.handshakeFrameSizeMax)
  readonly #firstBytes: FirstBytes
  readonly #handshake: Handshake
  readonly #memory: MemoryShare
  #limits: ChosenLimits | undefined
  #heartbeat: Heartbeat | undefined
  #quietMsMax = 0
  #unread: Buffer = Buffer.alloc(0)
  #deadline: Timer | undefined
  #methodId = 0

  constructor({ socket, source }: Incoming, context: EdgeContext, owner: EdgeConnectionOwner) {
    this.socket = socket
    this.#source = source
    this.context = context
    this.#owner = owner
    this.peer = peerFactsOf(socket)
    this.remoteAddress = this.peer.remoteAddress
    this.#output = new Output(socket)
    this.#firstBytes = new FirstBytes({
      reader: this.#reader,
      socket,
      remoteAddress: this.remoteAddress,
      logger: context.logger,
    })
    this.#handshake = new Handshake(this)
    this.#memory = context.memory.open(this)
    source.onBytes = (bytes) => this.#onBytes(bytes)
    socket.on('end', this.#onGone)
    socket.on('error', this.#onGone)
    socket.on('close', this.#onGone)
    this.endAfter(amqpLimits.handshakeMsMax)
  }

  get isExcusedFromHeartbeats(): boolean {
    return this.status === 'routing'
  }

  send(channel: number, method: AmqpMethod): void {
    if (this.status === 'closed') return
    writeMethod(this.#output, channel, method)
    this.#flush()
  }

  sendHeartbeat(): void {
    // While it waits, as few as keep it: amqplib takes one in place of the answer to connection.open for an error.
    const quietMs = this.context.clock.monotonic() - this.sentAt
    if (this.status === 'routing' && quietMs < this.#quietMsMax) return
    this.#output.appendView(heartbeatFrame)
    this.#flush()
  }

  onHeartbeatsMissed(): void {
    this.destroy()
  }

  onMemoryNeeded(): void {
    this.destroy()
  }

  /** The next frame is connection.open, which is small: larger ones are for whoever goes on. */
  tune(limits: ChosenLimits): void {
    this.#limits = limits
    if (limits.heartbeat === 0) return
    // Clients give up after two intervals.
    this.#quietMsMax = limits.heartbeat * 1500
    this.#heartbeat = new Heartbeat(this, this.context.clock, limits.heartbeat)
  }

  open(virtualHost: string): void {
    const { principal } = this
    const { mechanism, clientProperties } = this.#handshake
    assert(
      principal !== undefined && mechanism !== undefined && this.#limits !== undefined,
      'a connection logs in before it is opened',
    )
    this.status = 'routing'
    this.socket.pause()
    this.#unread = this.#reader.takeFromFrame()
    this.#memory.set('input', this.#unread.length)
    this.endAfter(edgeLimits.ownerMsMax + amqpLimits.handshakeMsMax)
    const received = this.socket.bytesRead - this.#unread.length
    this.#owner.onOpen(this, virtualHost, {
      principal,
      mechanism,
      clientProperties,
      limits: this.#limits,
      peer: {
        remoteAddress: this.remoteAddress,
        transport: this.peer.transport,
        tls: this.peer.tls,
        receivedBefore: received,
        sentBefore: this.socket.bytesWritten,
      },
    })
  }

  /** There is no way to its virtual host. Does nothing when it is somebody else's, or gone. */
  refuse(reply: Reply): void {
    if (this.status !== 'routing') return
    tellClosed(this, reply, this.context.logger)
    this.closeForReply(reply, CONNECTION_OPEN)
  }

  /** Lets go of the client, which somebody else reads and writes from now on. Undefined when it is gone. */
  handOver(): (Incoming & { readonly unread: Buffer }) | undefined {
    const { socket } = this
    if (this.status !== 'routing' || socket.destroyed) return undefined
    socket.off('end', this.#onGone)
    socket.off('error', this.#onGone)
    socket.off('close', this.#onGone)
    this.#finish()
    return { socket, source: this.#source, unread: this.#unread }
  }

  closeForReply(reply: Reply, methodId = 0, waitMs: number = amqpLimits.closeMsMax): void {
    if (this.status === 'closing' || this.status === 'closed') return
    if (this.status === 'header') {
      this.destroy()
      return
    }
    this.send(0, {
      id: CONNECTION_CLOSE,
      replyCode: reply.code,
      replyText: reply.text,
      classId: methodId >>> 16,
      methodId: methodId & 0xffff,
    })
    const isRouted = this.status === 'routing'
    this.status = 'closing'
    this.endAfter(waitMs)
    if (!isRouted) return
    // What has been kept for whoever would have gone on is read after all: the answer to this may be in it.
    this.socket.resume()
    this.#reader.push(this.#unread)
    if (this.#reader.next()) this.#readFrames()
  }

  endAfter(ms: number): void {
    this.#deadline?.stop()
    this.#deadline = this.context.clock.after(ms, () => this.destroy())
  }

  destroy(): void {
    if (this.status === 'closed') return
    this.#finish()
    this.socket.destroy()
  }

  readonly #onGone = (): void => this.destroy()

  #finish(): void {
    this.status = 'closed'
    this.#deadline?.stop()
    this.#heartbeat?.stop()
    this.#memory.close()
    this.#owner.onClosed(this)
  }

  #flush(): void {
    this.sentAt = this.context.clock.monotonic()
    this.#output.flush()
  }

  #onBytes(bytes: Buffer): void {
    if (this.status === 'closed') return
    // TLS hands on what it had decrypted before the pause.
    if (this.status === 'routing') {
      this.#unread = Buffer.concat([this.#unread, bytes])
      this.#memory.set('input', this.#unread.length)
      return
    }
    this.#heartbeat?.onReceived()
    this.context.memory.onReceived(bytes.length)
    this.#reader.push(bytes)
    this.#readFrames()
    this.#reader.keepRest()
  }

  #readFrames(): void {
    while (this.status !== 'closed' && this.status !== 'routing') {
      try {
        if (!this.#nextFrame()) return
      } catch (error) {
        this.#onStreamError(error)
        return
      }
      try {
        this.#onFrame()
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  /** Moves to the next frame; before the first one comes the protocol header. */
  #nextFrame(): boolean {
    if (this.status !== 'header') return this.#reader.next()
    const result = this.#firstBytes.read()
    if (result === 'incomplete') return false
    if (result === 'refused') {
      this.#drop()
      return false
    }
    this.status = 'handshake'
    this.#handshake.start()
    return this.#reader.next()
  }

  #onFrame(): void {
    const { type, channel, buffer, start, end } = this.#reader
    if (type === FRAME_HEARTBEAT) return
    const method = type === FRAME_METHOD ? decodeMethod(buffer, start, end) : undefined
    if (this.status === 'closing') {
      if (channel === 0) this.#onMethodWhileClosing(method)
      return
    }
    this.#methodId = method?.id ?? 0
    if (channel !== 0) throw new ProtocolError('channel_error', "expected 'channel.open'")
    if (method === undefined) throw unexpectedFrame('idle')
    if (method.id === CONNECTION_CLOSE) this.#onClose()
    else this.#handshake.onMethod(method)
  }

  #onMethodWhileClosing(method: AmqpMethod | undefined): void {
    if (method?.id === CONNECTION_CLOSE_OK) this.destroy()
    else if (method?.id === CONNECTION_CLOSE) this.#onClose()
  }

  #onClose(): void {
    this.send(0, { id: CONNECTION_CLOSE_OK })
    this.socket.end()
    this.#drop()
  }

  #onError(error: unknown): void {
    const { logger } = this.context
    const reply = replyOrTell(error, logger)
    tellClosed(this, reply, logger)
    this.closeForReply(reply, this.#methodId)
  }

  /** The stream itself is broken: nothing more can be read from it. */
  #onStreamError(error: unknown): void {
    this.#methodId = 0
    this.#onError(error)
    if (this.status === 'closed') return
    this.socket.end()
    this.#drop()
  }

  /** Everything was said. What else comes is dropped, and the socket closes when the client has taken it. */
  #drop(): void {
    this.status = 'closing'
    this.#source.onBytes = ignore
    this.socket.resume()
    this.endAfter(amqpLimits.closeMsMax)
  }
}

function ignore(): void {}
