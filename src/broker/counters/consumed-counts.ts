// What clients of one protocol have got from the queues or topics of one type, and acked: kept for protocols beside AMQP,
// whose share is what is left of the counters of queues.
//
// Invariant: what is counted here is counted by a queue at the same time, as delivered to others.

export class ConsumedCounts {
  delivered = 0
  deliveredNoAck = 0
  redelivered = 0
  acked = 0
}
