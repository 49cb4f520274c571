// What clients ask about the cluster, which is one broker: FindCoordinator, DescribeCluster,
// DescribeLogDirs, DescribeTopicPartitions, OffsetForLeaderEpoch and InitProducerId.
import type { TopicView } from '../../broker/topic/topics.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type { DescribeLogDirsTopic } from '../../codec/kafka/messages/describe-log-dirs.gen.ts'
import type { DescribeTopicPartitionsResponseTopic } from '../../codec/kafka/messages/describe-topic-partitions.gen.ts'
import type {
  EpochEndOffset,
  OffsetForLeaderPartition,
} from '../../codec/kafka/messages/offset-for-leader-epoch.gen.ts'
import { authorizedOperations } from './authorized-operations.ts'
import { codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import { nodeId } from './kafka-context.ts'
import type { Handler, RequestContext } from './request-context.ts'

const brokerEndpoint = 1
const batchedVersion = 4
const keyTypes = { group: 0, transaction: 1 } as const

export const handleFindCoordinator: Handler<'findCoordinator'> = (request, context) => {
  const { host, port } = context.connection.listener.advertised()
  const isGroup = request.keyType === keyTypes.group
  const isTransaction = request.keyType === keyTypes.transaction
  // An error that can pass would have a transactional producer ask for a minute.
  const problem = isTransaction ? 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED' : 'INVALID_REQUEST'
  const errorCode = isGroup ? noError : codeOf(problem)
  const errorMessage = isGroup
    ? null
    : isTransaction
      ? 'Transactions are not served yet.'
      : `Coordinators of type ${request.keyType} are not served.`
  const node = isGroup ? { nodeId, host, port } : { nodeId: -1, host: '', port: -1 }
  const answer = { errorCode, errorMessage, ...node }
  if (context.apiVersion < batchedVersion) return { throttleTimeMs: 0, ...answer }
  const coordinators = request.coordinatorKeys.map((key) => ({ key, ...answer }))
  return { throttleTimeMs: 0, coordinators }
}

export const handleDescribeCluster: Handler<'describeCluster'> = (request, context) => {
  const { settings } = context
  const { host, port } = context.connection.listener.advertised()
  const isKnown = request.endpointType === brokerEndpoint
  return {
    throttleTimeMs: 0,
    errorCode: isKnown ? noError : codeOf('UNSUPPORTED_ENDPOINT_TYPE'),
    errorMessage: null,
    endpointType: brokerEndpoint,
    clusterId: settings.clusterId,
    controllerId: nodeId,
    brokers: isKnown ? [{ brokerId: nodeId, host, port, rack: null }] : [],
    ...(request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: authorizedOperations.cluster,
    }),
  }
}

export const handleDescribeLogDirs: Handler<'describeLogDirs'> = (request, context) => {
  const views =
    request.topics === null
      ? context.topics.list()
      : request.topics.flatMap(({ topic }) => context.topics.find(topic) ?? [])
  const topics: DescribeLogDirsTopic[] = views.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ log }, partitionIndex) => ({
      partitionIndex,
      partitionSize: context.broker.store.sizeOf(log),
      offsetLag: 0,
      isFutureKey: false,
    })),
  }))
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    results: [{ errorCode: noError, logDir: 'data', topics }],
  }
}

export const handleDescribeTopicPartitions: Handler<'describeTopicPartitions'> = (
  request,
  context,
) => {
  const names =
    request.topics.length === 0
      ? context.topics.list().map(({ name }) => name)
      : request.topics.map(({ name }) => name)
  const { cursor, responsePartitionLimit: limit } = request
  const topics: DescribeTopicPartitionsResponseTopic[] = []
  let left = limit
  for (const name of names.toSorted()) {
    if (cursor !== null && name < cursor.topicName) continue
    const from = name === cursor?.topicName ? cursor.partitionIndex : 0
    if (left <= 0) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    }
    const described = describePartitions(name, context, { from, count: left })
    topics.push(described)
    left -= described.partitions.length
    const end = from + described.partitions.length
    if (end < (context.topics.find(name)?.partitions.length ?? 0)) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: end } }
    }
  }
  return { throttleTimeMs: 0, topics, nextCursor: null }
}

function describePartitions(
  name: string,
  context: RequestContext,
  { from, count }: { readonly from: number; readonly count: number },
): DescribeTopicPartitionsResponseTopic {
  const view = context.topics.find(name)
  if (view === undefined) {
    const errorCode = codeOf('UNKNOWN_TOPIC_OR_PARTITION')
    return { errorCode, name, topicId: zeroUuid, partitions: [] }
  }
  const { epoch } = context.broker.store
  return {
    errorCode: noError,
    name,
    topicId: view.topicId,
    topicAuthorizedOperations: authorizedOperations.topic,
    partitions: indexesOf(view, from, count).map((partitionIndex) => ({
      errorCode: noError,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: epoch,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
  }
}

function indexesOf(view: TopicView, from: number, count: number): number[] {
  return [...view.partitions.keys()].slice(from, from + count)
}

export const handleOffsetForLeaderEpoch: Handler<'offsetForLeaderEpoch'> = (request, context) => ({
  throttleTimeMs: 0,
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((asked) => endOfEpoch(topic, asked, context)),
  })),
})

/** Nothing is ever truncated here: every epoch up to the current one ends where the log ends. */
function endOfEpoch(
  topic: string,
  { partition: index, currentLeaderEpoch, leaderEpoch }: OffsetForLeaderPartition,
  context: RequestContext,
): EpochEndOffset {
  const found = findPartition(context, topic, index, currentLeaderEpoch)
  if (found.problem !== undefined) return { partition: index, errorCode: codeOf(found.problem) }
  const { epoch } = context.broker.store
  if (leaderEpoch > epoch) return { partition: index, errorCode: noError }
  const endOffset = found.partition.highWatermark
  return { partition: index, errorCode: noError, leaderEpoch, endOffset }
}

export const handleInitProducerId: Handler<'initProducerId'> = async (request, context) => {
  const { transactionalId } = request
  const refuse = (
    name: Parameters<typeof codeOf>[0],
  ): { throttleTimeMs: number; errorCode: number; producerEpoch: number } => ({
    throttleTimeMs: 0,
    errorCode: codeOf(name),
    producerEpoch: -1,
  })
  if (transactionalId === '') return refuse('INVALID_REQUEST')
  if (transactionalId !== null) return refuse('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  // Whatever id a producer had, it gets another one, as from Kafka's TransactionCoordinator.
  const fresh = await context.producerIds.take()
  return { throttleTimeMs: 0, errorCode: noError, producerId: fresh, producerEpoch: 0 }
}
