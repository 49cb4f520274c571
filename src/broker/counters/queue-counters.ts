import { addCounts } from './add-counts.ts'
import type { ConsumedCounts } from './consumed-counts.ts'

/**
 * What happened to the messages of a queue or topic since the broker started: numbers that only grow,
 * one for each count of RabbitMQ's management API, whose name stands beside it.
 */
export class QueueCounters {
  /** publish: messages that were put in. */
  published = 0
  /** deliver: to consumers that ack. */
  delivered = 0
  /** deliver_no_ack */
  deliveredNoAck = 0
  /** get: taken one by one, and to be acked. */
  got = 0
  /** get_no_ack */
  gotNoAck = 0
  /** get_empty: asked for while there was none. */
  gotEmpty = 0
  /** redeliver: deliveries and gets of messages that had been delivered before. */
  redelivered = 0
  /** ack */
  acked = 0
  /** Records that Kafka clients have fetched; a fetch takes nothing away. */
  fetched = 0
  /** Of `published`, records that Kafka clients have sent. */
  produced = 0
  /** Of those above, what was delivered to clients that speak neither AMQP nor Kafka's protocol, and acked by them. */
  deliveredToOthers = 0
  deliveredNoAckToOthers = 0
  redeliveredToOthers = 0
  ackedByOthers = 0

  /** Records of a Kafka client were put in. */
  onProduced(count: number): void {
    this.published += count
    this.produced += count
  }

  /** What was delivered just now, and is counted, went to a client of the protocol whose counts these are. */
  onDeliveredToOther(counts: ConsumedCounts, isNoAck: boolean, isRedelivered: boolean): void {
    if (isRedelivered) {
      counts.redelivered++
      this.redeliveredToOthers++
    }
    if (isNoAck) {
      counts.deliveredNoAck++
      this.deliveredNoAckToOthers++
    } else {
      counts.delivered++
      this.deliveredToOthers++
    }
  }

  /** It was such a client that acked what was acked just now, and is counted. */
  onAckedByOther(counts: ConsumedCounts): void {
    counts.acked++
    this.ackedByOthers++
  }

  /** Adds what another one has counted. */
  add(other: QueueCounters): void {
    addCounts(this, other)
  }
}
