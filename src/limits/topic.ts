// Limits of topics: partitions, producers, stream consumers, retention.
import { KiB, MiB } from './units.ts'

export const topicLimits = {
  /** Where records with times or priorities may be is kept rounded up to so many: a write for each step. */
  deliveryExtentStep: 65_536,
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
  /** A table of keys that is fuller becomes slow (Kafka's log.cleaner.io.buffer.load.factor is the same). */
  keyOffsetsLoadMax: 0.9,
  /** How often topics are looked at for records to compact (Kafka's log.cleaner.backoff.ms). */
  compactionCheckMs: 15_000,
  /** How often it is looked whether that is over: the time may be changed meanwhile. */
  compactionTickMs: 1000,
  /** Memory for the keys of what is compacted, 24 bytes each (Kafka's log.cleaner.dedupe.buffer.size). */
  compactionKeysSizeMax: (128 * MiB) as number,
  /** What compaction reads and writes in a second, where log.cleaner.io.max.bytes.per.second allows more. */
  compactionRateMax: (64 * MiB) as number,
  /** Compaction uses this share of one core: the thread for batches rests for the remainder. */
  compactionShareMax: 0.5,
  /** Of more that is dirty a pass does this much, or as much as is clean, so that space comes back soon. */
  compactionPassSize: (64 * MiB) as number,
  /** It rests no longer than this after a piece, which may have taken long because others use the machine. */
  compactionRestMsMax: 20,
  /** Partitions that are compacted into the same files: a file each would be too many. */
  compactionGroupMax: 100,
  /** A group is full with so much to read: what was written counts only when all of it is done. */
  compactionGroupSizeMax: (256 * MiB) as number,
  /** What could not be compacted, a damaged partition say, is tried again after this. */
  compactionRetryMs: 600_000,
  /** How often topics are looked at for records past their retention. */
  retentionCheckMs: 30_000,
} as const
