// CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords.
import { BrokerError } from '../../broker/broker-error.ts'
import { Topic } from '../../broker/topic/topic.ts'
import type { TopicAsked, TopicView } from '../../broker/topic/topics.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type {
  CreatePartitionsTopic,
  CreatePartitionsTopicResult,
} from '../../codec/kafka/messages/create-partitions.gen.ts'
import type {
  CreatableTopic,
  CreatableTopicResult,
} from '../../codec/kafka/messages/create-topics.gen.ts'
import type {
  DeleteRecordsPartition,
  DeleteRecordsPartitionResult,
} from '../../codec/kafka/messages/delete-records.gen.ts'
import type {
  DeletableTopicResult,
  DeleteTopicState,
} from '../../codec/kafka/messages/delete-topics.gen.ts'
import { whenDurable } from './await-group.ts'
import { describeTopicConfigs } from './config-rows.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import { nodeId } from './kafka-context.ts'
import type { Handler, RequestContext } from './request-context.ts'

const defaultCount = -1
const defaultPartitionCount = 1
const endOfPartition = -1

export const handleCreateTopics: Handler<'createTopics'> = async (request, context) => {
  const topics: CreatableTopicResult[] = []
  for (const topic of request.topics) {
    const isRepeated = request.topics.filter(({ name }) => name === topic.name).length > 1
    topics.push(
      isRepeated
        ? refuseTopic(topic, new BrokerError('precondition_failed', 'Duplicate topic name.'))
        : await createTopic(topic, request.validateOnly, context),
    )
  }
  return { throttleTimeMs: 0, topics }
}

async function createTopic(
  topic: CreatableTopic,
  isDryRun: boolean,
  { topics }: RequestContext,
): Promise<CreatableTopicResult> {
  try {
    const asked = toAsked(topic)
    const existing = topics.find(topic.name)
    // Somebody asked for the name before; now it is declared.
    if (existing instanceof Topic && existing.isProvisional && isUnread(existing)) {
      if (!isDryRun) await whenDurable(topics.delete(existing))
    }
    if (isDryRun) topics.check(asked)
    const created = isDryRun ? undefined : topics.create(asked)
    await whenDurable(created?.group)
    return {
      name: topic.name,
      topicId: created?.topic.topicId ?? zeroUuid,
      errorCode: noError,
      errorMessage: null,
      numPartitions: asked.partitionCount,
      replicationFactor: 1,
      configs: created === undefined ? [] : describeTopicConfigs(created.topic.config),
    }
  } catch (error) {
    return refuseTopic(topic, error)
  }
}

/** Nothing was ever stored in it. */
function isUnread(topic: Topic): boolean {
  return topic.partitions.every(({ log }) => log.endOffset === 0)
}

function toAsked(topic: CreatableTopic): TopicAsked {
  const isPlaced = topic.assignments.length > 0
  if (
    isPlaced &&
    topic.assignments.some(({ brokerIds }) => brokerIds.some((id) => id !== nodeId))
  ) {
    throw new BrokerError('invalid_partitions', `The only broker is ${nodeId}.`)
  }
  const isReplicated = topic.replicationFactor > 1
  if (isReplicated) {
    throw new BrokerError(
      'invalid_replication_factor',
      `Unable to replicate the partition ${topic.replicationFactor} time(s): The target replication factor of ${topic.replicationFactor} cannot be reached because only 1 broker(s) are registered.`,
    )
  }
  const count = topic.numPartitions === defaultCount ? defaultPartitionCount : topic.numPartitions
  const configs = topic.configs
    .filter(({ value }) => value !== null)
    .map(({ name, value }): [string, string] => [name, value as string])
  return {
    name: topic.name,
    partitionCount: isPlaced ? topic.assignments.length : count,
    configs: Object.fromEntries(configs),
    isProvisional: false,
  }
}

function refuseTopic({ name }: CreatableTopic, error: unknown): CreatableTopicResult {
  return { name, ...answerTo(error) }
}

export const handleDeleteTopics: Handler<'deleteTopics'> = async (request, context) => {
  const byName = request.topicNames.map((name) => ({ name, topicId: zeroUuid }))
  const responses: DeletableTopicResult[] = []
  for (const asked of [...byName, ...request.topics]) {
    responses.push(await deleteTopic(asked, context))
  }
  return { throttleTimeMs: 0, responses }
}

async function deleteTopic(
  { name, topicId }: DeleteTopicState,
  { topics, broker }: RequestContext,
): Promise<DeletableTopicResult> {
  const view = name === null ? topics.findById(topicId) : topics.find(name)
  if (view === undefined) {
    const problem = name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    return { name, topicId, errorCode: codeOf(problem) }
  }
  await whenDurable(broker.deleteQueue(view.source))
  return { name: view.name, topicId: view.topicId, errorCode: noError }
}

export const handleCreatePartitions: Handler<'createPartitions'> = async (request, context) => {
  const results: CreatePartitionsTopicResult[] = []
  for (const topic of request.topics) {
    results.push(await createPartitions(topic, request.validateOnly, context))
  }
  return { throttleTimeMs: 0, results }
}

async function createPartitions(
  { name, count }: CreatePartitionsTopic,
  isDryRun: boolean,
  { topics }: RequestContext,
): Promise<CreatePartitionsTopicResult> {
  const view = topics.find(name)
  if (view === undefined) return { name, errorCode: codeOf('UNKNOWN_TOPIC_OR_PARTITION') }
  try {
    const topic = topicOf(view)
    if (!isDryRun) await whenDurable(topics.grow(topic, count))
    return { name, errorCode: noError, errorMessage: null }
  } catch (error) {
    return { name, ...answerTo(error) }
  }
}

/** Throws `invalid_partitions` for a work queue: it has one partition and stays so. */
function topicOf(view: TopicView): Topic {
  if (view.source instanceof Topic) return view.source
  throw new BrokerError('invalid_partitions', `${view.name} is a queue and has one partition.`)
}

export const handleDeleteRecords: Handler<'deleteRecords'> = async (request, context) => {
  const topics = []
  for (const { name, partitions: asked } of request.topics) {
    const partitions: DeleteRecordsPartitionResult[] = []
    for (const partition of asked) partitions.push(await deleteRecords(name, partition, context))
    topics.push({ name, partitions })
  }
  return { throttleTimeMs: 0, topics }
}

async function deleteRecords(
  topic: string,
  { partitionIndex, offset }: DeleteRecordsPartition,
  context: RequestContext,
): Promise<DeleteRecordsPartitionResult> {
  const found = findPartition(context, topic, partitionIndex, -1)
  const refuse = (name: Parameters<typeof codeOf>[0]): DeleteRecordsPartitionResult => ({
    partitionIndex,
    lowWatermark: -1,
    errorCode: codeOf(name),
  })
  if (found.problem !== undefined) return refuse(found.problem)
  const { view, partition } = found
  // Records of a work queue are its workers' to remove.
  if (!(view.source instanceof Topic)) return refuse('POLICY_VIOLATION')
  const target = offset === endOfPartition ? partition.highWatermark : offset
  if (target < 0 || target > partition.highWatermark) return refuse('OFFSET_OUT_OF_RANGE')
  const { store } = context.broker
  const group = store.beginAtom()
  store.trim(partition.log, target)
  store.endAtom()
  await whenDurable(group)
  return { partitionIndex, lowWatermark: partition.startOffset, errorCode: noError }
}
