// An AMQP consumer of a work queue that transactions write to: it acks what it gets, and comes back when the broker
// was killed. What it had not acked comes again.
import { type ChannelModel, connect } from 'amqplib'
import { waitFor } from '../support/wait-for.ts'
import type { CheckedBroker } from './checked-broker.ts'
import type { ReadRecord } from './committed-reader.ts'

const endText = 'the end'

export class QueueReader {
  readonly #broker: CheckedBroker
  readonly #queue: string
  /** In the order in which they came first. */
  readonly #seen = new Set<string>()
  #isDone = false
  #connection: ChannelModel | undefined

  constructor(broker: CheckedBroker, queue: string) {
    this.#broker = broker
    this.#queue = queue
  }

  /** Declares the queue and goes on until `finish`. */
  async open(): Promise<void> {
    const connection = await waitFor(
      'a connection',
      () => connect(this.#broker.url).catch(() => undefined),
      120_000,
    )
    connection.on('error', () => undefined)
    connection.on('close', () => {
      if (!this.#isDone) this.open().catch(() => undefined)
    })
    this.#connection = connection
    // The broker may be killed at any of these: then the next connection does it all.
    await this.#consume(connection).catch(() => undefined)
  }

  /** Everything that was there before this call, when all of it has come. */
  async finish(): Promise<ReadRecord[]> {
    const { url } = this.#broker
    const publisher = await connect(url)
    const channel = await publisher.createConfirmChannel()
    channel.sendToQueue(this.#queue, Buffer.from(endText), { persistent: true })
    await channel.waitForConfirms()
    await waitFor('the last message', () => this.#seen.has(endText), 120_000)
    this.#isDone = true
    await publisher.close()
    await this.#connection?.close()
    this.#seen.delete(endText)
    return Array.from(this.#seen, (value, offset) => ({ offset, value }))
  }

  async #consume(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel()
    channel.on('error', () => undefined)
    await channel.assertQueue(this.#queue, { durable: true })
    await channel.prefetch(10)
    await channel.consume(this.#queue, (message) => {
      if (message === null) return
      this.#seen.add(message.content.toString())
      channel.ack(message)
    })
  }
}
