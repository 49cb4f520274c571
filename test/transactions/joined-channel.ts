// A channel in mode tx, whose commits are handed over to the transaction of a Kafka producer. Whatever goes wrong
// with it, the connection is given up: a worker opens another.
import { RawClient } from '../support/raw-client.ts'
import type { LinkContext } from './link.ts'

export interface Delivery {
  readonly tag: number
  readonly value: string
  readonly isRedelivered: boolean
}

const patienceMs = 60_000
/** Flags and values of a header that says no more than that the message is persistent. */
const persistent = Buffer.from([0x10, 0x00, 2])
const preconditionFailed = 406

export class JoinedChannel implements AsyncDisposable {
  readonly #client: RawClient
  readonly #context: LinkContext

  private constructor(client: RawClient, context: LinkContext) {
    this.#client = client
    this.#context = context
  }

  /** For the producer that has the id at this moment. Throws when the broker goes meanwhile. */
  static async open(context: LinkContext, transactionalId: string): Promise<JoinedChannel> {
    const clientProperties = { transactional_id: ['S', transactionalId] } as const
    const client = await RawClient.openChannel(context.amqpPort(), { clientProperties })
    await client.call(1, 'tx.select')
    return new JoinedChannel(client, context)
  }

  /** Undefined when nothing is ready. */
  async get(queue: string): Promise<Delivery | undefined> {
    this.#client.send(1, 'basic.get', { queue })
    const frame = await this.#client.next(patienceMs)
    if (frame.kind === 'method' && frame.name === 'basic.get-empty') return undefined
    if (frame.kind !== 'method' || frame.name !== 'basic.get-ok') throw new Error(frame.kind)
    const header = await this.#client.next(patienceMs)
    const body = await this.#client.next(patienceMs)
    if (header.kind !== 'header' || body.kind !== 'body') throw new Error(body.kind)
    this.#context.answered++
    const { deliveryTag, redelivered } = frame.args
    return {
      tag: Number(deliveryTag),
      value: body.payload.toString(),
      isRedelivered: redelivered === true,
    }
  }

  ack(tag: number): void {
    this.#client.send(1, 'basic.ack', { deliveryTag: tag })
  }

  publish(queue: string, value: string): void {
    this.#client.publish(1, { routingKey: queue }, value, persistent)
  }

  /** 'refused': another producer has the id now. Throws when the broker goes before it answers. */
  async commit(): Promise<'held' | 'refused'> {
    this.#client.send(1, 'tx.commit')
    this.#context.onSent?.('tx.commit')
    const frame = await this.#client.next(patienceMs)
    this.#context.answered++
    if (frame.kind === 'method' && frame.name === 'tx.commit-ok') return 'held'
    if (frame.kind !== 'method' || frame.name !== 'channel.close') throw new Error(frame.kind)
    if (frame.args['replyCode'] === preconditionFailed) return 'refused'
    throw new Error(`tx.commit: ${JSON.stringify(frame.args)}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }
}
