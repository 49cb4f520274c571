// Limits of share groups (KIP-932), and what their settings are by default, as in Kafka 4.3.
import { KiB, MiB } from './units.ts'

export const shareLimits = {
  /** Defaults of group.share.session.timeout.ms and group.share.heartbeat.interval.ms. */
  shareSessionTimeoutMs: 45_000,
  shareHeartbeatMs: 5000,
  /** Default of group.share.assignment.interval.ms: members that come together are assigned together. */
  shareAssignmentMs: 1000,
  /** Default of group.share.record.lock.duration.ms: how long a record is a member's. */
  recordLockMs: 30_000,
  /** Default of group.share.delivery.count.limit. */
  shareDeliveriesMax: 5,
  /** Default of group.share.partition.max.record.locks: records of one partition that are out or came back. */
  recordLocksMax: 2000,
  /** Default of group.share.max.size. */
  shareGroupMembersMax: 200,
  /** Default of group.share.max.share.sessions: each has a member's partitions. */
  shareSessionsMax: 2000,
  /** Partitions of all share sessions together: each is remembered in 100 bytes. */
  shareSessionPartitionsMax: 200_000,
  /** Share groups. One without members and topics takes a kilobyte. */
  shareGroupsMax: 20_000,
  /** Members of all share groups together: each has a timer, its topics and its partitions. */
  shareMembersMax: 50_000,
  /** Names that one member may subscribe to: each is looked for again and again. */
  shareSubscribedMax: 1000,
  /** Partitions of one group: each has a cursor. They are made and deleted in one atom for each topic. */
  sharePartitionsPerGroupMax: 20_000,
  /** Partitions of all share groups together: a cursor takes some 500 bytes. */
  sharePartitionsMax: 200_000,
  /** Names of all subscriptions together: for each topic of its own a member has at least one partition. */
  shareSubscriptionsMax: 500_000,
  /** Records of all groups that are out or came back: each takes 100 bytes. */
  sharedRecordsMax: 500_000,
  /**
   * Records of one partition that wait for their time, or have waited and are not out yet: 100 bytes each. Then
   * the group gets nothing behind them until some have gone.
   */
  shareHeldMax: 262_144,
  /** The same, of all groups together. */
  sharedHeldMax: 1_000_000,
  /** Records with times or priorities of which one look for records tells: each takes 100 bytes. */
  shareFactsMax: 10_000,
  /** What one partition brings to one answer: its members want hundreds of records, not all there are. */
  shareReadSizeMax: (1 * MiB) as number,
  /** The longest id of a member, as in Kafka. */
  shareMemberIdSizeMax: 36,
  /** The longest name of a rack. */
  shareRackSizeMax: (1 * KiB) as number,
  /** How often it is looked for topics that have gone or grown, and for records that retention has passed. */
  shareCheckMs: 10_000,
  /** A leader tells the group's cell so often where the group is in its partitions. */
  shareTellMs: 5000,
  /** So many partitions are told of in one call: each is a line of JSON. */
  shareToldAtOnceMax: 1000,
  /** A member waits so long for leaders of partitions that its group is new to; others are asked again later. */
  shareLeaderWaitMs: 3000,
  /** What a cell asks another one for share groups is answered by then, or asked again later. */
  shareCallMs: 5000,
  /** Dead records that go to the group's cell together, … */
  shareBuriedAtOnceMax: 500,
  /** … and about how many bytes: a call is one request. */
  shareBuriedSizeMax: (1 * MiB) as number,
  /** They are sent again after so long when the group's cell has not taken them. */
  shareBuryRetryMs: 1000,
  /** How often a group looks for the topics of its members at most. */
  shareTopicsCheckMs: 1000,
} as const
