// A client's AMQP connection: frames, channels, heartbeats. It knows which reply belongs to which request
// and nothing of what they mean. As real clients do, it takes a broker that was silent for too long for
// gone.
import { FrameReader, heartbeatFrame } from '../../../src/codec/amqp/frame.ts'
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import { encodeProtocolHeader } from '../../../src/codec/amqp/protocol-header.ts'
import type { Timer } from '../../../src/lib/clock.ts'
import { table } from '../../../src/record/message/field-table.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { Ended } from '../ended.ts'
import type { Link, LinkUser } from '../network/link.ts'
import { AmqpChannel } from './amqp-channel.ts'

export interface AmqpConnectionOptions {
  readonly clock: VirtualClock
  /** As negotiated; the broker ends silent connections after twice that. */
  readonly heartbeatSeconds: number
  readonly frameMax: number
}

const frameMaxOfHandshake = 8192
const capabilities = table({
  'connection.blocked': true,
  consumer_cancel_notify: true,
  publisher_confirms: true,
  'basic.nack': true,
})

export class AmqpConnection implements LinkUser {
  readonly link: Link
  readonly frameMax: number
  /** Why it has ended, if it has. */
  ended: Ended | undefined
  /** The broker has told that publishers are blocked. */
  isBlocked = false
  readonly #options: AmqpConnectionOptions
  readonly #reader = new FrameReader(frameMaxOfHandshake)
  readonly #channels = new Map<number, AmqpChannel>()
  readonly #opened = Promise.withResolvers<void>()
  #closing: PromiseWithResolvers<void> | undefined
  #lastChannel = 0
  #heartbeat: Timer | undefined
  #heardAtMs = 0
  #isDeaf = false

  private constructor(link: Link, options: AmqpConnectionOptions) {
    this.link = link
    this.#options = options
    this.frameMax = options.frameMax
    this.#heardAtMs = options.clock.monotonic()
    this.#opened.promise.catch(() => undefined)
    link.user = this
  }

  /** Resolves when the connection is open. Rejects with `Ended`. */
  static async open(link: Link, options: AmqpConnectionOptions): Promise<AmqpConnection> {
    const connection = new AmqpConnection(link, options)
    link.send(encodeProtocolHeader())
    await connection.#opened.promise
    return connection
  }

  /** Opens a channel. Rejects with `Ended`. */
  async channel(): Promise<AmqpChannel> {
    if (this.ended !== undefined) throw this.ended
    const channel = new AmqpChannel(this, ++this.#lastChannel)
    this.#channels.set(channel.number, channel)
    await channel.request({ id: amqp.CHANNEL_OPEN })
    return channel
  }

  forget(channel: AmqpChannel): void {
    this.#channels.delete(channel.number)
  }

  /** Closes in good order. Resolves when the broker has agreed or the connection has ended otherwise. */
  async close(): Promise<void> {
    if (this.ended !== undefined) return
    this.#closing ??= Promise.withResolvers<void>()
    this.link.beginClosing()
    const farewell = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }
    this.send(0, { id: amqp.CONNECTION_CLOSE, ...farewell })
    await this.#closing.promise
  }

  /** The client's process dies. */
  kill(): void {
    this.link.abandon()
    this.#end(new Ended('killed'))
  }

  /** Stops reading what the broker sends, and goes on sending. */
  pauseReading(): void {
    this.#isDeaf = true
    this.link.pauseReading()
  }

  resumeReading(): void {
    this.#isDeaf = false
    this.#heardAtMs = this.#options.clock.monotonic()
    this.link.resumeReading()
  }

  send(channel: number, method: amqp.AmqpMethod): void {
    const frame = Buffer.alloc(amqp.methodFrameSizeMax(method))
    this.link.send(frame.subarray(0, amqp.writeMethodFrame(frame, 0, channel, method)))
  }

  onBytes(bytes: Buffer): void {
    this.#heardAtMs = this.#options.clock.monotonic()
    if (this.ended !== undefined) return
    this.#reader.push(bytes)
    while (this.ended === undefined && this.#reader.next()) this.#onFrame()
    this.#reader.keepRest()
  }

  onClosed(reason: string): void {
    this.#end(new Ended(reason))
  }

  #onFrame(): void {
    const { type, channel, buffer, start, end } = this.#reader
    if (channel !== 0) {
      this.#channels.get(channel)?.onFrame(type, Buffer.from(buffer.subarray(start, end)))
      return
    }
    if (type === amqp.FRAME_METHOD) this.#onMethod(amqp.decodeMethod(buffer, start, end))
  }

  #onMethod(method: amqp.AmqpMethod): void {
    switch (method.id) {
      case amqp.CONNECTION_START:
        this.send(0, {
          id: amqp.CONNECTION_START_OK,
          clientProperties: table({
            product: 'simulation',
            capabilities,
          }),
          mechanism: 'PLAIN',
          response: Buffer.from('\0guest\0guest'),
          locale: 'en_US',
        })
        return
      case amqp.CONNECTION_TUNE:
        this.#onTune(method)
        return
      case amqp.CONNECTION_OPEN_OK:
        this.#opened.resolve()
        return
      case amqp.CONNECTION_BLOCKED:
        this.isBlocked = true
        return
      case amqp.CONNECTION_UNBLOCKED:
        this.isBlocked = false
        return
      case amqp.CONNECTION_CLOSE:
        this.send(0, { id: amqp.CONNECTION_CLOSE_OK })
        this.link.end()
        this.#end(new Ended(method.replyText, method.replyCode))
        return
      case amqp.CONNECTION_CLOSE_OK:
        this.link.end()
        this.#end(new Ended('closed'))
        return
      default:
        throw new Error(`method ${method.id} on channel 0`)
    }
  }

  #onTune({ channelMax }: amqp.ConnectionTune): void {
    const { heartbeatSeconds: heartbeat, frameMax, clock } = this.#options
    this.send(0, { id: amqp.CONNECTION_TUNE_OK, channelMax, frameMax, heartbeat })
    this.#reader.frameSizeMax = frameMax
    this.send(0, { id: amqp.CONNECTION_OPEN, virtualHost: '/' })
    this.#heartbeat = clock.every(heartbeat * 500, () => this.#beat())
  }

  #beat(): void {
    const silentMs = this.#options.clock.monotonic() - this.#heardAtMs
    if (!this.#isDeaf && silentMs > this.#options.heartbeatSeconds * 2500) {
      this.link.abandon()
      this.#end(new Ended('the broker is silent'))
      return
    }
    this.link.send(heartbeatFrame)
  }

  #end(ended: Ended): void {
    if (this.ended !== undefined) return
    this.ended = ended
    this.#heartbeat?.stop()
    this.#opened.reject(ended)
    for (const channel of this.#channels.values()) channel.end(ended)
    this.#channels.clear()
    this.#closing?.resolve()
  }
}
