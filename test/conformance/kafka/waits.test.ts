// No request, and no pipeline of them, makes another connection wait: each kind with an array is sent with
// as many elements as are allowed, while somebody else asks for the broker's versions.
//
// On an idle machine nobody waits for 100 ms. The bound here is for machines that run other tests as well.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ApiMessages, ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { kafkaLimits } from '../../../src/limits/kafka.ts'
import { fetchRequest } from '../../support/fetch-request.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { KafkaRawClient } from '../../support/kafka-raw-client.ts'
import { PingThread } from '../../support/ping-thread.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor, within } from '../../support/wait-for.ts'

const waitMsMax = 600
/** As many as a request may have, besides what is around them. */
const many = kafkaLimits.kafkaElementsMax - 100
const answerMsMax = 30_000
const topic = 'wide'
const partitionCount = 10_000

let broker: TestBroker
let pings: PingThread

before(async () => {
  broker = await TestBroker.start(['--kafka-port', '0', '--log-level', 'silent'])
  pings = new PingThread(broker.kafkaPort)
  await pings.longestMs()
})
after(async () => {
  await pings[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

function names(prefix: string, count: number = many): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
}

function indexes(count: number = many): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

/** Sends it and has the answer; the wait of others meanwhile. */
async function waitOf<Name extends ApiName>(
  api: Name,
  request: ApiMessages[Name]['request'],
  version?: number,
): Promise<number> {
  await using client = await KafkaRawClient.connect(broker.kafkaPort)
  const { bytes } = client.encode(api, request, version)
  await pings.longestMs()
  await within(`${api} is answered`, client.exchange(bytes), answerMsMax)
  return pings.longestMs()
}

function transactionKinds(): Readonly<Record<string, () => Promise<number>>> {
  const producer = { producerId: 1, producerEpoch: 0 }
  return {
    AddPartitionsToTxn: () =>
      waitOf(
        'addPartitionsToTxn',
        {
          transactions: [],
          v3AndBelowTransactionalId: 'tx',
          v3AndBelowProducerId: 1,
          v3AndBelowProducerEpoch: 0,
          v3AndBelowTopics: [{ name: topic, partitions: indexes() }],
        },
        3,
      ),
    TxnOffsetCommit: () => {
      const partitions = indexes().map((partitionIndex) => ({
        partitionIndex,
        committedOffset: 1,
        committedLeaderEpoch: -1,
        committedMetadata: 'm',
      }))
      const member = { generationId: -1, memberId: '', groupInstanceId: null }
      const topics = [{ name: topic, partitions }]
      const request = { transactionalId: 'tx', groupId: 'g', ...producer, ...member, topics }
      return waitOf('txnOffsetCommit', request)
    },
    WriteTxnMarkers: () => {
      const topics = [{ name: topic, partitionIndexes: indexes() }]
      const rest = { coordinatorEpoch: 0, transactionVersion: 2 }
      const marker = { ...producer, transactionResult: true, topics, ...rest }
      return waitOf('writeTxnMarkers', { markers: [marker] })
    },
    DescribeTransactions: () => waitOf('describeTransactions', { transactionalIds: names('tx') }),
    ListTransactions: () =>
      waitOf('listTransactions', {
        stateFilters: names('state', many / 2),
        producerIdFilters: indexes(many / 2),
        durationFilter: -1,
        transactionalIdPattern: null,
      }),
    DescribeProducers: () =>
      waitOf('describeProducers', { topics: [{ name: topic, partitionIndexes: indexes() }] }),
  }
}

/** The id of the wide topic. */
async function topicIdOf(name: string): Promise<string> {
  await using client = await KafkaRawClient.connect(broker.kafkaPort)
  const { topics } = await client.call('metadata', {
    topics: [{ name, topicId: zeroUuid }],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  })
  return topics[0]?.topicId ?? zeroUuid
}

const shareMember = { groupId: 'shared', memberId: 'AAAAAAAAAAAAAAAAAAAAAQ' } as const

function shareKinds(): Readonly<Record<string, () => Promise<number>>> {
  const beat = { ...shareMember, memberEpoch: 0, rackId: null }
  const acknowledged = (acknowledgeTypes: readonly number[]): object[] =>
    indexes(many / 4).map((at) => ({ firstOffset: at, lastOffset: at, acknowledgeTypes }))
  return {
    'ShareGroupHeartbeat, many topics': () => {
      const subscribedTopicNames = names('absent')
      return waitOf('shareGroupHeartbeat', { ...beat, groupId: 'wide', subscribedTopicNames })
    },
    ShareGroupHeartbeat: () =>
      waitOf('shareGroupHeartbeat', { ...beat, subscribedTopicNames: [topic] }),
    ShareFetch: async () => {
      const partitions = indexes(many / 2).map((partitionIndex) => ({
        partitionIndex,
        acknowledgementBatches: [],
      }))
      const sizes = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, maxRecords: 500 }
      const modes = { batchSize: 500, shareAcquireMode: 0, isRenewAck: false }
      const topics = [{ topicId: await topicIdOf(topic), partitions }]
      const request = { ...shareMember, shareSessionEpoch: 0, ...sizes, ...modes, topics }
      return waitOf('shareFetch', { ...request, forgottenTopicsData: [] })
    },
    ShareAcknowledge: async () => {
      const partition = { partitionIndex: 0, acknowledgementBatches: acknowledged([1]) as never }
      const topics = [{ topicId: await topicIdOf(topic), partitions: [partition] }]
      const request = { ...shareMember, shareSessionEpoch: 1, isRenewAck: false, topics }
      return waitOf('shareAcknowledge', request)
    },
    ShareGroupDescribe: () =>
      waitOf('shareGroupDescribe', {
        groupIds: ['shared', ...names('group', many - 1)],
        includeAuthorizedOperations: false,
      }),
    DescribeShareGroupOffsets: () => {
      const topics = [{ topicName: topic, partitions: indexes() }]
      return waitOf('describeShareGroupOffsets', { groups: [{ groupId: 'shared', topics }] })
    },
    AlterShareGroupOffsets: () => {
      const partitions = indexes(many / 2).map((partitionIndex) => ({
        partitionIndex,
        startOffset: 0,
      }))
      const topics = [{ topicName: topic, partitions }]
      return waitOf('alterShareGroupOffsets', { groupId: 'altered', topics })
    },
    DeleteShareGroupOffsets: () => {
      const topics = names('absent').map((topicName) => ({ topicName }))
      return waitOf('deleteShareGroupOffsets', { groupId: 'altered', topics })
    },
  }
}

/** name → what is sent. */
const kinds: Readonly<Record<string, () => Promise<number>>> = {
  'CreateTopics, one wide topic': () =>
    waitOf('createTopics', {
      topics: [
        {
          name: topic,
          numPartitions: partitionCount,
          replicationFactor: -1,
          assignments: [],
          configs: [],
        },
      ],
      timeoutMs: 1000,
      validateOnly: false,
    }),
  'CreateTopics, many': () =>
    waitOf('createTopics', {
      topics: names('created', partitionCount).map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: -1,
        assignments: [],
        configs: [],
      })),
      timeoutMs: 1000,
      validateOnly: false,
    }),
  Fetch: () => {
    const partitions = indexes().map((partition) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: 0,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: 1000,
      replicaDirectoryId: zeroUuid,
      highWatermark: -1,
    }))
    const rest = { maxWaitMs: 100, minBytes: 1, maxBytes: 1000 }
    return waitOf('fetch', fetchRequest([{ topic, topicId: zeroUuid, partitions }], rest), 12)
  },
  Produce: () => {
    const records = batchOfRecords([{ value: 'v' }])
    const partitionData = indexes(partitionCount).map((index) => ({
      index,
      records: Buffer.from(records),
    }))
    const topicData = [{ name: topic, topicId: zeroUuid, partitionData }]
    return waitOf('produce', { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }, 12)
  },
  Metadata: () =>
    waitOf('metadata', {
      topics: names('absent').map((name) => ({ name, topicId: zeroUuid })),
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }),
  ListOffsets: () => {
    const partitions = indexes().map((partitionIndex) => ({
      partitionIndex,
      currentLeaderEpoch: -1,
      timestamp: -1,
    }))
    const topics = [{ name: topic, partitions }]
    return waitOf('listOffsets', { replicaId: -1, isolationLevel: 0, topics, timeoutMs: 1000 }, 7)
  },
  OffsetForLeaderEpoch: () => {
    const partitions = indexes().map((partition) => ({
      partition,
      currentLeaderEpoch: -1,
      leaderEpoch: 0,
    }))
    return waitOf('offsetForLeaderEpoch', { replicaId: -1, topics: [{ topic, partitions }] })
  },
  OffsetCommit: () => {
    const partitions = indexes().map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 1,
      committedLeaderEpoch: -1,
      committedMetadata: 'm',
    }))
    const request = {
      groupId: 'g',
      memberId: '',
      groupInstanceId: null,
      generationIdOrMemberEpoch: -1,
      retentionTimeMs: -1,
      topics: [{ name: topic, topicId: zeroUuid, partitions }],
    }
    return waitOf('offsetCommit', request, 8)
  },
  OffsetFetch: () => {
    const topics = [{ name: topic, topicId: zeroUuid, partitionIndexes: indexes() }]
    const none = { memberId: '', memberEpoch: -1, groups: [], requireStable: false }
    return waitOf('offsetFetch', { groupId: 'g', topics, ...none }, 7)
  },
  'OffsetFetch of all': () => {
    const none = { memberId: '', memberEpoch: -1, groups: [], requireStable: false }
    return waitOf('offsetFetch', { groupId: 'g', topics: null, ...none }, 7)
  },
  OffsetDelete: () => {
    const partitions = indexes().map((partitionIndex) => ({ partitionIndex }))
    return waitOf('offsetDelete', { groupId: 'g', topics: [{ name: topic, partitions }] })
  },
  FindCoordinator: () =>
    waitOf('findCoordinator', { key: '', keyType: 0, coordinatorKeys: names('group') }, 4),
  DescribeGroups: () =>
    waitOf('describeGroups', { groups: names('group'), includeAuthorizedOperations: false }),
  DeleteGroups: () => waitOf('deleteGroups', { groupsNames: names('group') }),
  'a pipeline of JoinGroup': async () => {
    await using other = await KafkaRawClient.connect(broker.kafkaPort)
    const join = (groupId: string): Buffer =>
      other.encode(
        'joinGroup',
        {
          groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 1000,
          memberId: '',
          groupInstanceId: null,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata: Buffer.alloc(10) }],
          reason: null,
        },
        5,
      ).bytes
    const pipeline = Buffer.concat(names('joined', 20_000).map((_, at) => join(`j-${at % 100}`)))
    await pings.longestMs()
    other.send(pipeline)
    await waitFor('all are answered', () => other.answers.length === 20_000, answerMsMax)
    return pings.longestMs()
  },
  SyncGroup: () =>
    waitOf('syncGroup', {
      groupId: 'j-1',
      generationId: 1,
      memberId: 'nobody',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: names('member').map((memberId) => ({ memberId, assignment: Buffer.alloc(4) })),
    }),
  LeaveGroup: () => {
    const leaving = { groupInstanceId: null, reason: null }
    const members = names('member').map((memberId) => ({ memberId, ...leaving }))
    return waitOf('leaveGroup', { groupId: 'j-1', memberId: '', members })
  },
  DescribeConfigs: () =>
    waitOf('describeConfigs', {
      resources: names('group', 20_000).map((resourceName) => ({
        resourceType: 32,
        resourceName,
        configurationKeys: null,
      })),
      includeSynonyms: true,
      includeDocumentation: false,
    }),
  IncrementalAlterConfigs: () =>
    waitOf('incrementalAlterConfigs', {
      resources: names('group', many / 2).map((resourceName) => ({
        resourceType: 32,
        resourceName,
        configs: [{ name: 'share.session.timeout.ms', value: '46000', configOperation: 0 }],
      })),
      validateOnly: false,
    }),
  DeleteRecords: () => {
    const partitions = indexes().map((partitionIndex) => ({ partitionIndex, offset: -1 }))
    return waitOf('deleteRecords', { topics: [{ name: topic, partitions }], timeoutMs: 1000 })
  },
  ElectLeaders: () => {
    const topicPartitions = [{ topic, partitions: indexes() }]
    return waitOf('electLeaders', { electionType: 0, topicPartitions, timeoutMs: 1000 })
  },
  AlterPartitionReassignments: () => {
    const partitions = indexes(many / 3).map((partitionIndex) => ({
      partitionIndex,
      replicas: [1],
    }))
    const rest = { timeoutMs: 1000, allowReplicationFactorChange: true }
    return waitOf('alterPartitionReassignments', { topics: [{ name: topic, partitions }], ...rest })
  },
  DescribeLogDirs: () => waitOf('describeLogDirs', { topics: [{ topic, partitions: indexes() }] }),
  DescribeQuorum: () => {
    const partitions = indexes().map((partitionIndex) => ({ partitionIndex }))
    return waitOf('describeQuorum', { topics: [{ topicName: topic, partitions }] })
  },
  AlterUserScramCredentials: () => {
    const deletions = names('user').map((name) => ({ name, mechanism: 1 }))
    return waitOf('alterUserScramCredentials', { deletions, upsertions: [] })
  },
  AlterClientQuotas: () => {
    const entity = [{ entityType: 'user', entityName: 'a' }]
    const entries = indexes(many / 3).map(() => ({
      entity,
      ops: [{ key: 'k', value: 1, remove: false }],
    }))
    return waitOf('alterClientQuotas', { entries, validateOnly: false })
  },
  CreateAcls: () => {
    const creation = {
      resourceType: 2,
      resourceName: 't',
      resourcePatternType: 3,
      principal: 'User:a',
      host: '*',
      operation: 3,
      permissionType: 3,
    }
    return waitOf('createAcls', { creations: indexes().map(() => creation) })
  },
  ConsumerGroupHeartbeat: () =>
    waitOf('consumerGroupHeartbeat', {
      groupId: 'consumers',
      memberId: 'm',
      memberEpoch: 0,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 1000,
      subscribedTopicNames: [topic, ...names('absent', many - 1)],
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: [],
    }),
  ConsumerGroupDescribe: () =>
    waitOf('consumerGroupDescribe', {
      groupIds: names('group'),
      includeAuthorizedOperations: false,
    }),
  ...transactionKinds(),
  ...shareKinds(),
  ListGroups: () => waitOf('listGroups', { statesFilter: [], typesFilter: [] }),
  'DeleteTopics, many': () =>
    waitOf('deleteTopics', {
      topics: names('created', partitionCount).map((name) => ({ name, topicId: zeroUuid })),
      topicNames: [],
      timeoutMs: 1000,
    }),
  'DeleteTopics, one wide topic': () =>
    waitOf('deleteTopics', {
      topics: [{ name: topic, topicId: zeroUuid }],
      topicNames: [],
      timeoutMs: 1000,
    }),
}

describe('another connection is answered soon', () => {
  for (const [name, send] of Object.entries(kinds)) {
    it(name, async (test) => {
      const waitMs = await send()
      test.diagnostic(`${Math.round(waitMs)} ms`)
      assert.ok(waitMs < waitMsMax, `${name} made others wait for ${Math.round(waitMs)} ms`)
    })
  }

  it('also when a request has more elements than are allowed: it is refused', async () => {
    await using greedy = await KafkaRawClient.connect(broker.kafkaPort)
    const groups = names('group', kafkaLimits.kafkaElementsMax + 1)
    const request = { groups, includeAuthorizedOperations: false }
    await assert.rejects(greedy.call('describeGroups', request), /hung up/)
  })
})
