// DeleteTopics (key 20): topics by name, and since version 6 by id as well.
import type { TopicView } from '../../broker/topic/topic-view.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type {
  DeletableTopicResult,
  DeleteTopicsRequest,
  DeleteTopicState,
} from '../../codec/kafka/messages/delete-topics.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import type { Ticket } from '../../log/ticket.ts'
import { answerTo, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { takeMutations } from './take-mutations.ts'
import { untilCaughtUp, untilDurable, untilFollowed } from './until-durable.ts'

/** Clients of this version know what a quota of changes is. */
const strictVersion = 5

export const handleDeleteTopics: Handler<'deleteTopics'> = async (request, context) => ({
  throttleTimeMs: 0,
  responses: await context.slices.run(deleteTopics(request, context)),
})

/** A topic that is to be deleted, and how often it is named: `name` or `id` in the key. */
interface Asked extends DeleteTopicState {
  count: number
}

function* deleteTopics(
  request: DeleteTopicsRequest,
  context: RequestContext,
): Steps<DeletableTopicResult[]> {
  const responses: DeletableTopicResult[] = []
  const askedByKey = new Map<string, Asked>()
  const byName = request.topicNames.map((name) => ({ name, topicId: zeroUuid }))
  for (const topic of [...byName, ...request.topics]) {
    yield
    const key = keyOf(topic)
    if (typeof key !== 'string') responses.push(answer(topic, answerTo(key)))
    else {
      const asked = askedByKey.get(key)
      if (asked === undefined) askedByKey.set(key, { ...topic, count: 1 })
      else asked.count++
    }
  }
  const tickets = new Set<Ticket | undefined>()
  const named = new Set<string>()
  for (const asked of askedByKey.values()) {
    yield* untilCaughtUp(context)
    responses.push(deleteTopic(asked, { named, tickets }, context))
    yield
  }
  yield* untilDurable(tickets)
  yield* untilFollowed(context)
  return responses
}

/** Tells names from ids. */
function keyOf({ name, topicId }: DeleteTopicState): string | KafkaRefusal {
  if (name === null) {
    if (topicId !== zeroUuid) return `id ${topicId}`
    return invalidRequest('Neither topic name nor id were specified.')
  }
  if (topicId === zeroUuid) return `name ${name}`
  return invalidRequest('You may not specify both topic name and topic id.')
}

/** `named` are the ids of topics that the request has named so far. */
function deleteTopic(
  asked: Asked,
  { named, tickets }: { readonly named: Set<string>; readonly tickets: Set<Ticket | undefined> },
  context: RequestContext,
): DeletableTopicResult {
  const { topics, broker, access } = context
  const { name, topicId, count } = asked
  try {
    if (count > 1) throw invalidRequest(`Duplicate topic ${name === null ? 'id' : 'name'}.`)
    const view = name === null ? topics.findById(topicId) : topics.find(name)
    const known = name ?? view?.name
    if (known !== undefined) access.permitTopic('delete', known)
    if (view === undefined) {
      if (name !== null && named.has(name)) {
        throw invalidRequest('The provided topic name maps to an ID that was already supplied.')
      }
      throw new KafkaRefusal(name === null ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    }
    takeMutations(context, view.partitions.length, strictVersion)
    named.add(view.name)
    const ticket = broker.deleteQueue(view.source)
    tickets.add(ticket)
    return answer(view, { errorCode: noError, errorMessage: null })
  } catch (error) {
    return answer(asked, answerTo(error))
  }
}

function answer(
  { name, topicId }: DeleteTopicState | TopicView,
  error: ErrorAnswer,
): DeletableTopicResult {
  return { name, topicId, ...error }
}
