// Limits of consumer groups.
import { MiB } from './units.ts'

export const groupLimits = {
  /** Times of records that are looked up at other cells in one go: each may be a read from a disk. */
  timesAtOnceMax: 500,
  /** Some tools invent a group id each time they run. A group without members takes 2.5 KiB. */
  groupsMax: 50_000,
  /** Default of group.initial.rebalance.delay.ms: enough for consumers that start together, and not felt (decision 0030). */
  initialRebalanceDelayMs: 250,
  /** Defaults of group.min.session.timeout.ms and group.max.session.timeout.ms, as in Kafka. */
  sessionTimeoutMsMin: 6000,
  sessionTimeoutMsMax: 1_800_000,
  /** Default of group.max.size: a leader assigns for all members and is sent the metadata of each. */
  groupMembersMax: 5000,
  /** Member ids given out and not yet used; each holds a timer until its session timeout. */
  groupPendingMembersMax: 5000,
  /** A group with its members and assignments is stored as one row, at each generation. */
  groupStateSizeMax: (8 * MiB) as number,
  /** Partitions that one group commits: deleting the group deletes them in one atom. */
  groupOffsetsMax: 100_000,
  /** Defaults of group.consumer.session.timeout.ms and of its bounds, as in Kafka. */
  consumerSessionTimeoutMs: 45_000,
  consumerSessionTimeoutMsMin: 45_000,
  consumerSessionTimeoutMsMax: 60_000,
  /** Defaults of group.consumer.heartbeat.interval.ms and of its bounds, as in Kafka. */
  consumerHeartbeatIntervalMs: 5000,
  consumerHeartbeatIntervalMsMin: 5000,
  consumerHeartbeatIntervalMsMax: 15_000,
  /** Different regular expressions of one group: each is matched with every topic. */
  patternsPerGroupMax: 100,
  /** Topics that one step of that matches: about a millisecond. */
  patternLooksPerStep: 100,
  /** So few are matched at once, and the heartbeat is answered in the same turn. */
  patternLooksAtOnceMax: 500,
  /** How soon topics that come and go may be matched again, as in Kafka (10 s there) … */
  patternRefreshMsMin: 2000,
  /** … and when they are matched in any case, because rights may have changed, as in Kafka. */
  patternRefreshMsMax: 600_000,
  /** A group looks at its topics when there are changes, and so often at least: queues get partitions silently. */
  topicsLookMs: 10_000,
  /** A group gets its next assignment after this many times what the last one took: a 20th of the time at most. */
  assignmentRestFactor: 20,
  /** … when it was about so many members and partitions. */
  assignmentRestFrom: 2000,
  /** One of so many members times topics, and partitions, is made in the same turn; a larger one in slices. */
  assignedAtOnceMax: 20_000,
  /** Rounds of the uniform assignor; nearly always two are enough. */
  balanceRoundsMax: 16,
  /** Memory of one partition that a group gives out: in a target, in what a member has, among the owners. */
  assignedPartitionSize: 24,
  /** Offsets without a topic that one write of the start forgets: an atom is not to be large. */
  unownedRowsPerWriteMax: 1000,
  /** What clients make the broker remember for all groups together. */
  groupMemorySizeMax: (256 * MiB) as number,
  /** Places that are remembered because members begin there again and again; some 500 bytes each. */
  stuckPlacesMax: 10_000,
  /** How old sums of lags may be: adding them up looks at each place of each group. */
  lagsGoodMs: 4000,
  /** Places that one step of that looks at: well under a millisecond. */
  placesPerStep: 500,
  /** Groups whose lag is remembered while somebody looks at lags, … */
  lagHistoriesMax: 1000,
  /** … and so often: ten minutes, 20 bytes each. */
  lagSamplesMax: 150,
  /** How long a join of a new member waits before it has to come again, as in Kafka. */
  groupNewMemberJoinMs: 300_000,
} as const
