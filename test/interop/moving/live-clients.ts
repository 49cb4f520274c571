// A publisher and a consumer that go on until they are stopped, as those of a running system.
import type { MessageProperties } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'

/** Every message has the number of its turn in all that says something about it. */
export function propertiesOf(id: number): Record<string, unknown> {
  return {
    messageId: `${id}`,
    correlationId: `c${id}`,
    contentType: 'application/json',
    deliveryMode: 2,
    priority: id % 5,
    timestamp: 1_700_000_000 + id,
    userId: 'guest',
    headers: { id, nested: { ids: [id, `${id}`] } },
  }
}

/** What a publisher is to send next; several may share one. */
export interface Numbers {
  next: number
}

/** Publishes numbered messages one after another, each when the last one is confirmed. */
export class LivePublisher {
  readonly #session: AmqpSession
  readonly #ended: Promise<void>
  #isStopped = false

  private constructor(session: AmqpSession, publish: (goesOn: () => boolean) => Promise<void>) {
    this.#session = session
    this.#ended = publish(() => !this.#isStopped)
  }

  static async start(url: string, queue: string, numbers: Numbers): Promise<LivePublisher> {
    const session = await AmqpSession.open(url)
    const channel = await session.confirmChannel()
    return new LivePublisher(session, async (goesOn) => {
      while (goesOn()) {
        const id = numbers.next++
        channel.sendToQueue(queue, Buffer.from(`${id}`), propertiesOf(id))
        await channel.waitForConfirms()
      }
    })
  }

  /** Resolves when the last message is confirmed. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#ended
    await this.#session[Symbol.asyncDispose]()
  }
}

/** A message as it came. */
export interface Taken {
  readonly id: number
  readonly properties: MessageProperties
}

/** Acks each message of a queue and notes it. */
export class LiveConsumer {
  readonly taken: readonly Taken[]
  readonly #stop: () => Promise<void>

  private constructor(stop: () => Promise<void>, taken: readonly Taken[]) {
    this.#stop = stop
    this.taken = taken
  }

  static async start(url: string, queue: string): Promise<LiveConsumer> {
    const session = await AmqpSession.open(url)
    const channel = await session.channel()
    await channel.prefetch(20)
    const taken: Taken[] = []
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) return
      const { content, properties } = message
      taken.push({ id: Number(content.toString()), properties })
      channel.ack(message)
    })
    return new LiveConsumer(async () => {
      await channel.cancel(consumerTag)
      // Sends the acks that are on their way.
      await channel.close()
      await session[Symbol.asyncDispose]()
    }, taken)
  }

  stop(): Promise<void> {
    return this.#stop()
  }
}
