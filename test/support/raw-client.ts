// A small AMQP 0-9-1 client on a bare socket, for what no library lets a test send: malformed or
// misplaced frames, methods out of order, one exact field type. It reads one frame at a time and
// never answers by itself, not even heartbeats.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  decodeMethod,
  encodeFrame,
  encodeMethod,
  encodeTable,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  uint16,
  uint64,
  type RawArguments,
  type RawMethodFrame,
  type RawTable,
  type RawValue,
} from './raw-codec.ts'
import { within } from './wait-for.ts'

export type RawFrame =
  | RawMethodFrame
  | { readonly kind: 'header'; readonly channel: number; readonly payload: Buffer }
  | { readonly kind: 'body'; readonly channel: number; readonly payload: Buffer }
  | { readonly kind: 'heartbeat'; readonly channel: number }
  | { readonly kind: 'closed' }

export interface RawMessage {
  readonly method: RawMethodFrame
  /** Flags and values of the properties, as they came. */
  readonly properties: Buffer
  readonly body: Buffer
}

/** A close that the server sent. */
export interface RawClose {
  readonly scope: 'channel' | 'connection'
  readonly code: number
  readonly text: string
  readonly classId: number
  readonly methodId: number
}

export interface RawOpenOptions {
  readonly user?: string
  readonly password?: string
  readonly mechanism?: string
  readonly response?: Buffer
  readonly vhost?: string
  readonly channelMax?: number
  readonly frameMax?: number
  readonly heartbeat?: number
  readonly clientProperties?: RawTable
}

export const PROTOCOL_HEADER: Buffer = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')

const defaultProperties: RawTable = {
  product: ['S', 'raw test client'],
  capabilities: [
    'F',
    { authentication_failure_close: ['t', true], consumer_cancel_notify: ['t', true] },
  ],
}

/** What a frame carries of a body, unless the client has asked for smaller ones. */
const bodyFrameMax = 131_072 - 8

export class RawClient implements AsyncDisposable {
  readonly #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  readonly #frames: RawFrame[] = []
  #wake: (() => void) | undefined
  /** Bytes received in all. */
  receivedBytes = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#push({ kind: 'closed' }))
  }

  /** Connects the socket and sends nothing. */
  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  /** Connects and sends everything up to connection.start-ok. */
  static async authenticate(port: number, options: RawOpenOptions = {}): Promise<RawClient> {
    const client = await RawClient.connect(port)
    client.sendBytes(PROTOCOL_HEADER)
    await client.expect(0, 'connection.start')
    const { user = 'guest', password = 'guest' } = options
    client.send(0, 'connection.start-ok', {
      clientProperties: encodeTable(options.clientProperties ?? defaultProperties),
      mechanism: options.mechanism ?? 'PLAIN',
      response: options.response ?? Buffer.from(`\0${user}\0${password}`),
      locale: 'en_US',
    })
    return client
  }

  /** Connects up to connection.tune-ok and connection.open, whose answer is not read yet. */
  static async tune(port: number, options: RawOpenOptions = {}): Promise<RawClient> {
    const client = await RawClient.authenticate(port, options)
    const { args } = await client.expect(0, 'connection.tune')
    client.send(0, 'connection.tune-ok', {
      channelMax: options.channelMax ?? (args['channelMax'] as number),
      frameMax: options.frameMax ?? (args['frameMax'] as number),
      heartbeat: options.heartbeat ?? 0,
    })
    client.send(0, 'connection.open', { virtualHost: options.vhost ?? '/' })
    return client
  }

  /** An open connection without channels. */
  static async open(port: number, options: RawOpenOptions = {}): Promise<RawClient> {
    const client = await RawClient.tune(port, options)
    await client.expect(0, 'connection.open-ok')
    return client
  }

  /** An open connection with channel 1. */
  static async openChannel(port: number, options: RawOpenOptions = {}): Promise<RawClient> {
    const client = await RawClient.open(port, options)
    await client.call(1, 'channel.open')
    return client
  }

  /** Bytes that the broker's system has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** Bytes sent in all. */
  get sentBytes(): number {
    return this.#socket.bytesWritten
  }

  /** Bytes received of a frame that is not whole yet. */
  get unparsedBytes(): number {
    return this.#buffer.length
  }

  get localPort(): number | undefined {
    return this.#socket.localPort
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** What `send` sends leaves in one write. */
  together(send: () => void): void {
    this.#socket.cork()
    send()
    this.#socket.uncork()
  }

  sendFrame(type: number, channel: number, payload: Buffer): void {
    this.sendBytes(encodeFrame(type, channel, payload))
  }

  send(channel: number, name: string, args: RawArguments = {}): void {
    this.sendFrame(FRAME_METHOD, channel, encodeMethod(name, args))
  }

  sendHeartbeat(): void {
    this.sendFrame(FRAME_HEARTBEAT, 0, Buffer.alloc(0))
  }

  /** Content header; `properties` are the flags and values, none by default. */
  sendHeader(channel: number, bodySize: number, properties: Buffer = uint16(0)): void {
    const head = Buffer.concat([uint16(60), uint16(0), uint64(bodySize), properties])
    this.sendFrame(FRAME_HEADER, channel, head)
  }

  sendBody(channel: number, payload: Buffer): void {
    this.sendFrame(FRAME_BODY, channel, payload)
  }

  publish(channel: number, args: RawArguments, body: Buffer | string, properties?: Buffer): void {
    const bytes = Buffer.from(body)
    this.send(channel, 'basic.publish', args)
    this.sendHeader(channel, bytes.length, properties)
    for (let at = 0; at < bytes.length; at += bodyFrameMax) {
      this.sendBody(channel, bytes.subarray(at, at + bodyFrameMax))
    }
  }

  /** Sends a method and waits for its -ok. */
  async call(
    channel: number,
    name: string,
    args: RawArguments = {},
  ): Promise<Record<string, RawValue>> {
    this.send(channel, name, args)
    return (await this.expect(channel, `${name}-ok`)).args
  }

  /** The next frame, in order of arrival. After the end of the socket: `closed`, for ever. */
  async next(deadlineMs?: number): Promise<RawFrame> {
    while (this.#frames.length === 0) {
      const arrival = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await within('server sends a frame', arrival, deadlineMs)
    }
    const frame = this.#frames[0]
    if (frame && frame.kind !== 'closed') this.#frames.shift()
    return frame ?? { kind: 'closed' }
  }

  /** The next frame, which must be this method on this channel. */
  async expect(channel: number, name: string, deadlineMs?: number): Promise<RawMethodFrame> {
    const frame = await this.next(deadlineMs)
    if (frame.kind === 'method' && frame.channel === channel && frame.name === name) return frame
    throw new Error(`Expected ${name} on channel ${channel}: received ${describe(frame)}`)
  }

  /** The next message that starts with the method `name` (basic.deliver, basic.return, basic.get-ok). */
  async expectMessage(channel: number, name: string): Promise<RawMessage> {
    const method = await this.expect(channel, name)
    const header = await this.next()
    if (header.kind !== 'header') throw new Error(`Expected a header: received ${describe(header)}`)
    const size = Number(header.payload.readBigUInt64BE(4))
    const parts: Buffer[] = []
    let received = 0
    while (received < size) {
      const frame = await this.next()
      if (frame.kind !== 'body') throw new Error(`Expected a body: received ${describe(frame)}`)
      parts.push(frame.payload)
      received += frame.payload.length
    }
    return { method, properties: header.payload.subarray(12), body: Buffer.concat(parts) }
  }

  /** The next frame, which must be a close of `channel` or of the connection; it is answered. */
  async expectClose(channel: number): Promise<RawClose> {
    const frame = await this.next()
    const isClose =
      frame.kind === 'method' &&
      ((frame.channel === 0 && frame.name === 'connection.close') ||
        (frame.channel === channel && frame.name === 'channel.close'))
    if (!isClose) throw new Error(`Expected a close: received ${describe(frame)}`)
    this.send(frame.channel, `${frame.name}-ok`)
    return {
      scope: frame.name === 'channel.close' ? 'channel' : 'connection',
      code: frame.args['replyCode'] as number,
      text: frame.args['replyText'] as string,
      classId: frame.args['classId'] as number,
      methodId: frame.args['methodId'] as number,
    }
  }

  /** Resolves when the server has ended the socket, dropping frames that came before. */
  async ended(deadlineMs?: number): Promise<void> {
    while ((await this.next(deadlineMs)).kind !== 'closed');
  }

  /**
   * Resolves when the server has ended the connection, with or without a connection.close (which is
   * answered and returned); other frames before it are dropped.
   */
  async refused(): Promise<RawArguments | undefined> {
    for (;;) {
      const frame = await this.next()
      if (frame.kind === 'closed') return undefined
      if (frame.kind === 'method' && frame.name === 'connection.close') {
        this.send(0, 'connection.close-ok')
        await this.ended()
        return frame.args
      }
    }
  }

  /** Closes its side of the socket, and goes on reading. */
  endWriting(): void {
    this.#socket.end()
  }

  /** Stops and resumes reading from the socket. */
  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  /** Sends connection.close and waits for the answer, dropping frames that come before it. */
  async close(): Promise<void> {
    this.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' })
    for (;;) {
      const frame = await this.next()
      if (frame.kind === 'closed') return
      if (frame.kind === 'method' && frame.name === 'connection.close-ok') return
    }
  }

  /** Drops the socket without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    while (this.#buffer.length >= 8) {
      if (this.#buffer.toString('latin1', 0, 4) === 'AMQP') {
        this.#push({ kind: 'body', channel: 0, payload: this.#buffer.subarray(0, 8) })
        this.#buffer = this.#buffer.subarray(8)
        continue
      }
      const size = this.#buffer.readUInt32BE(3)
      if (this.#buffer.length < size + 8) return
      this.#push(decodeFrame(this.#buffer, size))
      this.#buffer = this.#buffer.subarray(size + 8)
    }
  }

  #push(frame: RawFrame): void {
    this.#frames.push(frame)
    this.#wake?.()
    this.#wake = undefined
  }
}

function decodeFrame(bytes: Buffer, size: number): RawFrame {
  const type = bytes.readUInt8(0)
  const channel = bytes.readUInt16BE(1)
  const payload = Buffer.from(bytes.subarray(7, 7 + size))
  if (bytes.readUInt8(7 + size) !== 0xce) throw new Error('Frame from the server has no end byte')
  if (type === FRAME_METHOD) return decodeMethod(channel, payload)
  if (type === FRAME_HEADER) return { kind: 'header', channel, payload }
  if (type === FRAME_BODY) return { kind: 'body', channel, payload }
  return { kind: 'heartbeat', channel }
}

function describe(frame: RawFrame): string {
  if (frame.kind !== 'method') return frame.kind
  return `${frame.name} on channel ${frame.channel} ${JSON.stringify(frame.args)}`
}
