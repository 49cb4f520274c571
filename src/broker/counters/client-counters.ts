import { addCounts } from './add-counts.ts'

/** What a client has done and got, as in {@link QueueCounters}: on a channel, a connection, or in sum. */
export class ClientCounters {
  /** publish */
  published = 0
  /** Of them those that the client wanted to be confirmed. */
  confirmable = 0
  /** Copies of them that went to queues. */
  routed = 0
  /** confirm */
  confirmed = 0
  /** return_unroutable */
  returned = 0
  /** drop_unroutable */
  dropped = 0
  /** deliver */
  delivered = 0
  /** deliver_no_ack */
  deliveredNoAck = 0
  /** get */
  got = 0
  /** get_no_ack */
  gotNoAck = 0
  /** get_empty */
  gotEmpty = 0
  /** redeliver */
  redelivered = 0
  /** ack */
  acked = 0
  /** Records that it has fetched by Kafka's protocol. */
  fetched = 0
  /** Bytes of the batches that it has produced and fetched by Kafka's protocol. */
  producedSize = 0
  fetchedSize = 0
  /** Answers to its requests (direct reply-to), which are deliveries without acks as well. */
  answered = 0
  /** Channels that were opened. */
  channels = 0

  /** Adds what another one has counted. */
  add(other: ClientCounters): void {
    addCounts(this, other)
  }
}
