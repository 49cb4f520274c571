// What is read of a partition for a share group, what a member wants of it, and what it gets.
import type { DeliveryFacts } from '../../record/batch/delivery-facts.ts'
import type { RecordLock } from './acquired-records.ts'
import type { ShareSettings } from './share-settings.ts'

/** Records of one partition in a row that a member got. */
export interface AcquiredRange {
  readonly first: number
  readonly last: number
  readonly deliveryCount: number
}

/** A batch of records in the log, as far as it takes to hand records of it out. */
export interface BatchSpan {
  readonly first: number
  readonly last: number
  /** Members never get its records: those of aborted transactions, and markers. */
  readonly isHidden: boolean
  /** What headers of its records say, by offset; undefined: nothing. */
  readonly facts?: ReadonlyMap<number, DeliveryFacts> | undefined
}

/** What was read of a partition: all batches that there are from `from` to the end of the last one. */
export interface ReadSpans {
  readonly from: number
  readonly spans: readonly BatchSpan[]
}

/** What a member wants of a partition. */
export interface AcquireAsked {
  readonly memberId: string
  readonly recordsMax: number
  /** Not one record more than that; otherwise the last batch comes as a whole (KIP-1206). */
  readonly isStrict: boolean
  /** Longer ranges are told in parts. */
  readonly batchSize: number
}

/** An `acquire` under way. */
export interface Taking {
  readonly asked: AcquireAsked
  readonly settings: ShareSettings
  readonly lock: RecordLock
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** With priorities: the records that the member gets. */
  readonly wanted: ReadonlySet<number> | undefined
  readonly ranges: AcquiredRange[]
  count: number
  /** How many records may come, once one has failed often. */
  countMax: number
}
