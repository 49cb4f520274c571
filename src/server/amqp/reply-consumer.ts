// The consumer of direct replies (see broker/reply-registry.ts): answers are written to its channel
// as they come, at most once, and never stored.
import type { ReplyAddressee, ReplyTarget } from '../../broker/reply-registry.ts'
import { amqpLimits } from '../../limits/amqp.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Channel, ChannelConsumer } from './channel.ts'
import { encodeTag, viewOf, writeDelivery } from './write-content.ts'

export class ReplyConsumer implements ReplyTarget, ReplyAddressee, ChannelConsumer {
  readonly tag: string
  readonly queueName = undefined
  readonly info = undefined
  readonly address: string
  readonly #channel: Channel
  readonly #tagBytes: Buffer

  constructor(channel: Channel, tag: string) {
    this.#channel = channel
    this.tag = tag
    this.#tagBytes = encodeTag(tag)
    this.address = channel.connection.context.broker.replies.register(this)
  }

  deliverReply(source: RecordSource): void {
    const channel = this.#channel
    // A requester that does not read loses answers instead of filling the broker's memory.
    if (channel.output.unsentSize > amqpLimits.unreadRepliesSizeMax) return
    channel.counters.deliveredNoAck++
    channel.counters.answered++
    const delivery = { deliveryTag: channel.nextDeliveryTag(), isRedelivered: false }
    writeDelivery(channel, this.#tagBytes, delivery, viewOf(source))
    channel.connection.scheduleFlush()
  }

  deliverReady(): void {}

  cancel(): void {
    this.#channel.connection.context.broker.replies.unregister(this.address)
    if (this.#channel.replyConsumer === this) this.#channel.replyConsumer = undefined
  }
}
