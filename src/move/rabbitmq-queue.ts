// A queue of RabbitMQ, or of any broker that speaks AMQP 0-9-1, on its way into a queue here. A message is acked
// there when it is durable here, so none gets lost; those that were stored and not acked when something breaks
// come again. An ack that the source has not read when this process dies counts as none, so these are as many as
// the source gives out without acks: `moveLimits.prefetchChunks` chunks.
import type { Channel, ChannelModel } from 'amqplib'
import type { Clock } from '../lib/clock.ts'
import { Fifo } from '../lib/fifo.ts'
import { moveLimits } from '../limits/move.ts'
import { sizeInBlock, type RawMessage } from '../record/message/message-block.ts'
import { keepRaw, rawMessage, type RawReading } from './keep-raw.ts'
import type { MessageTarget, QueuePlace } from './message-target.ts'
import { MoveError, type MoveErrorKind } from './move-error.ts'
import type { Chunk, ChunkMax, MovePart } from './move-part.ts'

export interface RabbitmqQueueOptions {
  /** Its name at the source. */
  readonly queue: string
  /** Where its messages go. */
  readonly to: QueuePlace
  readonly target: MessageTarget
  readonly clock: Clock
  /** Opens a connection of its own, so that a queue that waits holds up no other. */
  readonly connect: () => Promise<ChannelModel>
}

type Delivered = RawMessage & { readonly deliveryTag: number }

interface Source {
  readonly model: ChannelModel
  readonly channel: Channel
}

const prefetch = moveLimits.chunkCountMax * moveLimits.prefetchChunks
/** Reply codes of AMQP. */
const notFound = 404
const kindByCode: ReadonlyMap<unknown, MoveErrorKind> = new Map([
  [403, 'denied'],
  [notFound, 'missing'],
  [405, 'denied'],
])
const heldSizeMax = moveLimits.chunkSizeMax * moveLimits.prefetchChunks

export class RabbitmqQueue implements MovePart {
  readonly name: string
  readonly #options: RabbitmqQueueOptions
  #source: Source | undefined
  #reading: RawReading | undefined
  readonly #arrived = new Fifo<Delivered>()
  #arrivedSize = 0
  #hasTaken = false
  #openedAt = 0
  /** What was ready there or had arrived when it was asked last, less what was taken since. */
  #left: number | undefined
  #counting: Promise<number> | undefined
  #onArrival: (() => void) | undefined
  #failure: MoveError | undefined
  #isClosing = false

  constructor(options: RabbitmqQueueOptions) {
    this.name = options.queue
    this.#options = options
  }

  get left(): number | undefined {
    return this.#left
  }

  async open(): Promise<void> {
    const { queue, clock } = this.#options
    const model = await this.#options.connect()
    model.on('error', (error) => this.#fail(error))
    model.on('close', () => this.#fail({ message: 'the connection was closed' }))
    const isHeld = (): boolean => this.#arrivedSize > heldSizeMax && !this.#isClosing
    this.#reading = keepRaw(model.connection, isHeld)
    const channel = await model.createChannel()
    channel.on('error', (error) => this.#fail(error))
    this.#source = { model, channel }
    await this.#askCount(channel)
    await channel.prefetch(prefetch)
    await this.#ask(channel.consume(queue, (message) => this.#onMessage(message)))
    this.#openedAt = clock.monotonic()
  }

  take(max: ChunkMax): Promise<Chunk | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const messages: Delivered[] = []
    let bytes = 0
    for (let next = this.#arrived.first; next !== undefined; next = this.#arrived.first) {
      const size = sizeInBlock(next)
      if (messages.length > 0 && (messages.length >= max.records || bytes + size > max.bytes)) break
      messages.push(next)
      bytes += size
      this.#arrived.shift()
    }
    if (messages.length === 0) return Promise.resolve(undefined)
    this.#hasTaken = true
    this.#arrivedSize -= bytes
    this.#left = Math.max(0, (this.#left ?? 0) - messages.length)
    this.#reading?.resume()
    const store = (): Promise<string | undefined> => this.#store(messages)
    return Promise.resolve({ records: messages.length, bytes, store })
  }

  /** Empty but for what others hold unacked there. */
  async isDone(): Promise<boolean> {
    // Nothing is read while so much has arrived that it is held, and so no answer either.
    const arrival = new Promise<undefined>(
      (resolve) => (this.#onArrival = () => resolve(undefined)),
    )
    const ready = await Promise.race([this.#countOnce(), arrival])
    if (ready === undefined) return false
    if (this.#failure !== undefined) throw this.#failure
    if (ready === 0) return this.#arrived.size === 0
    const waitedMs = this.#options.clock.monotonic() - this.#openedAt
    if (this.#hasTaken || this.#arrived.size > 0 || waitedMs < moveLimits.firstMessageMsMax)
      return false
    throw new MoveError(
      'refused',
      `none of the ${ready} messages in queue '${this.name}' comes: it is a stream, which this ` +
        'does not move, or another consumer is its single active one',
    )
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#reading?.resume()
    const { channel, model } = this.#source ?? {}
    // A connection that broke is closed already. The channel first: its acks are sent in order with its end,
    // and not with that of the connection.
    await channel?.close().catch(() => undefined)
    await model?.close().catch(() => undefined)
  }

  /** The answer to a question that is under way already, or to one. */
  #countOnce(): Promise<number> {
    this.#counting ??= this.#askCount(this.#source!.channel).finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #askCount(channel: Channel): Promise<number> {
    const { messageCount } = await this.#ask(channel.checkQueue(this.name))
    this.#left = messageCount + this.#arrived.size
    return messageCount
  }

  #onMessage(message: unknown): void {
    if (message === null) {
      this.#fail({ message: 'it was deleted', code: notFound })
      return
    }
    const delivered = rawMessage(message)
    this.#arrived.push(delivered)
    this.#arrivedSize += sizeInBlock(delivered)
    this.#onArrival?.()
  }

  /** What is stored of them is taken from `messages`, so that the rest can be tried again. */
  async #store(messages: Delivered[]): Promise<string | undefined> {
    const { to, target } = this.#options
    const { count, reason } = await target.store(to, messages)
    const stored = messages.splice(0, count)
    const last = stored.at(-1)
    if (last !== undefined) this.#ack(last)
    return messages.length === 0 ? undefined : reason
  }

  /** All up to this one. */
  #ack({ deliveryTag }: Delivered): void {
    // After a break the source gives them out again; whoever takes next is told of it.
    if (this.#failure !== undefined) return
    const message = { fields: { deliveryTag } } as Parameters<Channel['ack']>[0]
    this.#source!.channel.ack(message, true)
  }

  async #ask<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked
    } catch (error) {
      if (this.#failure === undefined) this.#fail(error as Error)
      throw this.#failure
    }
  }

  #fail({ message, code }: { readonly message: string; readonly code?: unknown }): void {
    if (this.#isClosing) return
    const kind = kindByCode.get(code) ?? 'unreachable'
    this.#failure ??= new MoveError(kind, `queue '${this.name}' at the source: ${message}`)
  }
}
