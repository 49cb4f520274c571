// What nodes ask the owner of a cell, a row for each. A call may come twice, because an answer was lost, and late:
// whoever answers does nothing twice. Arguments and results are JSON; with both may go bytes.
import type { SettingOwner, SettingValues } from '../../broker/dynamic-settings.ts'
import type {
  BuryAsked,
  MovePlaceAsked,
  OpenPlaceAsked,
  ReleaseMemberAsked,
  SharePlaceName,
  ToldPlace,
} from '../../broker/share/share-elsewhere.ts'
import type {
  AppendArgs,
  AppendResult,
  HoldArgs,
  HoldResult,
  ReadArgs,
  ReadResult,
  WatchArgs,
  WatchResult,
} from '../../broker/spread/record-calls.ts'
import type { FoundPlace } from '../../broker/topic/partition-leaders.ts'
import type { PartitionFacts } from '../../broker/topic/remote-partition.ts'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'
import type {
  BranchEnd,
  JoinAnswers,
  JoinAsked,
  LookAsked,
  PartProgress,
  SettleAnswer,
  SettleAsked,
} from '../../broker/transaction/branch-messages.ts'

export interface Calls {
  /** The home's spread topics, when there is a change since `since`, or after a while. See `TopicBoard`. */
  readonly 'topics.follow': { readonly args: FollowArgs; readonly result: FollowResult }
  /** Of the home, before batches of transactions are stored elsewhere. See `TransactionBranch`. */
  readonly 'transactions.join': {
    readonly args: { readonly asked: readonly JoinAsked[] }
    readonly result: JoinAnswers
  }
  /** Of the home, when somebody else than its producer wants a transaction to end. */
  readonly 'transactions.settle': { readonly args: SettleAsked; readonly result: SettleAnswer }
  /** Of who leads partitions that a transaction writes to, for people. */
  readonly 'transactions.look': {
    readonly args: LookAsked
    readonly result: { readonly found: readonly (PartProgress | null)[] }
  }
  /** By the home; answered when the markers are durable. See `CellEnds`. */
  readonly 'transactions.end': {
    readonly args: { readonly ends: readonly BranchEnd[] }
    readonly result: object
  }
  /** What has happened to the records of partitions, for the home. See `TopicCounts`. */
  readonly 'topics.counts': { readonly args: CountsArgs; readonly result: object }
  /** The settings of the home that all cells act on, in the same way. See `SettingsBoard`. */
  readonly 'settings.follow': {
    readonly args: FollowedVersion
    readonly result: FollowSettingsResult
  }
  /** Of the home: has a leader open, move and forget places of share groups, and say where they are. See `LedPlaces`. */
  readonly 'shares.open': { readonly args: OpenPlaceAsked; readonly result: object }
  readonly 'shares.move': { readonly args: MovePlaceAsked; readonly result: object }
  readonly 'shares.forget': { readonly args: SharePlaceName; readonly result: object }
  readonly 'shares.release': { readonly args: ReleaseMemberAsked; readonly result: object }
  readonly 'shares.describe': {
    readonly args: { readonly groupId: string }
    readonly result: readonly ToldPlace[]
  }
  /** Of a leader: says where groups are, and hears which of these places are no more. */
  readonly 'shares.tell': {
    readonly args: { readonly places: readonly ToldPlace[] }
    readonly result: readonly SharePlaceName[]
  }
  /** Of a leader, with its dead messages. See `ShareBurials`. */
  readonly 'shares.bury': { readonly args: BuryAsked; readonly result: object }
  /** Where partitions begin and end. */
  readonly 'partitions.describe': {
    readonly args: { readonly topicIds: readonly string[] }
    readonly result: readonly PartitionEnds[]
  }
  /** How far those of a compacted topic are compacted. */
  readonly 'partitions.compactions': {
    readonly args: { readonly topicId: string }
    readonly result: readonly (readonly [partition: number, CompactionSaid])[]
  }
  readonly 'partitions.places': {
    readonly args: PlacesArgs
    readonly result: readonly FoundPlace[]
  }
  /** When records came in; null for those that are not there. */
  readonly 'partitions.times': {
    readonly args: { readonly records: readonly RecordName[] }
    readonly result: readonly (number | null)[]
  }
  /** The first stable record from an offset on, with its body: see `encodeCarried`. Nothing where there is none. */
  readonly 'partitions.record': { readonly args: RecordName; readonly result: object }
  /** Where partitions that the cell leads end, when there are news, or after a while. */
  readonly 'records.watch': { readonly args: WatchArgs; readonly result: WatchResult }
  /** Records of such a partition for readers of messages: as runs that go along. */
  readonly 'records.read': { readonly args: ReadArgs; readonly result: ReadResult }
  /** Messages for such partitions, which go along as runs. */
  readonly 'records.append': { readonly args: AppendArgs; readonly result: AppendResult }
  /** What queues need of such partitions. */
  readonly 'records.hold': { readonly args: HoldArgs; readonly result: HoldResult }
}

export type CallName = keyof Calls

/** What one end says to the other. */
export interface Message<Content> {
  readonly content: Content
  readonly body?: Buffer | undefined
}

export type CallHandler<Name extends CallName> = (
  args: Calls[Name]['args'],
  asked: { readonly body: Buffer; readonly signal: AbortSignal },
) => Promise<Message<Calls[Name]['result']>>

/** What a cell answers. */
export type CallHandlers = { readonly [Name in CallName]: CallHandler<Name> }

/** A spread topic, as its home keeps it. */
export interface SpreadTopic {
  readonly name: string
  readonly topicId: string
  readonly spread: number
  readonly partitionCount: number
  /** Its own and those of policies. */
  readonly configs: Readonly<Record<string, string>>
}

/** Of an owner of the home: versions of another one mean nothing. */
export interface HomeVersion {
  readonly version: number
  readonly homeEpoch: number
}

/** The version of which a cell has everything, of this owner of the home; -1: of none. */
export interface FollowedVersion {
  readonly since: number
  readonly homeEpoch: number
}

export interface FollowArgs extends FollowedVersion {
  readonly cell: number
  /** Of the owner of the cell. */
  readonly epoch: number
  /** Of partitions that the cell leads, where it is another than the last time. */
  readonly ends: readonly PartitionEnds[]
}

export interface PartitionEnds {
  readonly topicId: string
  /** By number of the partition. */
  readonly partitions: readonly (readonly [number, PartitionFacts])[]
}

/** `isWhole`: these are all topics, and others are gone; else what has changed since, with the ids of what is gone. */
export interface FollowResult extends HomeVersion {
  readonly isWhole: boolean
  readonly topics: readonly SpreadTopic[]
  readonly gone: readonly string[]
}

export interface CountsArgs {
  readonly cell: number
  /** Of the owner of the cell. */
  readonly epoch: number
  /** Of those in which something has happened: all that this owner has counted, and what it has said of it before. */
  readonly topics: readonly {
    readonly topicId: string
    readonly counts: TopicCountsSaid
    readonly before: TopicCountsSaid
  }[]
}

export interface TopicCountsSaid {
  readonly published: number
  readonly produced: number
  readonly fetched: number
  readonly acked: number
}

/** All settings of one owner; empty: it has none any more. */
export interface SettingsOf {
  readonly owner: SettingOwner
  readonly name: string
  readonly values: SettingValues
}

/** `isWhole`: these are all, and others are gone. */
export interface FollowSettingsResult extends HomeVersion {
  readonly isWhole: boolean
  readonly settings: readonly SettingsOf[]
}

export interface CompactionSaid {
  readonly end: number
  readonly at: number | null
  readonly dirtyRatio: number
}

export interface PlacesArgs {
  readonly topicId: string
  readonly partitions: readonly number[]
  readonly place: StreamPlace
}

/** A record in a partition, by its offset. */
export interface RecordName {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}
