// A queue with one publisher and one consumer that go on until the broker dies, and what they know of it.
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { Random } from '../../lib/random.ts'
import { crashTestLimits } from '../../limits/crash-test.ts'
import { DeliveryBook, type Verdict } from './delivery-book.ts'
import { makeMessage, readMessage } from './test-message.ts'

const brokerEnded = new ExitError(
  exitCodes.software,
  'the broker ended by itself while a queue was emptied',
)
const messageSizeMin = 12
/** Acks are sent for up to so many messages at once, so that there are always some without. */
const heldMax = 20

export class Lane {
  readonly #queue: string
  readonly #random: Random
  readonly #book = new DeliveryBook()

  constructor(queue: string, random: Random) {
    this.#queue = queue
    this.#random = random
  }

  async declare(channel: ConfirmChannel): Promise<void> {
    await channel.assertQueue(this.#queue, { durable: true })
    await channel.assertQueue(this.#marks, { durable: true, maxLength: 1 })
  }

  /** The broker was started again. */
  beginLife(): void {
    this.#book.beginLife()
  }

  /** Both go on by themselves; what fails when the broker is gone is what is expected. */
  async run(connection: ChannelModel): Promise<void> {
    const [out, back] = [await connection.createConfirmChannel(), await openReader(connection)]
    for (const channel of [out, back]) channel.on('error', () => undefined)
    const publish = (): void => {
      if (!this.#book.hasRoom) return
      const number = this.#book.publish()
      const size = messageSizeMin + this.#random.below(this.#random.below(messageSizeMost) + 1)
      const onConfirm = (error: unknown): void => {
        if (error !== null && error !== undefined) return
        this.#book.confirm(number)
        try {
          publish()
        } catch {
          // The connection ended; so does this.
        }
      }
      out.sendToQueue(this.#queue, makeMessage(number, size), { persistent: true }, onConfirm)
    }
    for (let count = 0; count < crashTestLimits.windowMax; count++) publish()
    await this.#consume(back)
  }

  /**
   * Takes all that is there while nothing is published; `onDelivery` is called for each. Resolves when all
   * of it is acked.
   */
  async drain(connection: ChannelModel, onDelivery: () => void): Promise<void> {
    const channel = await openReader(connection)
    const { messageCount } = await channel.checkQueue(this.#queue)
    let left = messageCount
    if (left > 0) {
      await new Promise<void>((resolve, reject) => {
        channel.on('error', reject)
        channel.on('close', () => reject(brokerEnded))
        const take = (message: ConsumeMessage | null): void => {
          if (message === null) return
          const number = this.#receive(message)
          channel.ack(message)
          if (number !== undefined) this.#book.ack(number)
          onDelivery()
          if (--left === 0) resolve()
        }
        channel.consume(this.#queue, take).catch(reject)
      })
    }
    await channel.waitForConfirms()
  }

  judge(): Verdict {
    return this.#book.judge()
  }

  get #marks(): string {
    return `${this.#queue}.marks`
  }

  #receive({ content }: ConsumeMessage): number | undefined {
    const number = readMessage(content)
    this.#book.receive(number)
    return number
  }

  /** After some acks a message is published: its confirm says that they are certain. */
  async #consume(channel: ConfirmChannel): Promise<void> {
    let held: ConsumeMessage[] = []
    let heldMost = 1
    const settle = (last: ConsumeMessage): void => {
      const numbers = held.flatMap(({ content }) => readMessage(content) ?? [])
      held = []
      heldMost = 1 + this.#random.below(heldMax)
      channel.ack(last, true)
      for (const number of numbers) this.#book.ack(number)
      channel.sendToQueue(this.#marks, Buffer.alloc(0), { persistent: true }, (error: unknown) => {
        if (error !== null && error !== undefined) return
        for (const number of numbers) this.#book.ackIsCertain(number)
      })
    }
    await channel.consume(this.#queue, (message) => {
      if (message === null) return
      this.#receive(message)
      held.push(message)
      try {
        if (held.length >= heldMost) settle(message)
      } catch {
        // The connection ended; so does this.
      }
    })
  }
}

const messageSizeMost = crashTestLimits.messageSizeMax - messageSizeMin

async function openReader(connection: ChannelModel): Promise<ConfirmChannel> {
  const channel = await connection.createConfirmChannel()
  await channel.prefetch(crashTestLimits.prefetch)
  return channel
}
