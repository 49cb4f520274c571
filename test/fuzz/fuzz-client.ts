// The socket of a fuzzed connection: sends whatever it is given, in any pieces, and keeps what the
// broker answers. It reads the answers strictly: the broker itself must never send malformed bytes.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Random } from '../../src/lib/random.ts'
import { decodeMethod, FRAME_METHOD, type RawMethodFrame } from '../support/raw-codec.ts'

const frameEnd = 0xce
const quietTurns = 4

export class FuzzClient {
  readonly methods: RawMethodFrame[] = []
  /** Everything sent, in order. */
  readonly sent: Buffer[] = []
  /** The broker answered a protocol header of its own. */
  isHeaderRefused = false
  isClosed = false
  /** The broker sent something that is no AMQP. */
  malformed: Error | undefined
  readonly #socket: Socket
  #unread: Buffer = Buffer.alloc(0)
  #receivedSize = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  static async connect(port: number): Promise<FuzzClient> {
    const socket = connect({ host: '127.0.0.1', port })
    const client = new FuzzClient(socket)
    await once(socket, 'connect')
    return client
  }

  find(name: string): RawMethodFrame | undefined {
    return this.methods.find((each) => each.name === name)
  }

  /** Whether the broker has said that the connection ends, or has ended it. */
  get isAnswered(): boolean {
    const isToldSo = this.find('connection.close') ?? this.find('connection.close-ok')
    return isToldSo !== undefined || this.isClosed
  }

  send(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.sent.push(bytes)
    this.#socket.write(bytes)
  }

  /** Sends in one piece, in a few, or byte by byte. */
  async sendInPieces(bytes: Buffer, random: Random): Promise<void> {
    const way = random.below(8)
    if (way > 1 || bytes.length < 2) {
      this.send(bytes)
      return
    }
    const pieces = way === 0 && bytes.length < 200 ? bytes.length : 2 + random.below(3)
    const size = Math.ceil(bytes.length / pieces)
    for (let from = 0; from < bytes.length; from += size) {
      this.send(bytes.subarray(from, from + size))
      await setImmediate()
    }
  }

  /** Resolves when nothing has come for a few turns of the event loop. */
  async quiet(): Promise<void> {
    let seen = -1
    for (let still = 0; still < quietTurns && !this.isClosed; still++) {
      if (seen !== this.#receivedSize) still = 0
      seen = this.#receivedSize
      await setImmediate()
    }
  }

  end(): void {
    this.#socket.end()
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#receivedSize += chunk.length
    this.#unread = Buffer.concat([this.#unread, chunk])
    try {
      while (this.#unread.length > 0 && this.#takeFrame());
    } catch (error) {
      this.malformed = error as Error
    }
  }

  #takeFrame(): boolean {
    const bytes = this.#unread
    if (bytes.length < 8) return false
    if (bytes.toString('latin1', 0, 4) === 'AMQP') {
      this.isHeaderRefused = true
      this.#unread = bytes.subarray(8)
      return true
    }
    const size = bytes.readUInt32BE(3)
    if (bytes.length < size + 8) return false
    if (bytes[size + 7] !== frameEnd) throw new Error('the broker sent a frame without its end')
    if (bytes[0] === FRAME_METHOD) {
      this.methods.push(decodeMethod(bytes.readUInt16BE(1), bytes.subarray(7, size + 7)))
    }
    this.#unread = bytes.subarray(size + 8)
    return true
  }
}
