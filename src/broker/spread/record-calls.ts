// What a cell asks the cells that lead partitions of its topics, and what those answer. Whoever asks and whoever
// answers may be in different processes: a call may be lost, late, or done twice.
import type { PartitionFacts } from '../topic/remote-partition.ts'

/** A partition of a spread topic, by the topic's id. */
export interface PartitionId {
  readonly topicId: string
  readonly number: number
}

export interface WatchArgs {
  /** Which, where readers have its end, and where its start was last; -1 for unknown. */
  readonly known: readonly (readonly [
    topicId: string,
    number: number,
    end: number,
    start: number,
  ])[]
  /** To wait for news; 0: what is known at once. */
  readonly waitMs: number
}

export interface WatchResult {
  /** Those of which there are news, and those that the cell has not. */
  readonly changed: readonly (readonly [
    topicId: string,
    number: number,
    facts: PartitionFacts | null,
    /** From the known end on: offsets first … last of what readers of messages do not see, as far as is known. */
    hidden: readonly (readonly [first: number, last: number])[],
  ])[]
}

export interface ReadArgs extends PartitionId {
  readonly offset: number
  readonly sizeMax: number
  /** Instead of what follows: the run with the first record at or after `offset` that is as late. */
  readonly timestamp?: number | undefined
}

/** With it go runs, see `portable-runs.ts`: those for readers of messages. */
export interface ReadResult {
  readonly facts: PartitionFacts
  /** Nothing else for readers is below. */
  readonly next: number
}

/** Messages of one partition. */
export interface SentPart extends PartitionId {
  /** Which sequence of messages, see `SentMessages`. */
  readonly sequence: string
  /** Bytes of the body. */
  readonly size: number
}

/** With it go the parts' runs, whose offsets are the numbers of messages in their sequences. */
export interface AppendArgs {
  readonly parts: readonly SentPart[]
}

export interface AppendResult {
  /** For each part the number behind the last that is durable; null: the cell has no such partition. */
  readonly ends: readonly (number | null)[]
}

export interface HoldArgs {
  /** All partitions of the cell of which somebody needs records, and from where on. Others are needed by nobody. */
  readonly floors: readonly (readonly [topicId: string, number: number, floor: number])[]
}

export interface HoldResult {
  /** Those that the cell has. */
  readonly heldCount: number
}

/** Asks the owner of a cell. Rejects when it cannot be asked, or refuses. */
export interface RecordCalls {
  watch(cell: number, args: WatchArgs, signal: AbortSignal): Promise<WatchResult>
  read(
    cell: number,
    args: ReadArgs,
  ): Promise<{ readonly result: ReadResult; readonly body: Buffer }>
  append(cell: number, args: AppendArgs, body: Buffer): Promise<AppendResult>
  hold(cell: number, args: HoldArgs): Promise<HoldResult>
}
