// What the settings say of each cell.
import type { GroupConfig } from '../broker/group/group-config.ts'
import type { CellOptions } from '../cell/cell.ts'
import type { BrokerOptions } from '../settings/settings.ts'

/** Where a cell's data is, and how fast its disk is made to be, is for the caller to say. */
export function cellOptionsOf(
  options: BrokerOptions,
): Omit<CellOptions, 'kind' | 'data' | 'syncDelayMs'> {
  return {
    durability: options.durability,
    profile: options.profile,
    diskFreeLimit: options.diskFreeLimit,
    vhosts: options.vhosts,
    nodeId: options.kafkaNodeId,
    groups: groupConfigOf(options),
    sessions: { exchange: options.mqttExchange, keepsQos0: options.mqttQueueQos0Messages },
    connectionRate: {
      messages: options.connectionMaxPublishRate,
      bytes: options.connectionMaxPublishBytesRate,
    },
  }
}

function groupConfigOf(options: BrokerOptions): Partial<GroupConfig> {
  return {
    sessionTimeoutMsMin: options.kafkaGroupMinSessionTimeoutMs,
    sessionTimeoutMsMax: options.kafkaGroupMaxSessionTimeoutMs,
    initialRebalanceDelayMs: options.kafkaGroupInitialRebalanceDelayMs,
    membersMax: options.kafkaGroupMaxSize,
    consumer: {
      membersMax: options.kafkaGroupConsumerMaxSize,
      assignors: options.kafkaGroupConsumerAssignors,
      migrationPolicy: options.kafkaGroupConsumerMigrationPolicy,
      sessionTimeoutMs: options.kafkaGroupConsumerSessionTimeoutMs,
      sessionTimeoutMsMin: options.kafkaGroupConsumerMinSessionTimeoutMs,
      sessionTimeoutMsMax: options.kafkaGroupConsumerMaxSessionTimeoutMs,
      heartbeatIntervalMs: options.kafkaGroupConsumerHeartbeatIntervalMs,
      heartbeatIntervalMsMin: options.kafkaGroupConsumerMinHeartbeatIntervalMs,
      heartbeatIntervalMsMax: options.kafkaGroupConsumerMaxHeartbeatIntervalMs,
      assignmentIntervalMs: options.kafkaGroupConsumerAssignmentIntervalMs,
    },
  }
}
