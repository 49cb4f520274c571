// CreateTopics (key 19). The checks, their order and their texts are those of Kafka's controller.
import { checkPartitionCount } from '../../broker/topic/check-partition-count.ts'
import {
  checkAskedPartitions,
  checkRequestedPartitions,
  checkTopicFits,
  findTopicPlace,
  makeTopic,
  readTopicConfigs,
} from '../../broker/topic/make-topic.ts'
import type { TopicAsked } from '../../broker/topic/topic-asked.ts'
import { TopicConfig } from '../../broker/topic/topic-config.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import {
  type CreatableTopic,
  type CreatableTopicResult,
  type CreateTopicsRequest,
  writeCreatableTopicResult,
} from '../../codec/kafka/messages/create-topics.gen.ts'
import type { Steps } from '../../lib/slices.ts'
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
    results.add(createTopic(topic, { ...manner, partitionCount, count }, context))
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
  /** Of all topics of the request. */
  readonly partitionCount: number
  /** How often it asks for this one. */
  readonly count: number
}

function createTopic(
  topic: CreatableTopic,
  { isDryRun, tickets, layers, partitionCount, count }: Manner,
  context: RequestContext,
): CreatableTopicResult {
  const { topics, access } = context
  try {
    checkRequestedPartitions(partitionCount)
    if (count > 1) throw invalidRequest('Duplicate topic name.')
    if (!access.mayCreateTopic(topic.name)) throw new KafkaRefusal('TOPIC_AUTHORIZATION_FAILED')
    const place = findTopicPlace(topics, topic.name)
    const asked = toAsked(topic, context)
    checkTopicFits(topics, asked, place)
    if (!isDryRun) takeMutations(context, asked.partitionCount, strictVersion)
    const made = isDryRun ? undefined : makeTopic(topics, asked, place)
    for (const ticket of made?.tickets ?? []) tickets.add(ticket)
    const config = new TopicConfig(asked.configs, context.broker.topicDefaults)
    return {
      name: topic.name,
      topicId: made?.topic.topicId ?? zeroUuid,
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

function toAsked(topic: CreatableTopic, context: RequestContext): TopicAsked {
  const configs = readTopicConfigs(topic.configs.map(({ name, value }) => [name, value]))
  checkCounts(topic, context)
  const partitionCount = wantedPartitions(topic, context)
  checkPartitionCount(partitionCount)
  return {
    name: topic.name,
    partitionCount,
    configs,
    isProvisional: false,
    // Who assigns partitions can only assign them to the broker that has the topics.
    spread: topic.assignments.length > 0 ? 0 : context.settings.spread(),
  }
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
  if (numPartitions !== unset) checkAskedPartitions(numPartitions)
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
