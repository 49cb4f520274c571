// CreatePartitions (key 37). The checks and their texts are those of Kafka's controller.
import { cellOfPartition } from '../../broker/topic/cell-of-partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type {
  CreatePartitionsRequest,
  CreatePartitionsTopic,
  CreatePartitionsTopicResult,
} from '../../codec/kafka/messages/create-partitions.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import type { Ticket } from '../../log/ticket.ts'
import { answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { checkReplicas } from './replica-assignment.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { takeMutations } from './take-mutations.ts'
import { untilCaughtUp, untilDurable, untilFollowed } from './until-durable.ts'

/** Clients of this version know what a quota of changes is. */
const strictVersion = 3

export const handleCreatePartitions: Handler<'createPartitions'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await context.slices.run(growTopics(request, context)),
})

function* growTopics(
  request: CreatePartitionsRequest,
  context: RequestContext,
): Steps<CreatePartitionsTopicResult[]> {
  const asked = new Map<string, CreatePartitionsTopic>()
  const repeated = new Set<string>()
  for (const topic of request.topics) {
    if (asked.has(topic.name)) repeated.add(topic.name)
    asked.set(topic.name, topic)
    yield
  }
  const tickets = new Set<Ticket | undefined>()
  const results: CreatePartitionsTopicResult[] = []
  for (const [name, topic] of asked) {
    yield* untilCaughtUp(context)
    try {
      if (repeated.has(name)) throw invalidRequest('Duplicate topic name.')
      const ticket = growTopic(topic, request.validateOnly, context)
      tickets.add(ticket)
      results.push({ name, errorCode: noError, errorMessage: null })
    } catch (error) {
      results.push({ name, ...answerTo(error) })
    }
    yield
  }
  yield* untilDurable(tickets)
  yield* untilFollowed(context)
  return results
}

function growTopic(
  { name, count, assignments }: CreatePartitionsTopic,
  isDryRun: boolean,
  context: RequestContext,
): Ticket | undefined {
  const { topics, settings, access } = context
  access.permitTopic('alter', name)
  const view = topics.find(name)
  if (view === undefined) throw new KafkaRefusal('UNKNOWN_TOPIC_OR_PARTITION')
  const topic = topicOf(view)
  const additional = count - topic.partitions.length
  topics.checkGrowth(topic, count)
  if (assignments !== null) {
    if (assignments.length !== additional) {
      throw new KafkaRefusal(
        'INVALID_REPLICA_ASSIGNMENT',
        `Attempted to add ${additional} additional partition(s), but only ${assignments.length} assignment(s) were specified.`,
      )
    }
    for (const [at, { brokerIds }] of assignments.entries()) {
      checkReplicas(brokerIds, settings, futureLeader(topic, topic.partitions.length + at, context))
    }
  }
  if (isDryRun) return undefined
  takeMutations(context, additional, strictVersion)
  return topics.grow(topic, count)
}

/** The broker that would lead a partition; -1 while none would. */
function futureLeader(
  { topicId, spread }: Topic,
  index: number,
  { broker, settings }: RequestContext,
): number {
  const cell = spread === 0 ? broker.cellNumber : cellOfPartition(topicId, index, spread)
  return cell === broker.cellNumber ? settings.nodeId : (settings.ownerOf(cell ?? 0, topicId) ?? -1)
}

/** Throws INVALID_PARTITIONS for a work queue: it has one partition and stays so. */
function topicOf(view: TopicView): Topic {
  if (view.topic !== undefined) return view.topic
  throw new KafkaRefusal('INVALID_PARTITIONS', `${view.name} is a queue and has one partition.`)
}
