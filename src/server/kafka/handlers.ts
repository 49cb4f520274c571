// What is served. An API is advertised exactly when it has a row here.
import { handleAlterConfigs, handleIncrementalAlterConfigs } from './alter-configs.ts'
import { handleApiVersions } from './api-versions.ts'
import {
  handleDescribeCluster,
  handleDescribeLogDirs,
  handleDescribeTopicPartitions,
  handleFindCoordinator,
  handleInitProducerId,
  handleOffsetForLeaderEpoch,
} from './cluster.ts'
import { handleDescribeConfigs } from './describe-configs.ts'
import { handleFetch } from './fetch.ts'
import { handleDeleteGroups, handleDescribeGroups, handleListGroups } from './group-admin.ts'
import {
  handleHeartbeat,
  handleJoinGroup,
  handleLeaveGroup,
  handleSyncGroup,
} from './group-membership.ts'
import { handleOffsetCommit, handleOffsetDelete, handleOffsetFetch } from './group-offsets.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleMetadata } from './metadata.ts'
import { handleProduce } from './produce.ts'
import type { Handlers } from './request-context.ts'
import { handleSaslAuthenticate, handleSaslHandshake } from './sasl-handlers.ts'
import {
  handleCreatePartitions,
  handleCreateTopics,
  handleDeleteRecords,
  handleDeleteTopics,
} from './topic-admin.ts'

export const handlers: Handlers = {
  produce: handleProduce,
  fetch: handleFetch,
  listOffsets: handleListOffsets,
  metadata: handleMetadata,
  offsetCommit: handleOffsetCommit,
  offsetFetch: handleOffsetFetch,
  joinGroup: handleJoinGroup,
  heartbeat: handleHeartbeat,
  leaveGroup: handleLeaveGroup,
  syncGroup: handleSyncGroup,
  describeGroups: handleDescribeGroups,
  listGroups: handleListGroups,
  deleteGroups: handleDeleteGroups,
  offsetDelete: handleOffsetDelete,
  findCoordinator: handleFindCoordinator,
  saslHandshake: handleSaslHandshake,
  saslAuthenticate: handleSaslAuthenticate,
  apiVersions: handleApiVersions,
  createTopics: handleCreateTopics,
  deleteTopics: handleDeleteTopics,
  createPartitions: handleCreatePartitions,
  deleteRecords: handleDeleteRecords,
  initProducerId: handleInitProducerId,
  offsetForLeaderEpoch: handleOffsetForLeaderEpoch,
  describeConfigs: handleDescribeConfigs,
  alterConfigs: handleAlterConfigs,
  incrementalAlterConfigs: handleIncrementalAlterConfigs,
  describeLogDirs: handleDescribeLogDirs,
  describeCluster: handleDescribeCluster,
  describeTopicPartitions: handleDescribeTopicPartitions,
}
