import { groupLimits } from '../../limits/group.ts'

/** How consumer groups behave. Names of Kafka's settings in brackets. */
export interface GroupConfig {
  /** Shortest session timeout a member may ask for [group.min.session.timeout.ms]. */
  readonly sessionTimeoutMsMin: number
  /** Longest one [group.max.session.timeout.ms]. */
  readonly sessionTimeoutMsMax: number
  /**
   * How long the first rebalance of an empty group waits for more members; each one that comes
   * makes it wait once more [group.initial.rebalance.delay.ms].
   */
  readonly initialRebalanceDelayMs: number
  /** Members of one group [group.max.size]. */
  readonly membersMax: number
  /** Longest text kept with a committed offset, in UTF-16 units [offset.metadata.max.bytes]. */
  readonly offsetMetadataSizeMax: number
  /** How long offsets outlive their use [offsets.retention.minutes]. */
  readonly offsetsRetentionMs: number
  /** How often offsets past that are looked for [offsets.retention.check.interval.ms]. */
  readonly offsetsRetentionCheckMs: number
}

const minuteMs = 60_000

/** Kafka's defaults, but for the initial rebalance delay and the largest group. */
export const defaultGroupConfig: GroupConfig = {
  sessionTimeoutMsMin: groupLimits.sessionTimeoutMsMin,
  sessionTimeoutMsMax: groupLimits.sessionTimeoutMsMax,
  initialRebalanceDelayMs: groupLimits.initialRebalanceDelayMs,
  membersMax: groupLimits.groupMembersMax,
  offsetMetadataSizeMax: 4096,
  offsetsRetentionMs: 7 * 24 * 60 * minuteMs,
  offsetsRetentionCheckMs: 10 * minuteMs,
}
