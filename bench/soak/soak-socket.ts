/**
 * One AMQP connection as cheap as can be: it sends frames without waiting for answers and counts
 * bytes and the methods it is asked to look for. For load, not for checking.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  encodeFrame,
  encodeMethod,
  encodeTable,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  type RawArguments,
  uint16,
  uint64,
} from '../../test/support/raw-codec.ts'

const FRAME_MAX = 131_072
const HEAD_SIZE = 7

export class SoakSocket {
  readonly socket: Socket
  receivedBytes = 0
  /** Deliveries received. */
  deliveryCount = 0
  /** Payload of the last method that was no delivery, confirm or heartbeat. */
  #answers: Buffer[] = []
  #unread: Buffer = Buffer.alloc(0)
  #wake: () => void = () => undefined
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
  }

  /** An open connection with channels 1 … `channels`. */
  static async open(port: number, channels = 1): Promise<SoakSocket> {
    const socket = connect({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    const client = new SoakSocket(socket)
    socket.write(handshake)
    // start, tune, open-ok
    for (let count = 0; count < 3; count++) await client.answer()
    for (let channel = 1; channel <= channels; channel++) await client.call(channel, 'channel.open')
    return client
  }

  send(channel: number, name: string, args: RawArguments = {}): void {
    this.socket.write(methodFrame(channel, name, args))
  }

  /** Sends a method and waits for any answer. */
  async call(channel: number, name: string, args: RawArguments = {}): Promise<Buffer> {
    this.send(channel, name, args)
    return this.answer()
  }

  /** Writes and waits until the socket takes more. */
  async write(bytes: Buffer): Promise<void> {
    if (!this.socket.write(bytes)) await once(this.socket, 'drain')
  }

  /** The next method that is no delivery or confirm; throws when the broker closed something. */
  async answer(): Promise<Buffer> {
    while (this.#answers.length === 0) {
      if (this.#isClosed) throw new Error('the broker ended the connection')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const payload = this.#answers.shift() as Buffer
    const id = payload.readUInt32BE(0)
    if (id === CONNECTION_CLOSE || id === CHANNEL_CLOSE)
      throw new Error(`closed: ${payload.toString('latin1', 6)}`)
    return payload
  }

  /** Ready messages of a queue, which also waits for all that was sent before on the channel. */
  async readyCount(channel: number, queue: string): Promise<number> {
    const answer = await this.call(channel, 'queue.declare', { queue, passive: true })
    return answer.readUInt32BE(5 + (answer[4] ?? 0))
  }

  async close(): Promise<void> {
    await this.call(0, 'connection.close', { replyCode: 200 })
    this.socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    let at = 0
    while (bytes.length - at >= HEAD_SIZE) {
      const end = at + HEAD_SIZE + bytes.readUInt32BE(at + 3)
      if (bytes.length <= end) break
      if (bytes[at] === FRAME_METHOD) this.#onMethod(bytes, at + HEAD_SIZE, end)
      at = end + 1
    }
    this.#unread = Buffer.from(bytes.subarray(at))
  }

  #onMethod(bytes: Buffer, start: number, end: number): void {
    const id = bytes.readUInt32BE(start)
    if (id === BASIC_DELIVER) this.deliveryCount++
    else if (id !== BASIC_ACK) {
      this.#answers.push(Buffer.from(bytes.subarray(start, end)))
      this.#wake()
    }
  }
}

const CONNECTION_CLOSE = 0x000a_0032
const CHANNEL_CLOSE = 0x0014_0028
const BASIC_DELIVER = 0x003c_003c
const BASIC_ACK = 0x003c_0050

export function methodFrame(channel: number, name: string, args: RawArguments = {}): Buffer {
  return encodeFrame(FRAME_METHOD, channel, encodeMethod(name, args))
}

/** basic.publish with a body of `bodySize` bytes to the default exchange. */
export function publishFrames(channel: number, queue: string, bodySize: number): Buffer {
  const persistent = Buffer.concat([uint16(1 << 12), Buffer.from([2])])
  const header = Buffer.concat([uint16(60), uint16(0), uint64(bodySize), persistent])
  const frames = [
    methodFrame(channel, 'basic.publish', { routingKey: queue }),
    encodeFrame(FRAME_HEADER, channel, header),
  ]
  if (bodySize > 0) frames.push(encodeFrame(FRAME_BODY, channel, Buffer.alloc(bodySize, 'x')))
  return Buffer.concat(frames)
}

const handshake = Buffer.concat([
  Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  methodFrame(0, 'connection.start-ok', {
    clientProperties: encodeTable({}),
    mechanism: 'PLAIN',
    response: Buffer.from('\0guest\0guest'),
    locale: 'en_US',
  }),
  methodFrame(0, 'connection.tune-ok', { channelMax: 2047, frameMax: FRAME_MAX, heartbeat: 0 }),
  methodFrame(0, 'connection.open', { virtualHost: '/' }),
])
