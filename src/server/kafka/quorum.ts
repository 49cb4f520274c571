// Requests about the quorum of controllers, which is this broker alone: DescribeQuorum and
// UnregisterBroker.
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type { ResponsePartitionData } from '../../codec/kafka/messages/describe-quorum.gen.ts'
import { answerTo, codeOf, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'

/** The log of Kafka's metadata; its end stands for that of the topology's entries. */
const metadataTopic = '__cluster_metadata'

export const handleDescribeQuorum: Handler<'describeQuorum'> = (request, context) => {
  const { settings } = context
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => {
      const isKnown = topicName === metadataTopic && partitionIndex === 0
      return isKnown ? describeQuorum(context) : unknownPartition(partitionIndex)
    }),
  }))
  const listeners = settings.listeners().map(({ name, advertised }) => ({ name, ...advertised() }))
  const nodes = [{ nodeId: settings.nodeId, listeners }]
  return { errorCode: noError, errorMessage: null, topics, nodes }
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

export const handleUnregisterBroker: Handler<'unregisterBroker'> = ({ brokerId }, context) => {
  const { nodeId } = context.settings
  const refusal =
    brokerId === nodeId
      ? invalidRequest(`Broker ${nodeId} is the only one and cannot be unregistered.`)
      : new KafkaRefusal(
          'BROKER_ID_NOT_REGISTERED',
          `Broker ID ${brokerId} is not currently registered`,
        )
  return { throttleTimeMs: 0, ...answerTo(refusal) }
}
