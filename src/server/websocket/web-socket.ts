// A connection of WebSocket as a protocol sees it: a socket to write to and a `ByteSource` to read from, like any other.
// One read of the socket below is one call for the protocol, whatever frames it had; each write is one frame. Nothing is
// kept here: what is not read stays in the system, and a write is done when the socket below has given it to the system.
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { closeCodes, opcodes } from '../../codec/websocket/frame-format.ts'
import { type FrameEnd, FrameReader } from '../../codec/websocket/frame-reader.ts'
import { closeFrame, controlFrame, frameHeader } from '../../codec/websocket/frame-writer.ts'
import type { Clock } from '../../lib/clock.ts'
import { webSocketLimits } from '../../limits/websocket.ts'
import { ByteSource, type Incoming } from '../byte-source.ts'
import { endReasonOf } from '../web-socket-facts.ts'
import { TextFrames } from './text-frames.ts'

export interface WebSocketOptions {
  readonly clock: Clock
  /** Whether clients may send text. */
  readonly takesText: boolean
  /** Whether what is UTF-8 is sent as text. */
  readonly sendsText: boolean
  /** Largest frame, once something was answered. */
  readonly frameSizeMax: number
  /** Whether that holds from the start. */
  readonly isTrusted: boolean
}

type Done = (error?: Error | null) => void

/** Of sockets, what `Duplex` lacks: see `asSocket`. */
export class WebSocket extends Duplex {
  readonly byteSource: ByteSource = new ByteSource()
  readonly #raw: Socket
  readonly #options: WebSocketOptions
  readonly #limits: { readonly takesText: boolean; frameSizeMax: number }
  readonly #reader: FrameReader
  readonly #text: TextFrames | undefined
  /** What came with the request, until it can be read. */
  #head: Buffer | undefined
  #hasSentClose = false
  #isEnding = false
  #isPonging = false
  /** Something has come since the last look. */
  #isHeard = true
  #isPinged = false

  constructor({ socket: raw, source }: Incoming, head: Buffer, options: WebSocketOptions) {
    super({ allowHalfOpen: false })
    this.#raw = raw
    this.#options = options
    const { firstFrameSizeMax } = webSocketLimits
    this.#limits = {
      takesText: options.takesText,
      frameSizeMax: options.isTrusted ? options.frameSizeMax : firstFrameSizeMax,
    }
    this.#reader = new FrameReader(this.#limits)
    this.#text = options.sendsText ? new TextFrames() : undefined
    this.#head = head.length === 0 ? undefined : head
    source.onBytes = (bytes) => this.#onBytes(bytes)
    raw.on('end', () => this.push(null))
    raw.on('error', (error) => this.destroy(error))
    raw.on('close', () => this.destroy())
    super.resume()
  }

  get remoteAddress(): string | undefined {
    return this.#raw.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#raw.remotePort
  }

  get remoteFamily(): string | undefined {
    return this.#raw.remoteFamily
  }

  get localAddress(): string | undefined {
    return this.#raw.localAddress
  }

  get localPort(): number | undefined {
    return this.#raw.localPort
  }

  get bytesRead(): number {
    return this.#raw.bytesRead
  }

  get bytesWritten(): number {
    return this.#raw.bytesWritten
  }

  /** What the system has taken is known there. */
  get _handle(): unknown {
    return (this.#raw as Socket & { readonly _handle: unknown })._handle
  }

  setNoDelay(isOn?: boolean): this {
    this.#raw.setNoDelay(isOn)
    return this
  }

  setKeepAlive(isOn?: boolean, delayMs?: number): this {
    this.#raw.setKeepAlive(isOn, delayMs)
    return this
  }

  /** What came with the request is read now: somebody listens. */
  start(): void {
    if (!this.isPaused()) this.#readHead()
  }

  override pause(): this {
    this.#raw.pause()
    return super.pause()
  }

  override resume(): this {
    super.resume()
    this.#readHead()
    if (!this.isPaused()) this.#raw.resume()
    return this
  }

  /** As that of a socket. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** As that of a socket: what the client has not taken is dropped. */
  resetAndDestroy(): this {
    this.#raw.resetAndDestroy()
    return this.destroy()
  }

  /** Asks a client that says nothing whether it is there, and ends one that does not answer. */
  look(): void {
    if (this.#isHeard || this.isPaused()) {
      this.#isHeard = false
      this.#isPinged = false
    } else if (this.#isPinged) {
      this.destroy()
    } else if (!this.#hasSentClose && this.#raw.writable) {
      this.#isPinged = true
      this.#raw.write(controlFrame(opcodes.ping, Buffer.alloc(0)))
    }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([chunk], done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  override _final(done: Done): void {
    const rest = this.#text?.rest() ?? []
    if (rest.length > 0) this.#writeFrame(opcodes.binary, rest, ignore)
    this.#sendClose(this.#ownCode, '')
    this.#raw.end(() => done())
    this.#endRaw()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.byteSource.onBytes = ignore
    if (!this.#raw.destroyed) {
      // One that takes nothing is not worth a wait.
      if (this.#raw.writableLength === 0) this.#sendClose(this.#ownCode, '')
      this.#raw.end()
      this.#endRaw()
    }
    done(error)
  }

  get #ownCode(): number {
    const reason = endReasonOf(asSocket(this))
    if (reason === 'protocol-error') return closeCodes.protocolError
    return reason === 'shutting-down' ? closeCodes.goingAway : closeCodes.normal
  }

  #readHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#onBytes(head)
  }

  #onBytes(bytes: Buffer): void {
    this.#isHeard = true
    const reader = this.#reader
    // Nobody wants what still comes.
    if (reader.end !== undefined || (this.writableEnded && this.isPaused())) return
    const payload = reader.read(bytes)
    if (payload.length > 0) this.byteSource.onBytes(payload)
    this.#pong()
    if (reader.end !== undefined) this.#onEnd(reader.end)
  }

  /** One at a time is on its way, and it answers the last ping: nobody can make the broker keep pongs. */
  #pong(): void {
    const { ping } = this.#reader
    if (ping === undefined || this.#isPonging || this.#hasSentClose || !this.#raw.writable) return
    this.#reader.ping = undefined
    this.#isPonging = true
    this.#raw.write(controlFrame(opcodes.pong, ping), () => {
      this.#isPonging = false
      this.#pong()
    })
  }

  #onEnd({ code, reason, isPeers }: FrameEnd): void {
    if (isPeers) {
      this.#sendClose(code, '')
      this.push(null)
      return
    }
    this.#sendClose(code, reason)
    this.destroy()
  }

  #sendClose(code: number, reason: string): void {
    if (this.#hasSentClose || !this.#raw.writable) return
    this.#hasSentClose = true
    const isEmpty = code === closeCodes.noCode
    this.#raw.write(
      isEmpty ? controlFrame(opcodes.close, Buffer.alloc(0)) : closeFrame(code, reason),
    )
  }

  /** The client has some time to see the end. */
  #endRaw(): void {
    const raw = this.#raw
    if (this.#isEnding) return
    this.#isEnding = true
    raw.resume()
    const timer = this.#options.clock.after(webSocketLimits.closeMsMax, () => raw.destroy())
    raw.once('close', () => timer.stop())
  }

  #send(chunks: readonly Buffer[], done: Done): void {
    // It was let in.
    this.#limits.frameSizeMax = this.#options.frameSizeMax
    if (this.#text === undefined) {
      this.#writeFrame(opcodes.binary, chunks, done)
      return
    }
    const { opcode, pieces } = this.#text.next(chunks)
    this.#writeFrame(opcode, pieces, done)
  }

  #writeFrame(opcode: number, pieces: readonly Buffer[], done: Done): void {
    // After a close nothing follows (RFC 6455 5.5.1), and nobody would read it.
    if (pieces.length === 0 || this.#hasSentClose) {
      done()
      return
    }
    const raw = this.#raw
    let size = 0
    for (const piece of pieces) size += piece.length
    raw.cork()
    raw.write(frameHeader(opcode, size))
    const last = pieces.length - 1
    for (let index = 0; index < last; index++) raw.write(pieces[index] as Buffer)
    raw.write(pieces[last] as Buffer, done)
    raw.uncork()
  }
}

/** For those who take sockets: what they use of one is there. */
export function asSocket(webSocket: WebSocket): Socket {
  return webSocket as unknown as Socket
}

/** The same over TLS: what is asked of a socket of TLS is asked of the one below. */
export class TlsWebSocket extends WebSocket {
  readonly encrypted = true
  readonly #secure: TLSSocket

  constructor(incoming: Incoming, head: Buffer, options: WebSocketOptions) {
    super(incoming, head, options)
    this.#secure = incoming.socket as TLSSocket
  }

  get authorized(): boolean {
    return this.#secure.authorized
  }

  getPeerX509Certificate(): ReturnType<TLSSocket['getPeerX509Certificate']> {
    return this.#secure.getPeerX509Certificate()
  }

  getProtocol(): ReturnType<TLSSocket['getProtocol']> {
    return this.#secure.getProtocol()
  }

  getCipher(): ReturnType<TLSSocket['getCipher']> {
    return this.#secure.getCipher()
  }
}

function ignore(): void {}
