// Limits of topics: partitions, producers, stream consumers, retention.
import { KiB } from './units.ts'

export const topicLimits = {
  /** Idempotent producers not heard of for so long are forgotten (Kafka's producer.id.expiration.ms). */
  producerIdExpirationMs: 86_400_000,
  /** Each is a log with its memory and its entries; Kafka's tools warn far below that. */
  partitionsPerTopicMax: 10_000,
  /** Partitions that one request may make, as in Kafka's controller (MAX_PARTITIONS_PER_BATCH). */
  partitionsPerRequestMax: 10_000,
  /** Idempotent producers one partition remembers; the oldest are forgotten first. */
  producersPerPartitionMax: 10_000,
  /** One read of a stream consumer: each holds that much until it is delivered. */
  streamReadSizeMax: (256 * KiB) as number,
  /** Records a stream consumer with a filter passes over in a turn: others get theirs after that. */
  streamSkipsPerTurnMax: 4096,
  /** Named stream consumers: each is an entry that comes back at every start. */
  consumerNamesPerPartitionMax: 1000,
  /** Acks of named stream consumers are gathered for so long before they are written. */
  consumerOffsetsFlushMs: 100,
  /** How often topics are looked at for records past their retention. */
  retentionCheckMs: 30_000,
} as const
