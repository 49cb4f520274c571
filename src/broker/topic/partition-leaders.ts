// The cells that lead partitions of a home's topics, as the home asks them where it has to be exact.
import type { RecordView } from '../../record/message/record-view.ts'
import type { StreamPlace } from './stream-place.ts'
import type { Topic } from './topic.ts'

/** A record of a partition that another cell leads, by its offset. */
export interface RemoteRecord {
  readonly topic: Topic
  /** Its number. */
  readonly partition: number
  readonly offset: number
}

/** Where a place is in a partition. */
export interface FoundPlace {
  readonly partition: number
  /** The next offset to read. */
  readonly offset: number
  /** Of the record there, where it was looked for by its time. */
  readonly time?: number | undefined
}

/** How far a partition is compacted. */
export interface RemoteCompaction {
  readonly end: number
  readonly at: number | undefined
  readonly dirtyRatio: number
}

/** All that is for partitions which other cells lead; what is asked of others is left out. */
export interface PartitionLeaders {
  /** Brings up to date what is known of where they begin and end. Whose leader does not answer in time stays as it was. */
  look(topics: Iterable<Topic>): Promise<void>
  /** Where a place is in each of `partitions`. Rejects with BrokerError when a leader does not answer. */
  findPlaces(
    topic: Topic,
    partitions: readonly number[],
    place: StreamPlace,
  ): Promise<readonly FoundPlace[]>
  /** When these records came in, or the next ones; undefined for those that nobody knows in time. */
  timesOf(records: readonly RemoteRecord[]): Promise<readonly (number | undefined)[]>
  /** By number; of those that are to be compacted and whose leader answers in time. */
  compactionsOf(topic: Topic): Promise<ReadonlyMap<number, RemoteCompaction>>
  /**
   * The first stable record at the offset or after it, with its body; undefined when there is none. Rejects with
   * BrokerError when its leader does not answer.
   */
  readRecord(record: RemoteRecord): Promise<RecordView | undefined>
}
