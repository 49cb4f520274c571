// What a topic filter has, who gets messages of a topic, and what is wrong with either. Nothing is subscribed.
import { z } from 'zod'
import {
  cautionsOf,
  whyNoFilter,
  whyNoMatch,
  whyNoTopic,
} from '../../../broker/session/explain-filter.ts'
import type { OwnSubscription } from '../../../broker/session/own-subscriptions.ts'
import { Session } from '../../../broker/session/session.ts'
import { SharedGroup } from '../../../broker/session/shared-group.ts'
import type { IndexedSubscription } from '../../../broker/session/subscription-index.ts'
import { parseTopicFilter } from '../../../broker/session/topic-filter.ts'
import type { Steps } from '../../../lib/slices.ts'
import { adminLimits } from '../../../limits/admin.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { isKeyExact, keyOfTopic } from '../../../record/message/published-topic.ts'
import { badRequest, notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'
import { type MqttAdminParts, type MqttPlace, placeOf, RetainedView } from './mqtt-parts.ts'

export interface FilterTestJson {
  readonly filter: {
    readonly problem: string | null
    readonly group: string | null
    readonly topic_filter: string
    readonly cautions: readonly string[]
    readonly topics: number
    readonly looked_at_all: boolean
    readonly examples: readonly string[]
  } | null
  readonly topic: {
    readonly problem: string | null
    readonly routing_key: string
    readonly key_is_exact: boolean
    readonly retained: boolean
    readonly subscriptions: readonly {
      readonly client_id: string | null
      readonly group: string | null
      readonly filter: string
      readonly qos: number
      readonly connected: boolean
    }[]
    readonly others: number
  } | null
  readonly match: { readonly matches: boolean; readonly reason: string | null } | null
}

const { testedLengthMax, testedShownMax, testedTopicsMax } = mqttAdminLimits
const text = z.string().max(testedLengthMax)
const count = z.number().int()

const bodySchema = z.strictObject({
  filter: text.optional(),
  topic: text.optional().describe('One of both, or both: then also whether the filter has it'),
})

const answerSchema: z.ZodType<FilterTestJson> = z.object({
  filter: z
    .object({
      problem: z.string().nullable().describe('Why it is no topic filter'),
      group: z.string().nullable().describe('That would share its messages'),
      topic_filter: z.string().describe('What topics are matched with'),
      cautions: z.array(z.string()).describe('What may not be meant so'),
      topics: count.describe('Retained messages that it has, and that the caller may read'),
      looked_at_all: z.boolean().describe('false: there are more topics than a test looks at'),
      examples: z.array(z.string()),
    })
    .nullable(),
  topic: z
    .object({
      problem: z.string().nullable().describe('Why nothing can be published to it'),
      routing_key: z.string().describe('That bindings of AMQP see'),
      key_is_exact: z.boolean().describe('false: other topics have the same routing key'),
      retained: z.boolean().describe('It has a retained message that the caller may read'),
      subscriptions: z
        .array(
          z.object({
            client_id: z.string().nullable().describe('null: of a group that shares it'),
            group: z.string().nullable(),
            filter: z.string(),
            qos: count.describe('Of a group: the highest that a member has asked for'),
            connected: z.boolean().describe('Of a group: some member is'),
          }),
        )
        .describe(
          'Those that have the topic and that the caller sees; messages may be routed to queues as well',
        ),
      others: count.describe('More of them, which are not shown'),
    })
    .nullable(),
  match: z
    .object({ matches: z.boolean(), reason: z.string().nullable() })
    .nullable()
    .describe('Of a filter and a topic that can be used'),
})

export function mqttFilterTestOperation(parts: MqttAdminParts): Operation {
  const { broker } = parts
  return operation({
    method: 'post',
    path: '/v1/mqtt/filter-test/{vhost}',
    tag: 'MQTT',
    summary: 'Say which topics a filter has, which subscriptions a topic has, and what is wrong',
    access: 'vhost',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema },
    async handle({ names, body: { filter, topic }, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      if (filter === undefined && topic === undefined) {
        return badRequest(context, 'name a filter, a topic or both')
      }
      const looked = { place, caller }
      return {
        filter: filter === undefined ? null : await broker.slices.run(testFilter(filter, looked)),
        topic: topic === undefined ? null : await broker.slices.run(testTopic(topic, looked)),
        match: filter === undefined || topic === undefined ? null : testMatch(filter, topic),
      }
    },
  })
}

interface Looked {
  readonly place: MqttPlace
  readonly caller: Caller
}

function* testFilter(asked: string, looked: Looked): Steps<NonNullable<FilterTestJson['filter']>> {
  const parsed = parseTopicFilter(asked)
  const problem = whyNoFilter(asked) ?? null
  const plain = parsed?.filter ?? asked
  const found =
    problem === null
      ? yield* findTopics(plain, looked)
      : { topics: 0, looked_at_all: true, examples: [] }
  return {
    problem,
    group: parsed?.share ?? null,
    topic_filter: plain,
    cautions: problem === null ? cautionsOf(plain) : [],
    ...found,
  }
}

type TopicsFound = Pick<
  NonNullable<FilterTestJson['filter']>,
  'topics' | 'looked_at_all' | 'examples'
>

/** Those with a retained message that the caller sees. */
function* findTopics(filter: string, { place, caller }: Looked): Steps<TopicsFound> {
  const view = new RetainedView(place, caller)
  const { retained } = place.sessions
  const examples: string[] = []
  let topics = 0
  let looked = 0
  for (const each of retained.search(filter)) {
    if (each === undefined) {
      yield
      continue
    }
    const [topic, found] = each
    if (++looked > testedTopicsMax) break
    if (looked % adminLimits.listedAtOnceMax === 0) yield
    if (!retained.isThere(found) || !view.seesTopic(topic)) continue
    topics++
    if (examples.length < testedShownMax) examples.push(topic)
  }
  return { topics, looked_at_all: looked <= testedTopicsMax, examples }
}

function* testTopic(
  topic: string,
  { place, caller }: Looked,
): Steps<NonNullable<FilterTestJson['topic']>> {
  const problem = whyNoTopic(topic) ?? null
  const found: IndexedSubscription[] = []
  if (problem === null) place.sessions.index.subscriptionsOf(topic, (each) => found.push(each))
  const shown: NonNullable<FilterTestJson['topic']>['subscriptions'][number][] = []
  let others = 0
  for (const [index, subscription] of found.entries()) {
    const json = shownSubscription(subscription, caller)
    if (json === undefined || shown.length >= testedShownMax) others++
    else shown.push(json)
    if (index % adminLimits.listedAtOnceMax === 0) yield
  }
  const { retained } = place.sessions
  const seesIt = new RetainedView(place, caller).seesTopic(topic)
  return {
    problem,
    routing_key: keyOfTopic(topic),
    key_is_exact: isKeyExact(topic),
    retained: seesIt && retained.find(topic) !== undefined,
    subscriptions: shown,
    others,
  }
}

function shownSubscription(
  subscription: IndexedSubscription,
  caller: Caller,
): NonNullable<FilterTestJson['topic']>['subscriptions'][number] | undefined {
  const { subscriber } = subscription
  if (subscriber instanceof SharedGroup) {
    const [, group = ''] = subscriber.name.split('/')
    const connected = [...subscriber.members].some(({ session }) => session.client !== undefined)
    const { filter } = subscriber
    return { client_id: null, group, filter, qos: highestQosOf(subscriber), connected }
  }
  if (!(subscriber instanceof Session) || !maySee(caller, subscriber.user)) return undefined
  const { text: filter, options } = subscription as IndexedSubscription & OwnSubscription
  const connected = subscriber.client !== undefined
  return { client_id: subscriber.clientId, group: null, filter, qos: options.qos, connected }
}

/** What some member of the group may get; each gets what it has asked for itself. */
function highestQosOf({ members, name }: SharedGroup): number {
  let highest = 0
  for (const { session } of members) {
    highest = Math.max(highest, session.subscriptions.get(name)?.options.qos ?? 0)
  }
  return highest
}

function testMatch(filter: string, topic: string): FilterTestJson['match'] {
  const parsed = parseTopicFilter(filter)
  if (
    parsed === undefined ||
    whyNoFilter(filter) !== undefined ||
    whyNoTopic(topic) !== undefined
  ) {
    return null
  }
  const reason = whyNoMatch(parsed.filter, topic) ?? null
  return { matches: reason === null, reason }
}
