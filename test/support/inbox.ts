// Collects what one amqplib consumer receives and lets a test wait for it.

import type { Channel, ConsumeMessage, Options } from 'amqplib'
import { waitFor } from './wait-for.ts'

export class Inbox {
  readonly messages: ConsumeMessage[] = []
  readonly #queue: string
  consumerTag = ''
  /** The server has cancelled this consumer. */
  isCancelled = false

  private constructor(queue: string) {
    this.#queue = queue
  }

  static async consume(
    channel: Channel,
    queue: string,
    options: Options.Consume = {},
  ): Promise<Inbox> {
    const inbox = new Inbox(queue)
    const { consumerTag } = await channel.consume(queue, (message) => inbox.#add(message), options)
    inbox.consumerTag = consumerTag
    return inbox
  }

  get bodies(): string[] {
    return this.messages.map((message) => message.content.toString())
  }

  /** Waits until `count` messages have arrived since the start; returns all of them. */
  async received(count: number): Promise<ConsumeMessage[]> {
    await waitFor(
      `${count} deliveries from ${this.#queue}`,
      () => this.messages.length >= count,
    ).catch((error: Error) => {
      throw new Error(`${error.message}, received: ${this.bodies.slice(0, 20).join(', ')}`)
    })
    return this.messages
  }

  /** Waits until the server has cancelled this consumer. */
  async cancelled(): Promise<void> {
    await waitFor(`server cancels the consumer of ${this.#queue}`, () => this.isCancelled)
  }

  #add(message: ConsumeMessage | null): void {
    if (message) this.messages.push(message)
    else this.isCancelled = true
  }
}

/**
 * Resolves when everything that the queue had to deliver to `channel` has arrived. Two round trips:
 * RabbitMQ may answer the first one ahead of deliveries that were on their way to the channel.
 */
export async function settled(channel: Channel, queue: string): Promise<void> {
  await channel.checkQueue(queue)
  await channel.checkQueue(queue)
}
