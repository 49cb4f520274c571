// Requests about the quorum of controllers, which is this broker alone: DescribeQuorum, AddRaftVoter,
// RemoveRaftVoter and UnregisterBroker.
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import {
  type DescribeQuorumRequest,
  type ResponsePartitionData,
  type ResponseTopicData,
  writeResponseTopicData,
} from '../../codec/kafka/messages/describe-quorum.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { answerEach } from './answer-each.ts'
import { brokerIds } from './brokers-for.ts'
import {
  answerTo,
  codeOf,
  type ErrorAnswer,
  invalidRequest,
  KafkaRefusal,
  noError,
} from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

/** From here on answers name the controllers' addresses (KIP-853). */
const nodesVersion = 2
/** The log of Kafka's metadata; its end stands for that of the topology's entries. */
const metadataTopic = '__cluster_metadata'

export const handleDescribeQuorum: Handler<'describeQuorum'> = async (request, context) => {
  const { settings, apiVersion } = context
  const topics = await context.slices.run(describeTopics(request, context))
  if (apiVersion < nodesVersion) return { errorCode: noError, topics }
  const listeners = settings.listeners().map(({ name, advertised }) => ({ name, ...advertised() }))
  const nodes = [{ nodeId: settings.nodeId, listeners }]
  return { errorCode: noError, errorMessage: null, topics, nodes }
}

function* describeTopics(
  request: DescribeQuorumRequest,
  context: RequestContext,
): Steps<readonly ResponseTopicData[]> {
  const topics = new ItemWriter('describeQuorum', context, writeResponseTopicData)
  for (const { topicName, partitions: asked } of request.topics) {
    const partitions = yield* answerEach(asked, ({ partitionIndex }) => {
      const isKnown = topicName === metadataTopic && partitionIndex === 0
      return isKnown ? describeQuorum(context) : unknownPartition(partitionIndex)
    })
    topics.add({ topicName, partitions })
  }
  return topics.finish()
}

function describeQuorum({ broker, clock, settings }: RequestContext): ResponsePartitionData {
  const { nodeId } = settings
  const { sequence } = broker.topology
  const now = clock.now()
  const voter = {
    replicaId: nodeId,
    replicaDirectoryId: zeroUuid,
    logEndOffset: sequence,
    lastFetchTimestamp: now,
    lastCaughtUpTimestamp: now,
  }
  return {
    partitionIndex: 0,
    errorCode: noError,
    errorMessage: null,
    leaderId: nodeId,
    leaderEpoch: broker.store.epoch,
    highWatermark: sequence,
    currentVoters: [voter],
    observers: [],
  }
}

function unknownPartition(partitionIndex: number): ResponsePartitionData {
  return {
    partitionIndex,
    errorCode: codeOf('UNKNOWN_TOPIC_OR_PARTITION'),
    leaderId: -1,
    leaderEpoch: -1,
    highWatermark: -1,
    currentVoters: [],
    observers: [],
  }
}

/** Kafka with a quorum that is said at the start, as this one is. */
const fixedQuorum = 'the kraft.version feature is 0'

export const handleAddRaftVoter: Handler<'addRaftVoter'> = (request, context) =>
  refuseVoter(request, 'adding', context)

export const handleRemoveRaftVoter: Handler<'removeRaftVoter'> = (request, context) =>
  refuseVoter(request, 'removing', context)

function refuseVoter(
  { clusterId }: { readonly clusterId: string | null },
  doing: string,
  { settings }: RequestContext,
): { readonly throttleTimeMs: number } & ErrorAnswer {
  const isOther = clusterId !== null && clusterId !== settings.clusterId
  const refusal = isOther
    ? new KafkaRefusal(
        'INCONSISTENT_CLUSTER_ID',
        `The given id "${clusterId}" doesn't match the cluster id "${settings.clusterId}"`,
      )
    : new KafkaRefusal(
        'UNSUPPORTED_VERSION',
        `Cluster doesn't support ${doing} voter because ${fixedQuorum}`,
      )
  return { throttleTimeMs: 0, ...answerTo(refusal) }
}

export const handleUnregisterBroker: Handler<'unregisterBroker'> = ({ brokerId }, context) => {
  const ids = brokerIds(context.settings)
  const refusal = ids.includes(brokerId)
    ? invalidRequest(
        ids.length === 1
          ? `Broker ${brokerId} is the only one and cannot be unregistered.`
          : `Broker ${brokerId} is alive and cannot be unregistered; a node that is stopped is no broker any more.`,
      )
    : new KafkaRefusal(
        'BROKER_ID_NOT_REGISTERED',
        `Broker ID ${brokerId} is not currently registered`,
      )
  return { throttleTimeMs: 0, ...answerTo(refusal) }
}
