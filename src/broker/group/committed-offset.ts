// A committed offset, and the partition that it is of.

/** How far a group has read a partition, and what it noted there. */
export interface CommittedOffset {
  /** The next offset to read. */
  readonly offset: number
  /** −1 when the client did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly committedMs: number
  /** When it expires whatever the retention says (clients before Kafka 2.1); undefined: by retention. */
  readonly expiresMs: number | undefined
}

/** A partition by name. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}
