// Settings of groups of the consumer protocol (KIP-848), under Kafka's names with `kafka-` in front. A group may have
// some of its own (kafka-configs --entity-type groups), within the bounds that are set here.
import { groupLimits } from '../limits/group.ts'
import { listOf, oneOf, wholeNumber } from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'

export interface ConsumerGroupSettings {
  readonly kafkaGroupConsumerSessionTimeoutMs: number
  readonly kafkaGroupConsumerMinSessionTimeoutMs: number
  readonly kafkaGroupConsumerMaxSessionTimeoutMs: number
  readonly kafkaGroupConsumerHeartbeatIntervalMs: number
  readonly kafkaGroupConsumerMinHeartbeatIntervalMs: number
  readonly kafkaGroupConsumerMaxHeartbeatIntervalMs: number
  readonly kafkaGroupConsumerAssignmentIntervalMs: number
  readonly kafkaGroupConsumerMaxSize: number
  readonly kafkaGroupConsumerAssignors: readonly string[]
  readonly kafkaGroupConsumerMigrationPolicy: 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional'
}

/** Those that there are. */
const assignors = ['uniform', 'range'] as const
const int32Max = 2 ** 31 - 1

export const consumerGroupSettings: {
  readonly [Key in keyof ConsumerGroupSettings]: SettingRow<ConsumerGroupSettings[Key]>
} = {
  kafkaGroupConsumerSessionTimeoutMs: {
    ...milliseconds(groupLimits.consumerSessionTimeoutMs),
    description:
      "After how much silence a member of the consumer protocol is lost (Kafka's group.consumer.session.timeout.ms)",
  },
  kafkaGroupConsumerMinSessionTimeoutMs: {
    ...milliseconds(groupLimits.consumerSessionTimeoutMsMin),
    description:
      "Shortest such timeout that a group may have of its own (Kafka's group.consumer.min.session.timeout.ms)",
  },
  kafkaGroupConsumerMaxSessionTimeoutMs: {
    ...milliseconds(groupLimits.consumerSessionTimeoutMsMax),
    description: "Longest one (Kafka's group.consumer.max.session.timeout.ms)",
  },
  kafkaGroupConsumerHeartbeatIntervalMs: {
    ...milliseconds(groupLimits.consumerHeartbeatIntervalMs),
    description:
      "How often members of the consumer protocol are to heartbeat (Kafka's group.consumer.heartbeat.interval.ms)",
  },
  kafkaGroupConsumerMinHeartbeatIntervalMs: {
    ...milliseconds(groupLimits.consumerHeartbeatIntervalMsMin),
    description:
      "Shortest such interval that a group may have of its own (Kafka's group.consumer.min.heartbeat.interval.ms)",
  },
  kafkaGroupConsumerMaxHeartbeatIntervalMs: {
    ...milliseconds(groupLimits.consumerHeartbeatIntervalMsMax),
    description: "Longest one (Kafka's group.consumer.max.heartbeat.interval.ms)",
  },
  kafkaGroupConsumerAssignmentIntervalMs: {
    ...milliseconds(0),
    kind: wholeNumber(0, int32Max),
    description:
      "How soon after an assignment of partitions a group may get the next one (Kafka's group.consumer.assignment.interval.ms, there 1000)",
  },
  kafkaGroupConsumerMaxSize: {
    kind: wholeNumber(1, int32Max),
    default: groupLimits.groupMembersMax,
    placeholder: 'COUNT',
    description:
      "Most members of one group of the consumer protocol (Kafka's group.consumer.max.size)",
  },
  kafkaGroupConsumerAssignors: {
    kind: listOf(assignors),
    default: assignors,
    placeholder: 'NAMES',
    description:
      "Assignors that members may ask for, between commas: uniform and range; the first is the default (Kafka's group.consumer.assignors)",
  },
  kafkaGroupConsumerMigrationPolicy: {
    kind: oneOf(['disabled', 'upgrade', 'downgrade', 'bidirectional']),
    default: 'bidirectional',
    placeholder: 'POLICY',
    description:
      "Whether groups go over to the consumer protocol and back while they have members: disabled, upgrade, downgrade, bidirectional (Kafka's group.consumer.migration.policy)",
  },
}

function milliseconds(value: number): Pick<SettingRow<number>, 'kind' | 'default' | 'placeholder'> {
  return { kind: wholeNumber(1, int32Max), default: value, placeholder: 'MILLISECONDS' }
}
