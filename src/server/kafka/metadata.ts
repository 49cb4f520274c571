// Metadata (key 3): the one broker and the topics. Asking for a topic by name makes it, as Kafka's
// auto.create.topics.enable does; it stays provisional until somebody declares it.
import type { TopicView } from '../../broker/topic/topic-view.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import {
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponseTopic,
  writeMetadataResponseTopic,
} from '../../codec/kafka/messages/metadata.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import { operationsOnCluster, operationsOnTopic } from './authorized-operations.ts'
import { brokersAndLateFor, brokersFor } from './brokers-for.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import { leaderOf } from './leader-of.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { absenceOf } from './topic-absence.ts'
import { writeInSlices } from './write-in-slices.ts'

const topicIdVersion = 12

export const handleMetadata: Handler<'metadata'> = async (request, context) => {
  const tickets: (Ticket | undefined)[] = []
  const topics = await writeInSlices(
    'metadata',
    context,
    writeMetadataResponseTopic,
    findTopics(request, context, tickets),
  )
  for (const ticket of tickets) await whenDurable(ticket)
  if (tickets.length > 0) await context.whenFollowed?.()
  const { nodeId } = context.settings
  return {
    throttleTimeMs: 0,
    brokers: asksForBrokers(request, context) ? brokersFor(context) : brokersAndLateFor(context),
    clusterId: context.settings.clusterId,
    controllerId: nodeId,
    topics,
    ...(request.includeClusterAuthorizedOperations && {
      clusterAuthorizedOperations: operationsOnCluster(context.access),
    }),
  }
}

/** As tools do that go on to ask each of them. */
function asksForBrokers({ topics }: MetadataRequest, { apiVersion }: RequestContext): boolean {
  return apiVersion > 0 && topics?.length === 0
}

function* findTopics(
  request: MetadataRequest,
  context: RequestContext,
  tickets: (Ticket | undefined)[],
): Generator<MetadataResponseTopic | undefined, void> {
  const { topics, allowAutoTopicCreation: mayCreate, includeTopicAuthorizedOperations } = request
  const { apiVersion, access } = context
  const shown = (topic: MetadataResponseTopic): MetadataResponseTopic =>
    includeTopicAuthorizedOperations ? withOperations(topic, context) : topic
  if (topics === null || (apiVersion === 0 && topics.length === 0)) {
    for (const view of context.topics.views()) {
      const isShown = access.mayTopic('describe', view.name)
      yield isShown ? shown(describeTopic(view, context)) : undefined
    }
    return
  }
  const hasId = topics.some(({ name, topicId }) => name === null || topicId !== zeroUuid)
  for (const topic of topics) {
    if (hasId && apiVersion < topicIdVersion) yield shown(refuseTopic(topic))
    else yield shown(findTopic(topic, mayCreate, context, tickets))
  }
}

function withOperations(
  topic: MetadataResponseTopic,
  { access }: RequestContext,
): MetadataResponseTopic {
  if (topic.errorCode !== noError || topic.name === null) return topic
  return { ...topic, topicAuthorizedOperations: operationsOnTopic(access, topic.name) }
}

/** Versions 10 and 11 have the field for ids, and may not use it. */
function refuseTopic({ name, topicId }: MetadataRequestTopic): MetadataResponseTopic {
  return { errorCode: codeOf('INVALID_REQUEST'), name: name ?? '', topicId, partitions: [] }
}

/** One with a single partition may become a queue yet, which has its log. */
function provisionalSpread({ settings }: RequestContext): number {
  return settings.partitionCount === 1 ? 0 : settings.spread()
}

function findTopic(
  { name, topicId }: MetadataRequestTopic,
  mayCreate: boolean,
  context: RequestContext,
  tickets: (Ticket | undefined)[],
): MetadataResponseTopic {
  const { access } = context
  if (name === null || topicId !== zeroUuid) {
    const view = context.topics.findById(topicId)
    const mayKnow = view !== undefined && access.mayTopic('describe', view.name)
    if (mayKnow) return describeTopic(view, context)
    // As in Kafka: an id is no secret, the name of its topic is.
    const error = view === undefined ? 'UNKNOWN_TOPIC_ID' : 'TOPIC_AUTHORIZATION_FAILED'
    return { errorCode: codeOf(error), name: null, topicId, partitions: [] }
  }
  if (!access.needsTopic('describe', name)) return unauthorized(name)
  const view = context.topics.find(name)
  if (view !== undefined) return describeTopic(view, context)
  const absence = absenceOf(name, context)
  if (!mayCreate || !context.settings.isAutoCreating || absence === 'INVALID_TOPIC_EXCEPTION') {
    return { errorCode: codeOf(absence), name, partitions: [] }
  }
  if (!access.mayCreateTopic(name)) return unauthorized(name)
  // As from Kafka while it makes one: the client asks again after a moment.
  if (context.broker.topology.isBehind || !context.broker.admission.mayDeclare) {
    return { errorCode: codeOf('LEADER_NOT_AVAILABLE'), name, partitions: [] }
  }
  try {
    const { partitionCount } = context.settings
    const asked = {
      name,
      partitionCount,
      configs: {},
      isProvisional: true,
      spread: provisionalSpread(context),
    }
    const { topic, ticket } = context.topics.create(asked)
    context.client.throttle.take('mutation', asked.partitionCount)
    tickets.push(ticket)
    return describeTopic(topic, context)
  } catch (error) {
    return { errorCode: answerTo(error).errorCode, name, partitions: [] }
  }
}

function unauthorized(name: string): MetadataResponseTopic {
  return { errorCode: codeOf('TOPIC_AUTHORIZATION_FAILED'), name, partitions: [] }
}

function describeTopic(view: TopicView, context: RequestContext): MetadataResponseTopic {
  return {
    errorCode: noError,
    name: view.name,
    topicId: view.topicId,
    isInternal: false,
    partitions: view.partitions.map((_partition, partitionIndex) => {
      const { error, ...leader } = leaderOf(view, partitionIndex, context)
      return { errorCode: codeOf(error), partitionIndex, ...leader, offlineReplicas: [] }
    }),
  }
}
