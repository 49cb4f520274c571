// A bare socket of a hostile client: it sends what it is told to and reads only if it wants to. When the
// broker ends it, that is noted and nothing more. What it did is noted as well: an attack that does not
// get through proves nothing.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ApiMessages, ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { apiCodecs } from '../../src/codec/kafka/apis.gen.ts'
import { encodeRequest } from '../../src/codec/kafka/request.ts'
import { WireWriter } from '../../src/codec/kafka/wire-writer.ts'
import { decodeMethod, FRAME_METHOD } from '../support/raw-codec.ts'
import '../support/load-kafka-codecs.ts'
import { method } from './amqp-bytes.ts'

/** What an attack is given. */
export interface Target {
  readonly amqpPort: number
  readonly kafkaPort: number
  /** All connections that the attack has opened. */
  readonly wires: Wire[]
  /** A number in [0, bound). */
  below(bound: number): number
  /** The attack has to stop. */
  isOver(): boolean
}

const protocolHeader = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')
const openMsMax = 3000
/** What a socket holds back itself before it is asked to wait. */
const unsentSizeMax = 4_000_000
const pieceSize = 128 * 1024
const writer = new WireWriter()

/** A whole request with its size; the newest version unless another is named. */
export function request<Name extends ApiName>(
  api: Name,
  message: ApiMessages[Name]['request'],
  apiVersion: number = apiCodecs[api].versionMax,
): Buffer {
  const head = { api, apiVersion, correlationId: 1, clientId: 'hostile' }
  return Buffer.concat(encodeRequest(writer, head, message))
}

export class Wire implements Disposable {
  readonly socket: Socket
  isClosed = false
  /** The broker has ended it. */
  isEnded = false
  /** The broker has answered as to a client of its protocol. */
  isOpen = false
  /** Bytes that the system has taken. */
  sentSize = 0
  /** Codes with which the broker has closed it, or channels of it. */
  readonly codes: Set<number> = new Set()
  /** AMQP's methods that have come, with their number. */
  readonly #received = new Map<string, number>()
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket, target: Target) {
    this.socket = socket
    target.wires.push(this)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isEnded = !this.isClosed
      this.isClosed = true
    })
  }

  /** A connection that says nothing yet; it is read and thrown away. */
  static async open(target: Target, port: number): Promise<Wire> {
    const wire = new Wire(connect({ host: '127.0.0.1', port }), target)
    wire.socket.resume()
    await wire.#until(() => !wire.socket.connecting)
    return wire
  }

  /** An AMQP connection with channels 1 … `channels`, all of them answered. */
  static async openAmqp(target: Target, channels = 1): Promise<Wire> {
    const wire = await Wire.open(target, target.amqpPort)
    wire.socket.on('data', (chunk: Buffer) => wire.#read(chunk))
    const response = Buffer.from('\0guest\0guest')
    const startOk = { mechanism: 'PLAIN', response, locale: 'en_US' }
    const tuneOk = { channelMax: 2047, frameMax: 131_072, heartbeat: 0 }
    await wire.send(
      Buffer.concat([
        protocolHeader,
        method(0, 'connection.start-ok', startOk),
        method(0, 'connection.tune-ok', tuneOk),
        method(0, 'connection.open', { virtualHost: '/' }),
      ]),
    )
    const opens = Array.from({ length: channels }, (_, index) => method(index + 1, 'channel.open'))
    await wire.send(Buffer.concat(opens))
    wire.isOpen = await wire.receives('channel.open-ok', channels)
    return wire
  }

  /** A Kafka connection that has been answered. */
  static async openKafka(target: Target): Promise<Wire> {
    const wire = await Wire.open(target, target.kafkaPort)
    wire.socket.on('data', () => {
      wire.isOpen = true
    })
    const software = { clientSoftwareName: 'hostile', clientSoftwareVersion: '1' }
    await wire.send(request('apiVersions', software, 3))
    await wire.#until(() => wire.isOpen)
    return wire
  }

  /** Whether `count` of an AMQP method have come, in a while. */
  async receives(name: string, count = 1): Promise<boolean> {
    const isThere = (): boolean => (this.#received.get(name) ?? 0) >= count
    await this.#until(isThere)
    return isThere()
  }

  /** Reads nothing from now on. */
  turnDeaf(): void {
    this.socket.pause()
  }

  /** Resolves when the system has room for more, the broker has hung up, or a while has passed. */
  async send(bytes: Buffer): Promise<void> {
    if (this.isClosed) return
    // In pieces, so that it is known how much the system has taken.
    let isTaken = true
    for (let at = 0; at < bytes.length; at += pieceSize) {
      const piece = bytes.subarray(at, at + pieceSize)
      isTaken = this.socket.write(piece, (error) => {
        if (!error) this.sentSize += piece.length
      })
    }
    if (isTaken) return
    const stop = new AbortController()
    const drained = once(this.socket, 'drain', { signal: stop.signal }).catch(() => undefined)
    const closed = once(this.socket, 'close', { signal: stop.signal }).catch(() => undefined)
    await Promise.race([drained, closed, delay(1000, undefined, { signal: stop.signal })])
    stop.abort()
  }

  /** Sends the bytes again and again, as long as they are taken; waits while they are not. */
  async flood(
    bytes: Buffer,
    target: Target,
    times: number = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    for (let count = 0; count < times && !this.isClosed && !target.isOver();) {
      if (this.socket.writableLength > unsentSizeMax) await delay(20)
      else {
        await this.send(bytes)
        count++
      }
      // Others have their turn as well.
      if (count % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  [Symbol.dispose](): void {
    this.isClosed = true
    this.socket.destroy()
  }

  async #until(condition: () => boolean): Promise<void> {
    const end = performance.now() + openMsMax
    while (!condition() && !this.isClosed && performance.now() < end) await delay(5)
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (bytes.length >= 7 && bytes.length >= bytes.readUInt32BE(3) + 8) {
      const end = bytes.readUInt32BE(3) + 7
      if (bytes[0] === FRAME_METHOD) this.#onMethod(bytes.subarray(7, end))
      bytes = bytes.subarray(end + 1)
    }
    this.#rest = bytes
  }

  #onMethod(payload: Buffer): void {
    const { name, args } = decodeMethod(0, payload)
    this.#received.set(name, (this.#received.get(name) ?? 0) + 1)
    if (name.endsWith('.close')) this.codes.add(Number(args['replyCode']))
  }
}

/** Opens so many at about the same time. */
export function openAll(count: number, open: () => Promise<Wire>): Promise<Wire[]> {
  return Promise.all(Array.from({ length: count }, open))
}

/** Waits until the attack is over, or until the broker has ended all of them. */
export async function holdOn(wires: readonly Wire[], target: Target): Promise<void> {
  while (!target.isOver() && wires.some(({ isClosed }) => !isClosed)) await delay(50)
  for (const wire of wires) wire[Symbol.dispose]()
}
