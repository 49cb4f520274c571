// Retained messages: listed by topic filter, shown, set and deleted, and as a tree of topics.
import { z } from 'zod'
import { parseTopicFilter } from '../../../broker/session/topic-filter.ts'
import { compareNames } from '../../../lib/compare-names.ts'
import { adminLimits } from '../../../limits/admin.ts'
import { searchLimits } from '../../../limits/search.ts'
import { notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { answerList, listOf, listQuery } from '../../api/listing.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { gatherList } from '../../cluster/gather-list.ts'
import { vhostOfQuery } from '../../cluster/ways.ts'
import { notAuthorised } from '../../rabbitmq/refusals.ts'
import { outsideOf } from '../browse-rights.ts'
import { exportedJson } from '../exported-json.ts'
import { wholeIn } from '../stream-asked.ts'
import {
  type MqttAdminParts,
  type MqttPlace,
  placeOf,
  placesSeen,
  RetainedView,
} from './mqtt-parts.ts'
import {
  findRetained,
  previewQuery,
  Previews,
  qosOf,
  type RetainedAt,
  retainedJson,
  retainedSchema,
  valueShape,
} from './retained-json.ts'

const tag = 'MQTT'
const count = z.number().int()

const retainedQuery = listQuery.and(
  z.object({
    vhost: z.string().optional().describe('Only those of this virtual host'),
    filter: z
      .string()
      .refine(isPlainFilter, 'Expected a topic filter')
      .default('#')
      .describe('Only topics that it has; # has all that do not begin with $'),
    payload: previewQuery,
  }),
)

const treeQuery = listQuery.and(
  z.object({
    parent: z.string().optional().describe('The topic above; left out, the first level'),
    payload: previewQuery,
  }),
)

/** One level of a topic, with what is there and below. */
export interface TopicBranchJson {
  readonly name: string
  readonly topic: string
  readonly topics: number
  readonly has_value: boolean
  readonly payload_bytes: number | null
  readonly time: number | null
  readonly qos: number | null
  readonly payload: string | null
  readonly payload_encoding: string | null
}

const branchSchema = z.object({
  name: z.string().describe('The level alone'),
  topic: z.string().describe('The whole topic, which is `parent` of what is below'),
  topics: count.describe('Retained messages of this topic and all below'),
  has_value: z.boolean().describe('This very topic has one'),
  payload_bytes: count.nullable(),
  ...valueShape,
})

export function mqttRetainedOperations(parts: MqttAdminParts): Operation[] {
  return [listOperation(parts), showOperation(parts), treeOperation(parts)]
}

function listOperation(parts: MqttAdminParts): Operation {
  const { broker } = parts
  return operation({
    method: 'get',
    path: '/v1/mqtt/retained',
    where: vhostOfQuery(gatherList('vhosts', ['vhost', 'topic'])),
    tag,
    summary: 'Retained messages of the topics of a filter that the caller may read',
    access: 'management',
    query: retainedQuery,
    answers: { 200: listOf(retainedSchema) },
    async handle({ query, caller }) {
      const places = await placesSeen(parts, caller, query.vhost)
      const viewOf = viewsOf(caller)
      const previews = new Previews(broker, query.payload)
      return answerList(broker.slices, query, {
        items: matched(places, query.filter, viewOf),
        json: (each) => ({ ...retainedJson(each, previews.of(each.retained)) }),
        column: retainedColumn,
        nameOf: ({ topic }) => topic,
        compare: byVHostAndTopic,
        prepare: (shown) => previews.look(shown, viewOf),
      })
    },
  })
}

function showOperation(parts: MqttAdminParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/mqtt/retained/{vhost}/{topic}',
    tag,
    summary: 'The retained message of a topic, as one by its place',
    access: 'vhost',
    query: z.strictObject({
      payload: wholeIn(0, searchLimits.payloadShownMax)
        .default(256 * 1024)
        .describe('Bytes of the payload that are shown'),
    }),
    answers: {
      200: z
        .record(z.string(), z.unknown())
        .describe('The message with `topic`, `qos`, `expires_at` and `sees_payload`'),
    },
    async handle({ names, query, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      const view = new RetainedView(place, caller)
      if (!view.seesTopic(names.topic)) return notAuthorised(context)
      const retained = place.sessions.retained.find(names.topic)
      if (retained === undefined) return notFound(context)
      const message = await findRetained(parts.broker, { place, retained }, query.payload)
      if (message === undefined) return notFound(context)
      const seesPayload = view.seesValue(names.topic)
      return {
        vhost: names.vhost,
        topic: names.topic,
        qos: qosOf(message),
        expires_at: retained.expiresAt === Infinity ? null : retained.expiresAt,
        ...exportedJson(seesPayload ? message : outsideOf(message)),
        sees_payload: seesPayload,
      }
    },
  })
}

function treeOperation(parts: MqttAdminParts): Operation {
  const { broker } = parts
  return operation({
    method: 'get',
    path: '/v1/mqtt/topics/{vhost}',
    tag,
    summary: 'A level of the tree of topics that have retained messages: names, counts and values',
    access: 'vhost',
    query: treeQuery,
    answers: { 200: listOf(branchSchema) },
    async handle({ names, query, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      if (place === undefined) return notFound(context)
      const viewOf = viewsOf(caller)
      if (!viewOf(place).seesSome) return notAuthorised(context)
      const previews = new Previews(broker, query.payload)
      return answerList(broker.slices, query, {
        items: branchesOf(place, query.parent, viewOf(place)),
        json: (branch) => ({ ...branchJson(branch, previews) }),
        column: ({ name, count: topics }, column) => (column === 'topics' ? topics : name),
        nameOf: ({ name }) => name,
        compare: (a, b) => compareNames(a.name, b.name),
        prepare: (shown) =>
          previews.look(
            shown.flatMap(({ topic, value }) =>
              value === undefined ? [] : [{ place, topic, retained: value }],
            ),
            viewOf,
          ),
      })
    },
  })
}

type Branch =
  ReturnType<MqttPlace['sessions']['retained']['branchesOf']> extends Generator<infer B> ? B : never

function* branchesOf(
  { sessions: { retained } }: MqttPlace,
  parent: string | undefined,
  view: RetainedView,
): Generator<Branch | undefined> {
  let hidden = 0
  for (const branch of retained.branchesOf(parent)) {
    const { value, topic, count: below } = branch
    const isThere = value !== undefined && retained.isThere(value)
    const own = isThere && view.seesTopic(topic) ? value : undefined
    // What is below may be seen where this is not: rights are asked for there.
    if (own !== undefined || below > (value === undefined ? 0 : 1)) yield { ...branch, value: own }
    else if (++hidden % adminLimits.listedAtOnceMax === 0) yield undefined
  }
}

function branchJson(
  { name, topic, value, count: topics }: Branch,
  previews: Previews,
): TopicBranchJson {
  return {
    name,
    topic,
    topics,
    has_value: value !== undefined,
    payload_bytes: value?.size ?? null,
    ...previews.of(value),
  }
}

function* matched(
  places: readonly MqttPlace[],
  filter: string,
  viewOf: (place: MqttPlace) => RetainedView,
): Generator<RetainedAt | undefined> {
  let looked = 0
  for (const place of places) {
    const { retained: all } = place.sessions
    const view = viewOf(place)
    for (const found of all.search(filter)) {
      if (found === undefined || ++looked % adminLimits.listedAtOnceMax === 0) yield undefined
      if (found === undefined) continue
      const [topic, retained] = found
      if (all.isThere(retained) && view.seesTopic(topic)) yield { place, topic, retained }
    }
  }
}

function retainedColumn({ place, topic, retained }: RetainedAt, column: string): unknown {
  switch (column) {
    case 'topic':
      return topic
    case 'payload_bytes':
      return retained.size
    case 'offset':
      return retained.offset
    case 'expires_at':
      return retained.expiresAt === Infinity ? null : retained.expiresAt
    default:
      return place.vhost.name
  }
}

function viewsOf(caller: Caller): (place: MqttPlace) => RetainedView {
  const views = new Map<MqttPlace, RetainedView>()
  return (place) => {
    const view = views.get(place) ?? new RetainedView(place, caller)
    views.set(place, view)
    return view
  }
}

function byVHostAndTopic(a: RetainedAt, b: RetainedAt): number {
  return compareNames(a.place.vhost.name, b.place.vhost.name) || compareNames(a.topic, b.topic)
}

function isPlainFilter(text: string): boolean {
  const filter = parseTopicFilter(text)
  return filter !== undefined && filter.share === undefined
}
