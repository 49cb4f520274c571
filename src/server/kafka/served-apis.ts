// The APIs that are served, and how. An API is advertised exactly when it has a row here.
import { kafkaLimits } from '../../limits/kafka.ts'
import { handleCreateAcls, handleDeleteAcls, handleDescribeAcls } from './acls.ts'
import { handleAlterConfigs, handleIncrementalAlterConfigs } from './alter-configs.ts'
import { handleAlterUserScramCredentials } from './alter-scram-credentials.ts'
import { handleApiVersions } from './api-versions.ts'
import { handleAlterClientQuotas, handleDescribeClientQuotas } from './client-quotas.ts'
import {
  handleDescribeCluster,
  handleDescribeLogDirs,
  handleDescribeTopicPartitions,
  handleFindCoordinator,
  handleOffsetForLeaderEpoch,
} from './cluster.ts'
import { handleConsumerGroupDescribe, handleConsumerGroupHeartbeat } from './consumer-groups.ts'
import { handleCreatePartitions } from './create-partitions.ts'
import { handleCreateTopics } from './create-topics.ts'
import {
  handleCreateDelegationToken,
  handleDescribeDelegationToken,
  handleExpireDelegationToken,
  handleRenewDelegationToken,
} from './delegation-tokens.ts'
import { handleDeleteRecords } from './delete-records.ts'
import { handleDeleteTopics } from './delete-topics.ts'
import { handleDescribeConfigs } from './describe-configs.ts'
import { handleFetch } from './fetch.ts'
import { handleDeleteGroups, handleDescribeGroups, handleListGroups } from './group-admin.ts'
import {
  handleHeartbeat,
  handleJoinGroup,
  handleLeaveGroup,
  handleSyncGroup,
} from './group-membership.ts'
import { handleListConfigResources } from './list-config-resources.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleMetadata } from './metadata.ts'
import { handleOffsetCommit } from './offset-commit.ts'
import { handleOffsetDelete } from './offset-delete.ts'
import { handleOffsetFetch } from './offset-fetch.ts'
import { clusterRefusal, permittedOnCluster } from './permitted-on-cluster.ts'
import { handleProduce } from './produce.ts'
import {
  handleAddRaftVoter,
  handleDescribeQuorum,
  handleRemoveRaftVoter,
  handleUnregisterBroker,
} from './quorum.ts'
import {
  handleAlterPartitionReassignments,
  handleAlterReplicaLogDirs,
  handleElectLeaders,
  handleListPartitionReassignments,
} from './replicas.ts'
import type { ServedApis } from './request-context.ts'
import { handleSaslAuthenticate, handleSaslHandshake } from './sasl-handlers.ts'
import { handleDescribeUserScramCredentials } from './scram-credentials.ts'
import { handleShareAcknowledge } from './share-acknowledge.ts'
import { handleShareFetch } from './share-fetch.ts'
import { handleShareGroupDescribe, handleShareGroupHeartbeat } from './share-members.ts'
import {
  handleAlterShareGroupOffsets,
  handleDeleteShareGroupOffsets,
  handleDescribeShareGroupOffsets,
} from './share-offsets.ts'
import {
  handleAddOffsetsToTxn,
  handleAddPartitionsToTxn,
} from './transactions/add-to-transaction.ts'
import { handleDescribeProducers } from './transactions/describe-producers.ts'
import {
  handleDescribeTransactions,
  handleListTransactions,
} from './transactions/describe-transactions.ts'
import { handleEndTxn } from './transactions/end-txn.ts'
import { handleInitProducerId } from './transactions/init-producer-id.ts'
import { handleTxnOffsetCommit } from './transactions/txn-offset-commit.ts'
import { handleWriteTxnMarkers } from './transactions/write-txn-markers.ts'
import { handleUpdateFeatures } from './update-features.ts'

const refused = { throttleTimeMs: 0, ...clusterRefusal }
const describeLogDirs = permittedOnCluster<'describeLogDirs'>('describe', handleDescribeLogDirs, {
  ...refused,
  results: [],
})
const listPartitionReassignments = permittedOnCluster<'listPartitionReassignments'>(
  'describe',
  handleListPartitionReassignments,
  { ...refused, topics: [] },
)
const describeClientQuotas = permittedOnCluster<'describeClientQuotas'>(
  'describe-configs',
  handleDescribeClientQuotas,
  {
    ...refused,
    entries: null,
  },
)
const describeUserScramCredentials = permittedOnCluster<'describeUserScramCredentials'>(
  'describe',
  handleDescribeUserScramCredentials,
  { ...refused, results: [] },
)
const describeQuorum = permittedOnCluster<'describeQuorum'>('describe', handleDescribeQuorum, {
  ...clusterRefusal,
  topics: [],
})
const updateFeatures = permittedOnCluster<'updateFeatures'>('alter', handleUpdateFeatures, refused)
const addRaftVoter = permittedOnCluster<'addRaftVoter'>('alter', handleAddRaftVoter, refused)
const removeRaftVoter = permittedOnCluster<'removeRaftVoter'>(
  'alter',
  handleRemoveRaftVoter,
  refused,
)
const unregisterBroker = permittedOnCluster<'unregisterBroker'>(
  'alter',
  handleUnregisterBroker,
  refused,
)
const listConfigResources = permittedOnCluster<'listConfigResources'>(
  'describe-configs',
  handleListConfigResources,
  {
    ...refused,
    configResources: [],
  },
)

const describeAcls = permittedOnCluster<'describeAcls'>('describe', handleDescribeAcls, {
  ...refused,
  resources: [],
})

export const servedApis: ServedApis = {
  produce: { handle: handleProduce, operation: 'work', hasRecords: true, ownsRequestMemory: true },
  fetch: {
    handle: handleFetch,
    operation: 'work',
    inFlightMax: kafkaLimits.kafkaFetchesInFlightMax,
  },
  listOffsets: { handle: handleListOffsets, operation: 'work', isAlone: true },
  metadata: { handle: handleMetadata, operation: 'discovery', isAlone: true },
  offsetCommit: { handle: handleOffsetCommit, operation: 'work', isAlone: true },
  offsetFetch: { handle: handleOffsetFetch, operation: 'work', isAlone: true },
  joinGroup: { handle: handleJoinGroup, operation: 'work' },
  heartbeat: { handle: handleHeartbeat, operation: 'work' },
  leaveGroup: { handle: handleLeaveGroup, operation: 'work' },
  syncGroup: { handle: handleSyncGroup, operation: 'work' },
  describeGroups: { handle: handleDescribeGroups, operation: 'work', isAlone: true },
  listGroups: { handle: handleListGroups, operation: 'work', isAlone: true },
  deleteGroups: { handle: handleDeleteGroups, operation: 'work', isAlone: true },
  offsetDelete: { handle: handleOffsetDelete, operation: 'work', isAlone: true },
  findCoordinator: { handle: handleFindCoordinator, operation: 'work', isAlone: true },
  saslHandshake: { handle: handleSaslHandshake, operation: 'login' },
  saslAuthenticate: { handle: handleSaslAuthenticate, operation: 'login' },
  apiVersions: { handle: handleApiVersions, operation: 'login' },
  createTopics: { handle: handleCreateTopics, operation: 'work', isAlone: true },
  deleteTopics: { handle: handleDeleteTopics, operation: 'work', isAlone: true },
  createPartitions: { handle: handleCreatePartitions, operation: 'work', isAlone: true },
  deleteRecords: { handle: handleDeleteRecords, operation: 'work', isAlone: true },
  initProducerId: { handle: handleInitProducerId, operation: 'work' },
  addPartitionsToTxn: { handle: handleAddPartitionsToTxn, operation: 'work', isAlone: true },
  addOffsetsToTxn: { handle: handleAddOffsetsToTxn, operation: 'work' },
  endTxn: { handle: handleEndTxn, operation: 'work', isAlone: true },
  writeTxnMarkers: { handle: handleWriteTxnMarkers, operation: 'work', isAlone: true },
  txnOffsetCommit: { handle: handleTxnOffsetCommit, operation: 'work', isAlone: true },
  describeProducers: { handle: handleDescribeProducers, operation: 'work', isAlone: true },
  describeTransactions: { handle: handleDescribeTransactions, operation: 'work', isAlone: true },
  listTransactions: { handle: handleListTransactions, operation: 'work', isAlone: true },
  offsetForLeaderEpoch: { handle: handleOffsetForLeaderEpoch, operation: 'work', isAlone: true },
  describeConfigs: { handle: handleDescribeConfigs, operation: 'work', isAlone: true },
  alterConfigs: { handle: handleAlterConfigs, operation: 'work', isAlone: true },
  incrementalAlterConfigs: {
    handle: handleIncrementalAlterConfigs,
    operation: 'work',
    isAlone: true,
  },
  describeLogDirs: { handle: describeLogDirs, operation: 'work', isAlone: true },
  describeCluster: { handle: handleDescribeCluster, operation: 'discovery' },
  describeTopicPartitions: {
    handle: handleDescribeTopicPartitions,
    operation: 'work',
    isAlone: true,
  },
  describeAcls: { handle: describeAcls, operation: 'work', isAlone: true },
  createAcls: { handle: handleCreateAcls, operation: 'work', isAlone: true },
  deleteAcls: { handle: handleDeleteAcls, operation: 'work', isAlone: true },
  alterReplicaLogDirs: { handle: handleAlterReplicaLogDirs, operation: 'work', isAlone: true },
  electLeaders: { handle: handleElectLeaders, operation: 'work', isAlone: true },
  alterPartitionReassignments: {
    handle: handleAlterPartitionReassignments,
    operation: 'work',
    isAlone: true,
  },
  listPartitionReassignments: { handle: listPartitionReassignments, operation: 'work' },
  describeClientQuotas: { handle: describeClientQuotas, operation: 'work' },
  alterClientQuotas: { handle: handleAlterClientQuotas, operation: 'work', isAlone: true },
  describeUserScramCredentials: {
    handle: describeUserScramCredentials,
    operation: 'work',
    isAlone: true,
  },
  alterUserScramCredentials: {
    handle: handleAlterUserScramCredentials,
    operation: 'work',
    isAlone: true,
  },
  describeQuorum: { handle: describeQuorum, operation: 'work', isAlone: true },
  updateFeatures: { handle: updateFeatures, operation: 'work', isAlone: true },
  addRaftVoter: { handle: addRaftVoter, operation: 'work' },
  removeRaftVoter: { handle: removeRaftVoter, operation: 'work' },
  createDelegationToken: { handle: handleCreateDelegationToken, operation: 'work' },
  renewDelegationToken: { handle: handleRenewDelegationToken, operation: 'work' },
  expireDelegationToken: { handle: handleExpireDelegationToken, operation: 'work' },
  describeDelegationToken: { handle: handleDescribeDelegationToken, operation: 'work' },
  unregisterBroker: { handle: unregisterBroker, operation: 'work' },
  consumerGroupHeartbeat: { handle: handleConsumerGroupHeartbeat, operation: 'work' },
  consumerGroupDescribe: { handle: handleConsumerGroupDescribe, operation: 'work', isAlone: true },
  listConfigResources: { handle: listConfigResources, operation: 'work', isAlone: true },
  shareGroupHeartbeat: { handle: handleShareGroupHeartbeat, operation: 'work' },
  shareGroupDescribe: { handle: handleShareGroupDescribe, operation: 'work', isAlone: true },
  shareFetch: {
    handle: handleShareFetch,
    operation: 'work',
    inFlightMax: kafkaLimits.kafkaFetchesInFlightMax,
  },
  shareAcknowledge: { handle: handleShareAcknowledge, operation: 'work' },
  describeShareGroupOffsets: {
    handle: handleDescribeShareGroupOffsets,
    operation: 'work',
    isAlone: true,
  },
  alterShareGroupOffsets: {
    handle: handleAlterShareGroupOffsets,
    operation: 'work',
    isAlone: true,
  },
  deleteShareGroupOffsets: {
    handle: handleDeleteShareGroupOffsets,
    operation: 'work',
    isAlone: true,
  },
}
