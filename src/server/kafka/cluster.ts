// What clients ask about the cluster, which is one broker: DescribeCluster, DescribeLogDirs,
// DescribeTopicPartitions and OffsetForLeaderEpoch.
import type { TopicView } from '../../broker/topic/topic-view.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import {
  type DescribableLogDirTopic,
  type DescribeLogDirsRequest,
  type DescribeLogDirsTopic,
  writeDescribeLogDirsTopic,
} from '../../codec/kafka/messages/describe-log-dirs.gen.ts'
import type {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  DescribeTopicPartitionsResponseTopic,
} from '../../codec/kafka/messages/describe-topic-partitions.gen.ts'
import {
  type EpochEndOffset,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderPartition,
  type OffsetForLeaderTopicResult,
  writeOffsetForLeaderTopicResult,
} from '../../codec/kafka/messages/offset-for-leader-epoch.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { answerEach } from './answer-each.ts'
import { operationsOnCluster, operationsOnTopic } from './authorized-operations.ts'
import { brokersFor, isAskedElsewhere } from './brokers-for.ts'
import { answerTo, codeOf, KafkaRefusal, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import { leaderOf } from './leader-of.ts'
import type { LedTopics } from './led-topics.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { absenceOf } from './topic-absence.ts'
import { ItemWriter, writeInSlices } from './write-in-slices.ts'

/** The one folder, as requests name it. */
export const logDir = 'data'

const endpoints = { broker: 1, controller: 2 } as const
export const handleDescribeCluster: Handler<'describeCluster'> = (request, context) => {
  const refusal = endpointRefusal(request.endpointType)
  // As Kafka: with an error it tells nothing of the cluster.
  if (refusal !== undefined) {
    return { throttleTimeMs: 0, ...answerTo(refusal), clusterId: '', brokers: [] }
  }
  const { clusterId, nodeId } = context.settings
  const brokers = brokersFor(context).map(({ nodeId: brokerId, ...at }) => ({ brokerId, ...at }))
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    errorMessage: null,
    endpointType: endpoints.broker,
    clusterId,
    controllerId: nodeId,
    brokers,
    ...(request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: operationsOnCluster(context.access),
    }),
  }
}

function endpointRefusal(endpointType: number): KafkaRefusal | undefined {
  switch (endpointType) {
    case endpoints.broker:
      return undefined
    case endpoints.controller:
      return new KafkaRefusal(
        'MISMATCHED_ENDPOINT_TYPE',
        'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER',
      )
    default:
      return new KafkaRefusal(
        'UNSUPPORTED_ENDPOINT_TYPE',
        `Unsupported endpoint type ${endpointType}`,
      )
  }
}

export const handleDescribeLogDirs: Handler<'describeLogDirs'> = async (request, context) => {
  const topics = await writeInSlices(
    'describeLogDirs',
    context,
    writeDescribeLogDirsTopic,
    // Of one that leads nothing, so that its clients are passed on: it has the same folder with nothing in it.
    isAskedElsewhere(context) ? [] : sizesOf(request, context),
  )
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    results: [{ errorCode: noError, logDir, topics }],
  }
}

function* sizesOf(
  request: DescribeLogDirsRequest,
  { led }: RequestContext,
): Generator<DescribeLogDirsTopic, void> {
  for (const view of request.topics === null ? led.views() : namedIn(request.topics, led)) {
    const partitions = Array.from(led.partitionsOf(view), ([partitionIndex, partition]) => ({
      partitionIndex,
      partitionSize: partition.store.sizeOf(partition.log),
      offsetLag: 0,
      isFutureKey: false,
    }))
    yield { name: view.name, partitions }
  }
}

function* namedIn(
  asked: readonly DescribableLogDirTopic[],
  topics: LedTopics,
): Generator<TopicView, void> {
  for (const { topic } of asked) {
    const view = topics.find(topic)
    if (view !== undefined) yield view
  }
}

export const handleDescribeTopicPartitions: Handler<'describeTopicPartitions'> = (
  request,
  context,
) => context.slices.run(describePage(request, context))

function* describePage(
  request: DescribeTopicPartitionsRequest,
  context: RequestContext,
): Steps<DescribeTopicPartitionsResponse> {
  const { cursor, responsePartitionLimit } = request
  const limit = Math.min(responsePartitionLimit, kafkaLimits.describedPartitionsMax)
  const all = request.topics.length === 0 ? context.topics.views() : request.topics
  const isHidden = (name: string): boolean =>
    request.topics.length === 0 && !context.access.mayTopic('describe', name)
  const from = { start: cursor?.topicName ?? '', isHidden }
  const names = yield* firstNames(all, from, limit + 1)
  const topics: DescribeTopicPartitionsResponseTopic[] = []
  let left = limit
  for (const name of names) {
    const first = name === cursor?.topicName ? cursor.partitionIndex : 0
    if (left <= 0) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: 0 } }
    }
    const described = describePartitions(name, context, { from: first, count: left })
    topics.push(described)
    if (described.errorCode !== noError) continue
    left -= described.partitions.length
    const end = first + described.partitions.length
    if (end < (context.topics.find(name)?.partitions.length ?? 0)) {
      return { throttleTimeMs: 0, topics, nextCursor: { topicName: name, partitionIndex: end } }
    }
  }
  return { throttleTimeMs: 0, topics, nextCursor: null }
}

/** The first `count` names from `start` on, in their order; a sort of all of them would hold others up. */
function* firstNames(
  all: Iterable<{ readonly name: string }>,
  { start, isHidden }: { readonly start: string; readonly isHidden: (name: string) => boolean },
  count: number,
): Steps<string[]> {
  const wanted = Math.max(count, 1)
  let names: string[] = []
  let end: string | undefined
  for (const { name } of all) {
    yield
    if (name < start || (end !== undefined && name > end) || isHidden(name)) continue
    names.push(name)
    if (names.length < wanted * 2) continue
    names = names.toSorted().slice(0, wanted)
    end = names.at(-1)
  }
  return names.toSorted().slice(0, wanted)
}

function describePartitions(
  name: string,
  context: RequestContext,
  { from, count }: { readonly from: number; readonly count: number },
): DescribeTopicPartitionsResponseTopic {
  const mayKnow = context.access.mayTopic('describe', name)
  const view = mayKnow ? context.topics.find(name) : undefined
  if (view === undefined) {
    const error = mayKnow ? absenceOf(name, context) : 'TOPIC_AUTHORIZATION_FAILED'
    return { errorCode: codeOf(error), name, topicId: zeroUuid, partitions: [] }
  }
  return {
    errorCode: noError,
    name,
    topicId: view.topicId,
    topicAuthorizedOperations: operationsOnTopic(context.access, name),
    partitions: indexesOf(view, from, count).map((partitionIndex) => {
      const { error, ...leader } = leaderOf(view, partitionIndex, context)
      return {
        errorCode: codeOf(error),
        partitionIndex,
        ...leader,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
        offlineReplicas: [],
      }
    }),
  }
}

function indexesOf(view: TopicView, from: number, count: number): number[] {
  return [...view.partitions.keys()].slice(from, from + count)
}

export const handleOffsetForLeaderEpoch: Handler<'offsetForLeaderEpoch'> = async (
  request,
  context,
) => ({ throttleTimeMs: 0, topics: await context.slices.run(endsOfEpochs(request, context)) })

function* endsOfEpochs(
  request: OffsetForLeaderEpochRequest,
  context: RequestContext,
): Steps<readonly OffsetForLeaderTopicResult[]> {
  const topics = new ItemWriter('offsetForLeaderEpoch', context, writeOffsetForLeaderTopicResult)
  for (const { topic, partitions: asked } of request.topics) {
    const partitions = yield* answerEach(asked, (one) => endOfEpoch(topic, one, context))
    topics.add({ topic, partitions })
  }
  return topics.finish()
}

/** Only a restore takes records away: else every epoch up to the current one ends where the log ends. */
function endOfEpoch(
  topic: string,
  { partition: index, currentLeaderEpoch, leaderEpoch }: OffsetForLeaderPartition,
  context: RequestContext,
): EpochEndOffset {
  const asked = { topic, index, leaderEpoch: currentLeaderEpoch }
  const found = findPartition(context, 'describe', asked)
  if (found.problem !== undefined) return { partition: index, errorCode: codeOf(found.problem) }
  const { highWatermark, log, leaderEpoch: epoch } = found.partition
  if (leaderEpoch > epoch) return { partition: index, errorCode: noError }
  const { restoredEnds } = context.led.cellOf(found.partition)
  const endOffset = Math.min(highWatermark, restoredEnds.endOf(log.id, leaderEpoch))
  return { partition: index, errorCode: noError, leaderEpoch, endOffset }
}
