// CreateTopics (key 19). The checks, their order and their texts are those of Kafka's controller.
import { checkPartitionCount } from '../../broker/topic/check-partition-count.ts'
import type { TopicAsked } from '../../broker/topic/topic-asked.ts'
import { parseTopicConfigs, TopicConfig } from '../../broker/topic/topic-config.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  type CreateTopicsRequest,
  writeCreatableTopicResult,
} from '../../codec/kafka/messages/create-topics.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { Ticket } from '../../log/ticket.ts'
import { BrokerLayers } from './broker-layers.ts'
import { answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { checkAssignments, tooManyReplicas } from './replica-assignment.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { takeMutations } from './take-mutations.ts'
import { describeTopicConfigs } from './topic-configs.ts'
import { untilCaughtUp, untilDurable, untilFollowed } from './until-durable.ts'
import { ItemWriter } from './write-in-slices.ts'

const unset = -1
/** Clients of this version know what a quota of changes is. */
const strictVersion = 6

export const handleCreateTopics: Handler<'createTopics'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(createTopics(request, context)),
})

function* createTopics(
  { topics: asked, validateOnly: isDryRun }: CreateTopicsRequest,
  context: RequestContext,
): Steps<readonly CreatableTopicResult[]> {
  const results = new ItemWriter('createTopics', context, writeCreatableTopicResult)
  const counts = new Map<string, number>()
  let partitionCount = 0
  for (const topic of asked) {
    counts.set(topic.name, (counts.get(topic.name) ?? 0) + 1)
    partitionCount += wantedPartitions(topic, context)
    yield
  }
  const tickets = new Set<Ticket | undefined>()
  const manner = { isDryRun, tickets, layers: new BrokerLayers(context) }
  for (const topic of asked) {
    const count = counts.get(topic.name) ?? 0
    // However often a name is repeated, it has one answer.
    if (count === 0) continue
    counts.delete(topic.name)
    yield* untilCaughtUp(context)
    if (partitionCount > topicLimits.partitionsPerRequestMax) {
      results.add(refuse(topic, tooManyPartitions()))
    } else if (count > 1) results.add(refuse(topic, invalidRequest('Duplicate topic name.')))
    else results.add(createTopic(topic, manner, context))
    yield
  }
  yield* untilDurable(tickets)
  yield* untilFollowed(context)
  return results.finish()
}

/** How the topics of one request are made. */
interface Manner {
  readonly isDryRun: boolean
  /** Of what was declared so far. */
  readonly tickets: Set<Ticket | undefined>
  readonly layers: BrokerLayers
}

function tooManyPartitions(): KafkaRefusal {
  const text = 'Excessively large number of partitions per request.'
  return new KafkaRefusal('POLICY_VIOLATION', text)
}

function createTopic(
  topic: CreatableTopic,
  { isDryRun, tickets, layers }: Manner,
  context: RequestContext,
): CreatableTopicResult {
  const { topics, access } = context
  try {
    if (!access.mayCreateTopic(topic.name)) throw new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
    const existing = replaceableIn(topics, topic.name)
    const provisional = confirmableIn(topics, topic.name)
    if (existing === undefined && provisional === undefined) topics.checkName(topic.name)
    const asked = toAsked(topic, context)
    const isLess = asked.partitionCount < (provisional?.partitions.length ?? 0)
    if (isLess) topics.checkName(topic.name)
    if (!isDryRun) takeMutations(context, asked.partitionCount, strictVersion)
    if (!isDryRun && existing !== undefined) tickets.add(topics.delete(existing))
    const created = isDryRun ? undefined : createOrConfirm(topics, provisional, asked)
    if (created !== undefined) tickets.add(created.ticket)
    const config = new TopicConfig(asked.configs, context.broker.topicDefaults)
    return {
      name: topic.name,
      topicId: created?.topic.topicId ?? zeroUuid,
      errorCode: noError,
      errorMessage: null,
      numPartitions: asked.partitionCount,
      replicationFactor: 1,
      configs: describeTopicConfigs(config, layers),
    }
  } catch (error) {
    return refuse(topic, error)
  }
}

/** A topic that is there only because somebody asked for its name, and that nobody has used. */
function replaceableIn(topics: Topics, name: string): Topic | undefined {
  const existing = topics.find(name)?.topic
  if (existing?.isProvisional !== true || existing.spread > 0) return undefined
  const isUnread = existing.messageCount === 0
  return isUnread ? existing : undefined
}

/**
 * The same of one that is spread over cells, where something may be coming in: it becomes what is asked for, and keeps
 * what it has.
 */
function confirmableIn(topics: Topics, name: string): Topic | undefined {
  const existing = topics.find(name)?.topic
  return existing?.isProvisional === true && existing.spread > 0 ? existing : undefined
}

function createOrConfirm(
  topics: Topics,
  provisional: Topic | undefined,
  asked: TopicAsked,
): ReturnType<Topics['create']> {
  if (provisional === undefined) return topics.create(asked)
  const { partitionCount, configs } = asked
  const { arguments: args } = provisional
  const ticket = topics.confirm(provisional, { partitionCount, configs, arguments: args })
  return { topic: provisional, ticket }
}

function toAsked(topic: CreatableTopic, context: RequestContext): TopicAsked {
  const { name, configs } = topic
  const nulls = configs.filter(({ value }) => value === null)
  if (nulls.length > 0) {
    const names = nulls.map((config) => config.name).join()
    const text = `Null value not supported for topic configs: ${names}`
    throw new KafkaRefusal('INVALID_CONFIG', text)
  }
  const asked = {
    name,
    configs: Object.fromEntries(configs.map((config) => [config.name, config.value ?? ''])),
    isProvisional: false,
    // Who assigns partitions can only assign them to the broker that has the topics.
    spread: topic.assignments.length > 0 ? 0 : context.settings.spread(),
  }
  parseTopicConfigs(asked.configs)
  checkCounts(topic, context)
  const partitionCount = wantedPartitions(topic, context)
  checkPartitionCount(partitionCount)
  return { ...asked, partitionCount }
}

/** Throws for partitions and replicas that cannot be. */
function checkCounts(
  { assignments, replicationFactor, numPartitions }: CreatableTopic,
  { settings }: RequestContext,
): void {
  if (assignments.length > 0) {
    const start = 'A manual partition assignment was specified, but'
    if (replicationFactor !== unset) {
      throw invalidRequest(`${start} replication factor was not set to -1.`)
    }
    if (numPartitions !== unset) throw invalidRequest(`${start} numPartitions was not set to -1.`)
    checkAssignments(assignments, settings)
    return
  }
  if (replicationFactor < unset || replicationFactor === 0) {
    throw new KafkaRefusal(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (numPartitions < unset || numPartitions === 0) {
    throw new KafkaRefusal(
      'INVALID_PARTITIONS',
      'Number of partitions was set to an invalid non-positive value.',
    )
  }
  if (replicationFactor > 1) {
    throw new KafkaRefusal(
      'INVALID_REPLICATION_FACTOR',
      tooManyReplicas(replicationFactor, settings),
    )
  }
}

/** How many partitions a topic is to have. */
function wantedPartitions(
  { assignments, numPartitions }: CreatableTopic,
  { settings }: RequestContext,
): number {
  if (assignments.length > 0) return assignments.length
  return numPartitions === unset ? settings.partitionCount : Math.max(0, numPartitions)
}

function refuse({ name }: CreatableTopic, error: unknown): CreatableTopicResult {
  return { name, ...answerTo(error) }
}
