// Takes everything from a queue, alone. What it acks it writes a receipt for on the same channel: once that is
// confirmed the acks are durable, and none of it may come back. Some messages it rejects, into `dead`.
import type { ConfirmChannel, ConsumeMessage } from 'amqplib'
import { idOf } from '../body.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'

const prefetch = 30
const receiptAfter = 25
/** Nobody reads them: it keeps the last ones only. */
export const receiptsQueue = 'receipts'

/** Whether the consumer rejects it. */
export function isRejected(id: string): boolean {
  return Number(id.split(':')[1]) % 50 === 49
}

/** For a patient one see `AmqpLink.open`. */
export async function consume(
  parts: ClientParts,
  queue: string,
  isPatient: boolean,
): Promise<void> {
  await parts.persist(
    () => parts.isRunning,
    async () => {
      await using link = await AmqpLink.open(parts, isPatient)
      const channel = await link.do(link.model.createConfirmChannel())
      channel.on('error', () => undefined)
      await link.do(channel.prefetch(prefetch))
      const consumer = new Consumer(parts, link, { channel, queue })
      await link.do(channel.consume(queue, (message) => consumer.onMessage(message)))
      const poll = setInterval(() => {
        if (!parts.isRunning) consumer.stop()
      }, 50)
      await Promise.race([link.ended, consumer.stopped])
      clearInterval(poll)
      if (!link.isEnded) await link.do(channel.waitForConfirms())
    },
  )
}

class Consumer {
  readonly stopped: Promise<void>
  readonly #parts: ClientParts
  readonly #link: AmqpLink
  readonly #channel: ConfirmChannel
  readonly #queue: string
  readonly #stop: () => void
  #acked: string[] = []
  #unacked = 0

  constructor(
    parts: ClientParts,
    link: AmqpLink,
    { channel, queue }: { readonly channel: ConfirmChannel; readonly queue: string },
  ) {
    this.#parts = parts
    this.#link = link
    this.#channel = channel
    this.#queue = queue
    const { promise, resolve } = Promise.withResolvers<void>()
    this.stopped = promise
    this.#stop = resolve
  }

  stop(): void {
    if (this.#acked.length > 0) this.#writeReceipt()
    this.#stop()
  }

  onMessage(message: ConsumeMessage | null): void {
    const [parts, queue] = [this.#parts, this.#queue]
    if (message === null || this.#link.isEnded) return
    const id = idOf(message.content)
    if (id === undefined) {
      parts.wrong(`${queue}: a message that nobody has sent, or has other bytes`)
      this.#channel.ack(message)
      return
    }
    this.#link.hears(`the delivery of ${id}`)
    if (++this.#unacked > prefetch) parts.wrong(`${queue}: more than ${prefetch} unacked`)
    const { redelivered: isRedelivered } = message.fields
    const order = parts.nextOrder()
    parts.history.delivered.push({
      id,
      queue,
      session: this.#link.session.id,
      isRedelivered,
      order,
    })
    setTimeout(() => this.#settle(message, id), 2)
  }

  #settle(message: ConsumeMessage, id: string): void {
    if (this.#link.isEnded) return
    this.#unacked--
    try {
      // A rejected message leaves its queue when it is in the other one, which is later.
      if (isRejected(id)) this.#channel.nack(message, false, false)
      else {
        this.#channel.ack(message)
        this.#acked.push(id)
      }
      if (this.#acked.length >= receiptAfter) this.#writeReceipt()
    } catch {
      // The channel has just ended.
    }
  }

  #writeReceipt(): void {
    const [ids, parts, queue, link] = [this.#acked, this.#parts, this.#queue, this.#link]
    this.#acked = []
    this.#channel.sendToQueue(receiptsQueue, Buffer.from('acked'), {}, (error) => {
      if (link.isEnded || error) return
      link.hears('the confirm of a receipt')
      for (const id of ids) parts.history.settled.push({ id, queue, order: parts.nextOrder() })
    })
  }
}
