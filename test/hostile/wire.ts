// A bare socket of a hostile client: it sends what it is told to and reads only if it wants to. When the
// broker ends it, that is noted and nothing more.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  encodeFrame,
  encodeMethod,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_METHOD,
  type RawArguments,
  uint16,
  uint64,
} from '../support/raw-codec.ts'

/** What an attack is given. */
export interface Target {
  readonly amqpPort: number
  readonly kafkaPort: number
  /** A number in [0, bound). */
  below(bound: number): number
  /** The attack has to stop. */
  isOver(): boolean
}

const protocolHeader = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')

export class Wire implements Disposable {
  readonly socket: Socket
  isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isClosed = true
    })
  }

  /** A connection that is read and thrown away; undefined when the broker does not want it. */
  static async open(port: number): Promise<Wire | undefined> {
    const socket = connect({ host: '127.0.0.1', port })
    const wire = new Wire(socket)
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(5000) })
    } catch {
      socket.destroy()
      return undefined
    }
    socket.resume()
    return wire
  }

  /** An AMQP connection with channels 1 … `channels`, whose answers nobody waits for. */
  static async openAmqp(port: number, channels = 1): Promise<Wire | undefined> {
    const wire = await Wire.open(port)
    const response = Buffer.from('\0guest\0guest')
    const startOk = { mechanism: 'PLAIN', response, locale: 'en_US' }
    const tuneOk = { channelMax: 2047, frameMax: 131_072, heartbeat: 0 }
    const opening = [
      protocolHeader,
      method(0, 'connection.start-ok', startOk),
      method(0, 'connection.tune-ok', tuneOk),
      method(0, 'connection.open', { virtualHost: '/' }),
    ]
    for (let channel = 1; channel <= channels; channel++) {
      opening.push(method(channel, 'channel.open'))
    }
    await wire?.send(Buffer.concat(opening))
    return wire
  }

  /** Reads nothing from now on. */
  turnDeaf(): void {
    this.socket.pause()
  }

  /** Resolves when the system has room for more, the broker has hung up, or a while has passed. */
  async send(bytes: Buffer): Promise<void> {
    if (this.isClosed || this.socket.write(bytes)) return
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
    for (let count = 0; count < times && !this.isClosed && !target.isOver(); count++) {
      if (this.socket.writableLength > 4_000_000) await delay(20)
      else await this.send(bytes)
      // Others have their turn as well.
      if (count % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

export function method(channel: number, name: string, args: RawArguments = {}): Buffer {
  return encodeFrame(FRAME_METHOD, channel, encodeMethod(name, args))
}

/** Content header; `properties` are the flags and the values. */
export function header(channel: number, bodySize: number, properties: Buffer = uint16(0)): Buffer {
  const payload = Buffer.concat([uint16(60), uint16(0), uint64(bodySize), properties])
  return encodeFrame(FRAME_HEADER, channel, payload)
}

export function body(channel: number, size: number): Buffer {
  const frames: Buffer[] = []
  for (let left = size; left > 0; left -= 131_064) {
    frames.push(encodeFrame(FRAME_BODY, channel, Buffer.alloc(Math.min(left, 131_064), 'h')))
  }
  return Buffer.concat(frames)
}

export function publish(channel: number, args: RawArguments, size: number): Buffer {
  return Buffer.concat([
    method(channel, 'basic.publish', args),
    header(channel, size),
    body(channel, size),
  ])
}

/** Opens so many at about the same time; those that are refused are left out. */
export async function openAll(
  count: number,
  open: () => Promise<Wire | undefined>,
): Promise<Wire[]> {
  const wires = await Promise.all(Array.from({ length: count }, open))
  return wires.filter((wire) => wire !== undefined)
}

/** Waits until the attack is over, or until the broker has ended all of them. */
export async function holdOn(wires: readonly Wire[], target: Target): Promise<void> {
  while (!target.isOver() && wires.some(({ isClosed }) => !isClosed)) await delay(50)
  for (const wire of wires) wire[Symbol.dispose]()
}
