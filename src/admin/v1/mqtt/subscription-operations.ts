// Subscriptions of all sessions, and the groups that share some.
import { z } from 'zod'
import type { OwnSubscription } from '../../../broker/session/own-subscriptions.ts'
import type { Session } from '../../../broker/session/session.ts'
import type { SharedGroup } from '../../../broker/session/shared-group.ts'
import { isTopicName, matchesTopic } from '../../../broker/session/topic-filter.ts'
import { compareNames } from '../../../lib/compare-names.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { answerList, listOf, listQuery } from '../../api/listing.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { gatherList } from '../../cluster/gather-list.ts'
import { vhostOfQuery } from '../../cluster/ways.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'
import {
  type MqttAdminParts,
  type MqttPlace,
  placeOf,
  placesSeen,
  sessionsSeen,
} from './mqtt-parts.ts'
import { type SubscriptionJson, subscriptionJson, subscriptionShape } from './session-json.ts'

const tag = 'MQTT'
const count = z.number().int()

/** A subscription in a list of all. */
export interface ListedSubscriptionJson extends SubscriptionJson {
  readonly vhost: string
  readonly client_id: string
  readonly user: string
  readonly connected: boolean
}

export interface SharedGroupJson {
  readonly vhost: string
  readonly name: string
  readonly group: string
  readonly topic_filter: string
  readonly members: number
  readonly connected: number
  readonly backlog: number
  readonly unacked: number
}

export interface SharedGroupShownJson extends SharedGroupJson {
  readonly member_list: readonly {
    readonly client_id: string
    readonly user: string
    readonly connected: boolean
    readonly qos: number
    readonly queued: number
  }[]
}

interface Listed {
  readonly session: Session
  readonly subscription: OwnSubscription
}

const subscriptionSchema = z.object({
  vhost: z.string(),
  client_id: z.string(),
  user: z.string(),
  connected: z.boolean(),
  ...subscriptionShape,
})

const subscriptionsQuery = listQuery.and(
  z.object({
    vhost: z.string().optional().describe('Only those of this virtual host'),
    client_id: z.string().optional().describe('Only those of this session'),
    filter: z.string().optional().describe('Only those with exactly this filter'),
    topic: z
      .string()
      .refine(isTopicName, 'Expected a topic, without wildcards')
      .optional()
      .describe('Only those that have this topic'),
    group: z.string().optional().describe('Only those that this group shares'),
  }),
)

const groupSchema = z.object({
  vhost: z.string(),
  name: z.string().describe('$share/GROUP/FILTER, which is also the name of its queue'),
  group: z.string(),
  topic_filter: z.string(),
  members: count,
  connected: count.describe('Members that have a connection'),
  backlog: count.describe('Messages that wait for a member with room'),
  unacked: count.describe('Messages that members have not answered, and that nobody else gets'),
})

const memberSchema = z.object({
  client_id: z.string(),
  user: z.string(),
  connected: z.boolean(),
  qos: count,
  queued: count.describe('Messages in its own queue, which others do not get'),
})

const groupShownSchema = groupSchema.extend({
  member_list: z.array(memberSchema).describe(`The first ${mqttAdminLimits.shownMax}`),
})

export function mqttSubscriptionOperations(parts: MqttAdminParts): Operation[] {
  return [listOperation(parts), ...groupOperations(parts)]
}

function listOperation(parts: MqttAdminParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/mqtt/subscriptions',
    where: vhostOfQuery(gatherList('vhosts', ['vhost', 'filter', 'client_id'])),
    tag,
    summary: 'Subscriptions of MQTT clients; to users without the tag monitoring, their own',
    access: 'management',
    query: subscriptionsQuery,
    answers: { 200: listOf(subscriptionSchema) },
    async handle({ query, caller }) {
      const places = await placesSeen(parts, caller, query.vhost)
      return answerList(parts.broker.slices, query, {
        items: subscriptionsOf(sessionsSeen(places, caller), query),
        json: (listed) => ({ ...listedJson(listed) }),
        nameOf: ({ subscription }) => subscription.text,
        compare: byFilter,
      })
    },
  })
}

function groupOperations(parts: MqttAdminParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/mqtt/shared-groups',
      where: vhostOfQuery(gatherList('vhosts', ['vhost', 'name'])),
      tag,
      summary: 'Groups of sessions that share the messages of a filter, and what waits in them',
      access: 'management',
      query: listQuery.and(
        z.object({ vhost: z.string().optional().describe('Only those of this virtual host') }),
      ),
      answers: { 200: listOf(groupSchema) },
      async handle({ query, caller }) {
        const places = await placesSeen(parts, caller, query.vhost)
        return answerList(parts.broker.slices, query, {
          items: groupsOf(places),
          json: (group) => ({ ...groupJson(group) }),
          nameOf: ({ name }) => name,
          compare: (a, b) =>
            compareNames(a.queue.vhost, b.queue.vhost) || compareNames(a.name, b.name),
        })
      },
    }),
    operation({
      method: 'get',
      path: '/v1/mqtt/shared-groups/{vhost}/{name}',
      tag,
      summary: 'A group that shares messages, with the members that the caller sees',
      access: 'vhost-visible',
      answers: { 200: groupShownSchema },
      async handle({ names, caller, context }) {
        const place = await placeOf(parts, names.vhost)
        const group = place?.sessions.groups.find(names.name)
        if (group === undefined) return notFound(context)
        return { ...groupJson(group), member_list: membersOf(group, caller) }
      },
    }),
  ]
}

function* subscriptionsOf(
  sessions: Iterable<Session>,
  { client_id: clientId, filter, topic, group }: z.infer<typeof subscriptionsQuery>,
): Generator<Listed> {
  for (const session of sessions) {
    if (clientId !== undefined && session.clientId !== clientId) continue
    for (const subscription of session.subscriptions) {
      if (filter !== undefined && subscription.text !== filter) continue
      if (group !== undefined && subscription.share !== group) continue
      if (topic !== undefined && !matchesTopic(subscription.filter, topic)) continue
      yield { session, subscription }
    }
  }
}

function* groupsOf(places: readonly MqttPlace[]): Generator<SharedGroup> {
  for (const { sessions } of places) yield* sessions.groups
}

function listedJson({ session, subscription }: Listed): ListedSubscriptionJson {
  return {
    vhost: session.vhost,
    client_id: session.clientId,
    user: session.user,
    connected: session.client !== undefined,
    ...subscriptionJson(subscription),
  }
}

function groupJson({ name, filter, queue, members }: SharedGroup): SharedGroupJson {
  let connected = 0
  for (const { session } of members) if (session.client !== undefined) connected++
  const [, group = ''] = name.split('/')
  return {
    vhost: queue.vhost,
    name,
    group,
    topic_filter: filter,
    members: members.size,
    connected,
    backlog: queue.readyCount,
    unacked: queue.unackedCount,
  }
}

function membersOf(
  { name, members }: SharedGroup,
  caller: Caller,
): SharedGroupShownJson['member_list'] {
  const seen = [...members].filter(({ session }) => maySee(caller, session.user))
  return seen.slice(0, mqttAdminLimits.shownMax).map(({ session }) => ({
    client_id: session.clientId,
    user: session.user,
    connected: session.client !== undefined,
    qos: session.subscriptions.get(name)?.options.qos ?? 0,
    queued: session.queue?.readyCount ?? 0,
  }))
}

function byFilter(a: Listed, b: Listed): number {
  return (
    compareNames(a.session.vhost, b.session.vhost) ||
    compareNames(a.subscription.text, b.subscription.text) ||
    compareNames(a.session.clientId, b.session.clientId)
  )
}
