// The APIs that are served, and how. An API is advertised exactly when it has a row here. What clients ask for
// when they begin to produce and consume is there from the start, and all else is loaded late.
import { consumerParts } from '../../broker/group/consumer/consumer-parts.ts'
import { shareParts } from '../../broker/share/share-parts.ts'
import type { ApiName } from '../../codec/kafka/apis.gen.ts'
import { Late } from '../../lib/late.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { handleApiVersions } from './api-versions.ts'
import { handleFetch } from './fetch.ts'
import { handleFindCoordinator } from './find-coordinator.ts'
import {
  handleHeartbeat,
  handleJoinGroup,
  handleLeaveGroup,
  handleSyncGroup,
} from './group-membership.ts'
import { handleListOffsets } from './list-offsets.ts'
import { handleMetadata } from './metadata.ts'
import { handleOffsetCommit } from './offset-commit.ts'
import { handleOffsetFetch } from './offset-fetch.ts'
import { clusterRefusal, permittedOnCluster } from './permitted-on-cluster.ts'
import { handleProduce } from './produce.ts'
import type { Handler, ServedApi, ServedApis } from './request-context.ts'
import { handleSaslAuthenticate, handleSaslHandshake } from './sasl-handlers.ts'
import { handleInitProducerId } from './transactions/init-producer-id.ts'

type Facts = Omit<ServedApi<ApiName>, 'handle' | 'late'>

const work: Facts = { operation: 'work' }
const alone: Facts = { operation: 'work', isAlone: true }
const led: Facts = { ...alone, isForLeaders: true }
const refused = { throttleTimeMs: 0, ...clusterRefusal }

/** A row whose handler is loaded before its first request is answered. */
function late<Name extends ApiName>(
  facts: Facts,
  open: () => Promise<Handler<Name>>,
): ServedApi<Name> {
  const handler = new Late(open)
  return {
    ...facts,
    late: handler,
    handle: (request, context) => handler.value(request, context),
  }
}

export const servedApis: ServedApis = {
  produce: {
    handle: handleProduce,
    operation: 'work',
    isForLeaders: true,
    hasRecords: true,
    ownsRequestMemory: true,
  },
  fetch: {
    handle: handleFetch,
    operation: 'work',
    isForLeaders: true,
    inFlightMax: kafkaLimits.kafkaFetchesInFlightMax,
  },
  listOffsets: { ...led, handle: handleListOffsets },
  metadata: { handle: handleMetadata, operation: 'discovery', isAlone: true, isQuestion: true },
  offsetCommit: { handle: handleOffsetCommit, operation: 'work', isAlone: true },
  offsetFetch: { handle: handleOffsetFetch, operation: 'work', isAlone: true, isQuestion: true },
  joinGroup: { handle: handleJoinGroup, operation: 'work' },
  heartbeat: { handle: handleHeartbeat, operation: 'work' },
  leaveGroup: { handle: handleLeaveGroup, operation: 'work' },
  syncGroup: { handle: handleSyncGroup, operation: 'work' },
  describeGroups: late(alone, async () => (await import('./group-admin.ts')).handleDescribeGroups),
  listGroups: late(alone, async () => (await import('./group-admin.ts')).handleListGroups),
  deleteGroups: late(alone, async () => (await import('./group-admin.ts')).handleDeleteGroups),
  offsetDelete: late(alone, async () => (await import('./offset-delete.ts')).handleOffsetDelete),
  findCoordinator: {
    handle: handleFindCoordinator,
    operation: 'work',
    isAlone: true,
    isQuestion: true,
  },
  saslHandshake: { handle: handleSaslHandshake, operation: 'login' },
  saslAuthenticate: { handle: handleSaslAuthenticate, operation: 'login' },
  apiVersions: { handle: handleApiVersions, operation: 'login' },
  createTopics: late(alone, async () => (await import('./create-topics.ts')).handleCreateTopics),
  deleteTopics: late(alone, async () => (await import('./delete-topics.ts')).handleDeleteTopics),
  createPartitions: late(
    alone,
    async () => (await import('./create-partitions.ts')).handleCreatePartitions,
  ),
  deleteRecords: late(led, async () => (await import('./delete-records.ts')).handleDeleteRecords),
  initProducerId: { handle: handleInitProducerId, operation: 'work' },
  addPartitionsToTxn: late(
    alone,
    async () => (await import('./transactions/add-to-transaction.ts')).handleAddPartitionsToTxn,
  ),
  addOffsetsToTxn: late(
    work,
    async () => (await import('./transactions/add-to-transaction.ts')).handleAddOffsetsToTxn,
  ),
  endTxn: late(alone, async () => (await import('./transactions/end-txn.ts')).handleEndTxn),
  writeTxnMarkers: late(
    led,
    async () => (await import('./transactions/write-txn-markers.ts')).handleWriteTxnMarkers,
  ),
  txnOffsetCommit: late(
    alone,
    async () => (await import('./transactions/txn-offset-commit.ts')).handleTxnOffsetCommit,
  ),
  describeProducers: late(
    led,
    async () => (await import('./transactions/describe-producers.ts')).handleDescribeProducers,
  ),
  describeTransactions: late(
    alone,
    async () =>
      (await import('./transactions/describe-transactions.ts')).handleDescribeTransactions,
  ),
  listTransactions: late(
    alone,
    async () => (await import('./transactions/describe-transactions.ts')).handleListTransactions,
  ),
  offsetForLeaderEpoch: late(
    led,
    async () => (await import('./cluster.ts')).handleOffsetForLeaderEpoch,
  ),
  describeConfigs: late(
    alone,
    async () => (await import('./describe-configs.ts')).handleDescribeConfigs,
  ),
  alterConfigs: late(alone, async () => (await import('./alter-configs.ts')).handleAlterConfigs),
  incrementalAlterConfigs: late(
    alone,
    async () => (await import('./alter-configs.ts')).handleIncrementalAlterConfigs,
  ),
  describeLogDirs: late(led, async () => {
    const { handleDescribeLogDirs } = await import('./cluster.ts')
    return permittedOnCluster<'describeLogDirs'>('describe', handleDescribeLogDirs, {
      ...refused,
      results: [],
    })
  }),
  describeCluster: late(
    { operation: 'discovery', isQuestion: true },
    async () => (await import('./cluster.ts')).handleDescribeCluster,
  ),
  describeTopicPartitions: late(
    alone,
    async () => (await import('./cluster.ts')).handleDescribeTopicPartitions,
  ),
  describeAcls: late(alone, async () => {
    const { handleDescribeAcls } = await import('./acls.ts')
    return permittedOnCluster<'describeAcls'>('describe', handleDescribeAcls, {
      ...refused,
      resources: [],
    })
  }),
  createAcls: late(alone, async () => (await import('./acls.ts')).handleCreateAcls),
  deleteAcls: late(alone, async () => (await import('./acls.ts')).handleDeleteAcls),
  alterReplicaLogDirs: late(
    led,
    async () => (await import('./replicas.ts')).handleAlterReplicaLogDirs,
  ),
  electLeaders: late(alone, async () => (await import('./replicas.ts')).handleElectLeaders),
  alterPartitionReassignments: late(
    alone,
    async () => (await import('./replicas.ts')).handleAlterPartitionReassignments,
  ),
  listPartitionReassignments: late(work, async () => {
    const { handleListPartitionReassignments } = await import('./replicas.ts')
    return permittedOnCluster<'listPartitionReassignments'>(
      'describe',
      handleListPartitionReassignments,
      { ...refused, topics: [] },
    )
  }),
  describeClientQuotas: late(work, async () => {
    const { handleDescribeClientQuotas } = await import('./client-quotas.ts')
    return permittedOnCluster<'describeClientQuotas'>(
      'describe-configs',
      handleDescribeClientQuotas,
      { ...refused, entries: null },
    )
  }),
  alterClientQuotas: late(
    alone,
    async () => (await import('./client-quotas.ts')).handleAlterClientQuotas,
  ),
  describeUserScramCredentials: late(alone, async () => {
    const { handleDescribeUserScramCredentials } = await import('./scram-credentials.ts')
    return permittedOnCluster<'describeUserScramCredentials'>(
      'describe',
      handleDescribeUserScramCredentials,
      { ...refused, results: [] },
    )
  }),
  alterUserScramCredentials: late(
    alone,
    async () => (await import('./alter-scram-credentials.ts')).handleAlterUserScramCredentials,
  ),
  describeQuorum: late(alone, async () => {
    const { handleDescribeQuorum } = await import('./quorum.ts')
    return permittedOnCluster<'describeQuorum'>('describe', handleDescribeQuorum, {
      ...clusterRefusal,
      topics: [],
    })
  }),
  updateFeatures: late(alone, async () => {
    const { handleUpdateFeatures } = await import('./update-features.ts')
    return permittedOnCluster<'updateFeatures'>('alter', handleUpdateFeatures, refused)
  }),
  addRaftVoter: late(work, async () => {
    const { handleAddRaftVoter } = await import('./quorum.ts')
    return permittedOnCluster<'addRaftVoter'>('alter', handleAddRaftVoter, refused)
  }),
  removeRaftVoter: late(work, async () => {
    const { handleRemoveRaftVoter } = await import('./quorum.ts')
    return permittedOnCluster<'removeRaftVoter'>('alter', handleRemoveRaftVoter, refused)
  }),
  createDelegationToken: late(
    work,
    async () => (await import('./delegation-tokens.ts')).handleCreateDelegationToken,
  ),
  renewDelegationToken: late(
    work,
    async () => (await import('./delegation-tokens.ts')).handleRenewDelegationToken,
  ),
  expireDelegationToken: late(
    work,
    async () => (await import('./delegation-tokens.ts')).handleExpireDelegationToken,
  ),
  describeDelegationToken: late(
    work,
    async () => (await import('./delegation-tokens.ts')).handleDescribeDelegationToken,
  ),
  unregisterBroker: late(work, async () => {
    const { handleUnregisterBroker } = await import('./quorum.ts')
    return permittedOnCluster<'unregisterBroker'>('alter', handleUnregisterBroker, refused)
  }),
  consumerGroupHeartbeat: late(work, async () => {
    await consumerParts.load()
    return (await import('./consumer-groups.ts')).handleConsumerGroupHeartbeat
  }),
  consumerGroupDescribe: late(
    alone,
    async () => (await import('./consumer-groups.ts')).handleConsumerGroupDescribe,
  ),
  listConfigResources: late(alone, async () => {
    const { handleListConfigResources } = await import('./list-config-resources.ts')
    return permittedOnCluster<'listConfigResources'>(
      'describe-configs',
      handleListConfigResources,
      { ...refused, configResources: [] },
    )
  }),
  shareGroupHeartbeat: late(work, async () => {
    await shareParts.load()
    return (await import('./share-members.ts')).handleShareGroupHeartbeat
  }),
  shareGroupDescribe: late(
    alone,
    async () => (await import('./share-members.ts')).handleShareGroupDescribe,
  ),
  shareFetch: late(
    { operation: 'work', isForLeaders: true, inFlightMax: kafkaLimits.kafkaFetchesInFlightMax },
    async () => (await import('./share-fetch.ts')).handleShareFetch,
  ),
  shareAcknowledge: late(
    { ...work, isForLeaders: true },
    async () => (await import('./share-acknowledge.ts')).handleShareAcknowledge,
  ),
  describeShareGroupOffsets: late(
    alone,
    async () => (await import('./share-offsets.ts')).handleDescribeShareGroupOffsets,
  ),
  alterShareGroupOffsets: late(
    alone,
    async () => (await import('./share-offsets.ts')).handleAlterShareGroupOffsets,
  ),
  deleteShareGroupOffsets: late(
    alone,
    async () => (await import('./share-offsets.ts')).handleDeleteShareGroupOffsets,
  ),
}
