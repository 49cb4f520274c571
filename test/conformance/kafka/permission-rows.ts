// Which right each API of Kafka's protocol needs on what. Source: KafkaApis, ControllerApis and ConfigHelper of
// Kafka 4.x, whose operations are answered by RabbitMQ's rights as docs/permissions.md has it.
import type { ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { resourceType } from '../../../src/server/kafka/config-kind.ts'
import { fetchFromStart, fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { clusterRows } from './cluster-permission-rows.ts'
import {
  administrators,
  writing,
  reading,
  configuring,
  seeing,
  joining,
  producing,
  seeingId,
  seeingGroup,
  managingGroup,
  producerOf,
  committed,
  acl,
  aclFilter,
  type Row,
} from './permission-needs.ts'

type Rows = { readonly [Name in ApiName]: Row<Name> }

const partitionOfT = { name: 't', partitions: [0] }
const named = { name: 't', topicId: zeroUuid }
const member = { groupId: 'g', memberId: 'm', groupInstanceId: null }
const sharing = { groupId: 's', memberId: 'm' }
const configs = [{ name: 'retention.ms', value: '1000', configOperation: 0 }]
const ofTopic = { resourceType: resourceType.topic, resourceName: 't' }

/** By its id, or by its name. */
function topicBy(isById: boolean, topicId: string): { name: string; topicId: string } {
  return isById ? { name: '', topicId } : named
}

export const rows: Rows = {
  saslHandshake: { request: () => ({ mechanism: 'none' }), needs: [] },
  // A login is tried elsewhere; this one comes before a handshake.
  saslAuthenticate: { request: () => ({ authBytes: Buffer.alloc(0) }), needs: [] },
  apiVersions: {
    request: () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1' }),
    needs: [],
  },
  describeCluster: {
    request: () => ({
      includeClusterAuthorizedOperations: false,
      endpointType: 1,
      includeFencedBrokers: false,
    }),
    needs: [],
  },
  initProducerId: {
    request: () => ({
      transactionalId: null,
      transactionTimeoutMs: 1000,
      producerId: -1,
      producerEpoch: -1,
    }),
    needs: [],
  },
  describeAcls: { request: () => aclFilter, needs: administrators },
  createAcls: { request: () => ({ creations: [acl] }), needs: administrators },
  deleteAcls: { request: () => ({ filters: [aclFilter] }), needs: administrators },

  produce: {
    request: (version, topicId) => ({
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          ...topicBy(version >= 13, topicId),
          partitionData: [{ index: 0, records: batchOfRecords([{}]) }],
        },
      ],
    }),
    needs: [writing],
  },
  fetch: {
    request: (version, topicId) => {
      const { name: topic, topicId: id } = topicBy(version >= 13, topicId)
      const topics = [{ ...fetchFromStart(topic, 1000), topicId: id }]
      return fetchRequest(topics, { maxWaitMs: 0, minBytes: 0, maxBytes: 1000 })
    },
    needs: [reading],
  },
  listOffsets: {
    request: () => ({
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        { name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 }] },
      ],
      timeoutMs: 1000,
    }),
    needs: [seeing],
  },
  offsetForLeaderEpoch: {
    request: () => ({
      replicaId: -1,
      topics: [
        { topic: 't', partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }] },
      ],
    }),
    needs: [seeing],
  },
  metadata: {
    request: (version, topicId) => ({
      topics: [version >= 12 ? { name: null, topicId } : named],
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }),
    needs: [seeing],
  },
  describeTopicPartitions: {
    request: () => ({ topics: [{ name: 't' }], responsePartitionLimit: 10, cursor: null }),
    needs: [seeing],
  },
  describeConfigs: {
    request: () => ({
      resources: [{ ...ofTopic, configurationKeys: null }],
      includeSynonyms: false,
      includeDocumentation: false,
    }),
    needs: [seeing],
  },
  createTopics: {
    request: () => ({
      topics: [
        { name: 'new', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    }),
    needs: [configuring],
    changes: true,
  },
  deleteTopics: {
    request: (version, topicId) => ({
      topics: version >= 6 ? [{ name: null, topicId }] : [],
      topicNames: version >= 6 ? [] : ['t'],
      timeoutMs: 1000,
    }),
    needs: [configuring],
    changes: true,
  },
  createPartitions: {
    request: () => ({
      topics: [{ name: 't', count: 2, assignments: null }],
      timeoutMs: 1000,
      validateOnly: true,
    }),
    needs: [configuring],
  },
  deleteRecords: {
    request: () => ({
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 0 }] }],
      timeoutMs: 1000,
    }),
    needs: [configuring],
  },
  alterConfigs: {
    request: () => ({ resources: [{ ...ofTopic, configs }], validateOnly: true }),
    needs: [configuring],
  },
  incrementalAlterConfigs: {
    request: () => ({ resources: [{ ...ofTopic, configs }], validateOnly: true }),
    needs: [configuring],
  },

  addPartitionsToTxn: {
    request: () => ({
      transactions: [{ ...producerOf('x'), verifyOnly: false, topics: [partitionOfT] }],
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: 1,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [partitionOfT],
    }),
    needs: [producing, writing],
    onlyBelow: 4,
  },
  addOffsetsToTxn: {
    request: () => ({ ...producerOf('x'), groupId: 'g' }),
    needs: [producing, joining],
  },
  endTxn: { request: () => ({ ...producerOf('x'), committed: false }), needs: [producing] },
  txnOffsetCommit: {
    request: () => ({
      ...producerOf('x'),
      ...member,
      generationId: -1,
      topics: [{ name: 't', partitions: [committed(0)] }],
    }),
    needs: [producing, joining, reading],
  },
  describeTransactions: {
    request: () => ({ transactionalIds: ['x'] }),
    needs: [seeingId],
  },
  // Which it shows is tried elsewhere.
  listTransactions: {
    request: () => ({
      stateFilters: [],
      producerIdFilters: [],
      durationFilter: -1,
      transactionalIdPattern: null,
    }),
    needs: [],
  },
  describeProducers: {
    request: () => ({ topics: [{ name: 't', partitionIndexes: [0] }] }),
    needs: [reading],
  },
  writeTxnMarkers: {
    request: () => ({
      markers: [
        {
          producerId: 1,
          producerEpoch: 0,
          transactionResult: false,
          topics: [{ name: 't', partitionIndexes: [0] }],
          coordinatorEpoch: 0,
          transactionVersion: 0,
        },
      ],
    }),
    needs: administrators,
  },

  findCoordinator: {
    request: () => ({ key: 'g', keyType: 0, coordinatorKeys: ['g'] }),
    needs: [seeingGroup],
  },
  joinGroup: {
    request: () => ({
      ...member,
      // None is so short: it is refused before anybody waits for others.
      sessionTimeoutMs: 0,
      rebalanceTimeoutMs: 0,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      reason: null,
    }),
    needs: [joining],
  },
  syncGroup: {
    request: () => ({
      ...member,
      generationId: 1,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [],
    }),
    needs: [joining],
  },
  heartbeat: { request: () => ({ ...member, generationId: 1 }), needs: [joining] },
  leaveGroup: {
    request: () => ({ ...member, members: [{ ...member, reason: null }] }),
    needs: [joining],
  },
  offsetCommit: {
    request: (version, topicId) => ({
      ...member,
      memberId: '',
      generationIdOrMemberEpoch: -1,
      retentionTimeMs: -1,
      topics: [{ ...topicBy(version >= 10, topicId), partitions: [committed(0)] }],
    }),
    needs: [joining, reading],
  },
  offsetFetch: {
    request: (version, topicId) => ({
      groupId: 'g',
      topics: [{ name: 't', partitionIndexes: [0] }],
      groups: [
        {
          groupId: 'g',
          memberId: null,
          memberEpoch: -1,
          topics: [{ ...topicBy(version >= 10, topicId), partitionIndexes: [0] }],
        },
      ],
      requireStable: false,
    }),
    needs: [seeingGroup, seeing],
  },
  offsetDelete: {
    request: () => ({
      groupId: 'g',
      topics: [{ name: 't', partitions: [{ partitionIndex: 0 }] }],
    }),
    needs: [managingGroup, reading],
    changes: true,
  },
  consumerGroupHeartbeat: {
    request: () => ({
      groupId: 'g',
      memberId: 'm',
      // Who asks is no member: the group stays as it is.
      memberEpoch: 1,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 1000,
      subscribedTopicNames: ['t'],
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: [],
    }),
    needs: [joining, seeing],
  },
  consumerGroupDescribe: {
    request: () => ({ groupIds: ['g'], includeAuthorizedOperations: false }),
    needs: [seeingGroup],
  },
  describeGroups: {
    request: () => ({ groups: ['g'], includeAuthorizedOperations: false }),
    needs: [seeingGroup],
  },
  deleteGroups: {
    request: () => ({ groupsNames: ['g'] }),
    needs: [managingGroup],
    changes: true,
  },
  // Which groups it shows is tried elsewhere.
  listGroups: { request: () => ({ statesFilter: [], typesFilter: [] }), needs: [] },

  describeLogDirs: {
    request: () => ({ topics: null }),
    needs: administrators,
    tellsSince: 3,
  },
  alterReplicaLogDirs: {
    request: () => ({ dirs: [{ path: 'data', topics: [{ name: 't', partitions: [0] }] }] }),
    needs: administrators,
  },
  electLeaders: {
    request: () => ({
      electionType: 0,
      topicPartitions: [{ topic: 't', partitions: [0] }],
      timeoutMs: 1000,
    }),
    needs: administrators,
  },
  alterPartitionReassignments: {
    request: () => ({
      timeoutMs: 1000,
      allowReplicationFactorChange: true,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, replicas: null }] }],
    }),
    needs: administrators,
  },
  listPartitionReassignments: {
    request: () => ({ timeoutMs: 1000, topics: null }),
    needs: administrators,
  },
  describeClientQuotas: {
    request: () => ({ components: [], strict: false }),
    needs: administrators,
  },
  alterClientQuotas: {
    request: () => ({
      entries: [{ entity: [{ entityType: 'user', entityName: 'app' }], ops: [] }],
      validateOnly: true,
    }),
    needs: administrators,
  },
  describeUserScramCredentials: { request: () => ({ users: null }), needs: administrators },
  alterUserScramCredentials: {
    request: () => ({ deletions: [{ name: 'app', mechanism: 1 }], upsertions: [] }),
    needs: administrators,
  },
  describeQuorum: {
    request: () => ({
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    }),
    needs: administrators,
  },
  ...clusterRows,
  unregisterBroker: { request: () => ({ brokerId: 9 }), needs: administrators },
  listConfigResources: { request: () => ({ resourceTypes: [] }), needs: administrators },

  shareGroupHeartbeat: {
    request: () => ({
      ...sharing,
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: ['t'],
    }),
    needs: [joining, seeing],
    changes: true,
  },
  shareGroupDescribe: {
    request: () => ({ groupIds: ['s'], includeAuthorizedOperations: false }),
    needs: [seeingGroup],
  },
  shareFetch: {
    request: (_version, topicId) => ({
      ...sharing,
      shareSessionEpoch: 0,
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1000,
      maxRecords: 1,
      batchSize: 1,
      shareAcquireMode: 0,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
      forgottenTopicsData: [],
    }),
    needs: [joining, reading],
  },
  shareAcknowledge: {
    request: (_version, topicId) => ({
      ...sharing,
      shareSessionEpoch: -1,
      isRenewAck: false,
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    }),
    // It is of a session, which has partitions that may be read.
    needs: [joining],
  },
  describeShareGroupOffsets: {
    request: () => ({
      groups: [{ groupId: 's', topics: [{ topicName: 't', partitions: [0] }] }],
    }),
    needs: [seeingGroup, seeing],
  },
  alterShareGroupOffsets: {
    request: () => ({
      groupId: 's',
      topics: [{ topicName: 't', partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
    }),
    needs: [joining, reading],
    changes: true,
  },
  deleteShareGroupOffsets: {
    request: () => ({ groupId: 's', topics: [{ topicName: 't' }] }),
    needs: [managingGroup, reading],
    changes: true,
  },
}
