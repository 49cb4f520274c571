import { groupLimits } from '../../limits/group.ts'

/** Which groups may go over to the other protocol while they have members. */
export type MigrationPolicy = 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional'

/** How groups of the consumer protocol behave (KIP-848). */
export interface ConsumerProtocolConfig {
  /** Members of one group [group.consumer.max.size]. */
  readonly membersMax: number
  /** Names; the first is the default [group.consumer.assignors]. */
  readonly assignors: readonly string[]
  /** [group.consumer.migration.policy] */
  readonly migrationPolicy: MigrationPolicy
  /** [group.consumer.session.timeout.ms], of groups without a setting of their own; also the following. */
  readonly sessionTimeoutMs: number
  /** [group.consumer.min.session.timeout.ms], also of the settings of groups. */
  readonly sessionTimeoutMsMin: number
  readonly sessionTimeoutMsMax: number
  readonly heartbeatIntervalMs: number
  readonly heartbeatIntervalMsMin: number
  readonly heartbeatIntervalMsMax: number
  /** How soon after an assignment the next one may be made [group.consumer.assignment.interval.ms]. */
  readonly assignmentIntervalMs: number
}

/** What counts for one group of the consumer protocol. */
export type ConsumerGroupTimes = Pick<
  ConsumerProtocolConfig,
  'sessionTimeoutMs' | 'heartbeatIntervalMs' | 'assignmentIntervalMs'
>

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
  readonly consumer: ConsumerProtocolConfig
}

const minuteMs = 60_000

/** Kafka's defaults, but for the assignment interval and the largest group. */
export const defaultConsumerConfig: ConsumerProtocolConfig = {
  membersMax: groupLimits.groupMembersMax,
  assignors: ['uniform', 'range'],
  migrationPolicy: 'bidirectional',
  sessionTimeoutMs: groupLimits.consumerSessionTimeoutMs,
  sessionTimeoutMsMin: groupLimits.consumerSessionTimeoutMsMin,
  sessionTimeoutMsMax: groupLimits.consumerSessionTimeoutMsMax,
  heartbeatIntervalMs: groupLimits.consumerHeartbeatIntervalMs,
  heartbeatIntervalMsMin: groupLimits.consumerHeartbeatIntervalMsMin,
  heartbeatIntervalMsMax: groupLimits.consumerHeartbeatIntervalMsMax,
  assignmentIntervalMs: 0,
}

/** Kafka's defaults, but for the initial rebalance delay and the largest group. */
export const defaultGroupConfig: GroupConfig = {
  sessionTimeoutMsMin: groupLimits.sessionTimeoutMsMin,
  sessionTimeoutMsMax: groupLimits.sessionTimeoutMsMax,
  initialRebalanceDelayMs: groupLimits.initialRebalanceDelayMs,
  membersMax: groupLimits.groupMembersMax,
  offsetMetadataSizeMax: 4096,
  offsetsRetentionMs: 7 * 24 * 60 * minuteMs,
  offsetsRetentionCheckMs: 10 * minuteMs,
  consumer: defaultConsumerConfig,
}

/** What a group has settings of its own for, within the bounds that the broker has. */
export function consumerGroupTimes(
  config: ConsumerProtocolConfig,
  own: Readonly<Record<string, string>>,
): ConsumerGroupTimes {
  const within = (value: number, least: number, most: number): number =>
    Math.min(Math.max(value, least), most)
  const valueOf = (name: string, fallback: number): number => Number(own[name] ?? fallback)
  return {
    sessionTimeoutMs: within(
      valueOf('consumer.session.timeout.ms', config.sessionTimeoutMs),
      config.sessionTimeoutMsMin,
      config.sessionTimeoutMsMax,
    ),
    heartbeatIntervalMs: within(
      valueOf('consumer.heartbeat.interval.ms', config.heartbeatIntervalMs),
      config.heartbeatIntervalMsMin,
      config.heartbeatIntervalMsMax,
    ),
    assignmentIntervalMs: valueOf('consumer.assignment.interval.ms', config.assignmentIntervalMs),
  }
}
