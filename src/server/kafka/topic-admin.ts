// CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords.
import { BrokerError } from '../../broker/broker-error.ts'
import { Topic } from '../../broker/topic/topic.ts'
import type { TopicAsked, TopicView } from '../../broker/topic/topics.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type {
  CreatePartitionsRequest,
  CreatePartitionsTopic,
  CreatePartitionsTopicResult,
} from '../../codec/kafka/messages/create-partitions.gen.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  type CreateTopicsRequest,
  writeCreatableTopicResult,
} from '../../codec/kafka/messages/create-topics.gen.ts'
import type {
  DeleteRecordsPartition,
  DeleteRecordsPartitionResult,
} from '../../codec/kafka/messages/delete-records.gen.ts'
import type {
  DeletableTopicResult,
  DeleteTopicsRequest,
  DeleteTopicState,
} from '../../codec/kafka/messages/delete-topics.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import { whenCaughtUp, whenDurable } from './await-group.ts'
import { describeTopicConfigs } from './config-rows.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import { nodeId } from './kafka-context.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

const defaultCount = -1
const defaultPartitionCount = 1
const endOfPartition = -1

export const handleCreateTopics: Handler<'createTopics'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(createTopics(request, context)),
})

function* createTopics(
  { topics: asked, validateOnly }: CreateTopicsRequest,
  context: RequestContext,
): Steps<readonly CreatableTopicResult[]> {
  const results = new ItemWriter('createTopics', context, writeCreatableTopicResult)
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of asked) (seen.has(name) ? repeated : seen).add(name)
  const groups = new Set<CommitGroup>()
  for (const topic of asked) {
    yield* untilCaughtUp(context)
    const isRepeated = repeated.has(topic.name)
    const problem = new BrokerError('precondition_failed', 'Duplicate topic name.')
    if (isRepeated) results.add(refuseTopic(topic, problem))
    else results.add(createTopic(topic, { isDryRun: validateOnly, groups }, context))
    yield
  }
  yield* untilDurable(groups)
  return results.finish()
}

function* untilCaughtUp({ broker: { topology } }: RequestContext): Steps<void> {
  if (topology.isBehind) yield whenCaughtUp(topology)
}

function* untilDurable(groups: Iterable<CommitGroup>): Steps<void> {
  for (const group of groups) if (group.state !== 'finished') yield whenDurable(group)
}

function createTopic(
  topic: CreatableTopic,
  { isDryRun, groups }: { readonly isDryRun: boolean; readonly groups: Set<CommitGroup> },
  { topics }: RequestContext,
): CreatableTopicResult {
  try {
    const asked = toAsked(topic)
    const existing = topics.find(topic.name)
    // Somebody asked for the name before; now it is declared.
    if (existing instanceof Topic && existing.isProvisional && isUnread(existing)) {
      if (!isDryRun) topics.delete(existing)
    }
    if (isDryRun) topics.check(asked)
    const created = isDryRun ? undefined : topics.create(asked)
    if (created !== undefined) groups.add(created.group)
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

export const handleDeleteTopics: Handler<'deleteTopics'> = async (request, context) => ({
  throttleTimeMs: 0,
  responses: await context.slices.run(deleteTopics(request, context)),
})

function* deleteTopics(
  request: DeleteTopicsRequest,
  context: RequestContext,
): Steps<DeletableTopicResult[]> {
  const byName = request.topicNames.map((name) => ({ name, topicId: zeroUuid }))
  const groups = new Set<CommitGroup>()
  const responses: DeletableTopicResult[] = []
  for (const asked of [...byName, ...request.topics]) {
    yield* untilCaughtUp(context)
    responses.push(deleteTopic(asked, context, groups))
    yield
  }
  yield* untilDurable(groups)
  return responses
}

function deleteTopic(
  { name, topicId }: DeleteTopicState,
  { topics, broker }: RequestContext,
  groups: Set<CommitGroup>,
): DeletableTopicResult {
  const view = name === null ? topics.findById(topicId) : topics.find(name)
  if (view === undefined) {
    const problem = name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    return { name, topicId, errorCode: codeOf(problem) }
  }
  const group = broker.deleteQueue(view.source)
  if (group !== undefined) groups.add(group)
  return { name: view.name, topicId: view.topicId, errorCode: noError }
}

export const handleCreatePartitions: Handler<'createPartitions'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await context.slices.run(growTopics(request, context)),
})

function* growTopics(
  request: CreatePartitionsRequest,
  context: RequestContext,
): Steps<CreatePartitionsTopicResult[]> {
  const groups = new Set<CommitGroup>()
  const results: CreatePartitionsTopicResult[] = []
  for (const topic of request.topics) {
    yield* untilCaughtUp(context)
    results.push(growTopic(topic, { isDryRun: request.validateOnly, groups }, context))
    yield
  }
  yield* untilDurable(groups)
  return results
}

function growTopic(
  { name, count }: CreatePartitionsTopic,
  { isDryRun, groups }: { readonly isDryRun: boolean; readonly groups: Set<CommitGroup> },
  { topics }: RequestContext,
): CreatePartitionsTopicResult {
  const view = topics.find(name)
  if (view === undefined) return { name, errorCode: codeOf('UNKNOWN_TOPIC_OR_PARTITION') }
  try {
    const topic = topicOf(view)
    if (!isDryRun) groups.add(topics.grow(topic, count))
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
