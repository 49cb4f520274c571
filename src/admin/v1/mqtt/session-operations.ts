// Sessions of MQTT: listed, shown, disconnected and deleted.
import { z } from 'zod'
import { BrokerError } from '../../../broker/broker-error.ts'
import { disconnectSession } from '../../../broker/session/disconnect-session.ts'
import type { Session } from '../../../broker/session/session.ts'
import { whenDurable } from '../../../broker/when-durable.ts'
import { compareNames } from '../../../lib/compare-names.ts'
import { adminLimits } from '../../../limits/admin.ts'
import { mqttAdminLimits } from '../../../limits/mqtt-admin.ts'
import { notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { answerList, listOf, listQuery } from '../../api/listing.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { gatherList } from '../../cluster/gather-list.ts'
import { joinLists, splitByVHost, vhostOfQuery } from '../../cluster/ways.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'
import { notAuthorised } from '../../rabbitmq/refusals.ts'
import { doToEach } from '../do-to-each.ts'
import {
  mayChange,
  type MqttAdminParts,
  type MqttPlace,
  placeOf,
  placesSeen,
  sessionsSeen,
} from './mqtt-parts.ts'
import {
  sessionColumn,
  sessionJson,
  sessionSchema,
  type SessionShownJson,
  sessionShownSchema,
  subscriptionJson,
  willJson,
} from './session-json.ts'

const tag = 'MQTT'
const onePath = '/v1/mqtt/sessions/{vhost}/{client_id}'
const count = z.number().int()

type State = 'connected' | 'away' | 'waiting'

/** `waiting`: messages wait for a client that is away, or does not keep up. */
const states: Readonly<Record<State, (session: Session) => boolean>> = {
  connected: ({ client }) => client !== undefined,
  away: ({ client }) => client === undefined,
  waiting: ({ queue }) => (queue?.readyCount ?? 0) > 0,
}

const sessionsQuery = listQuery.and(
  z.object({
    vhost: z.string().optional().describe('Only those of this virtual host'),
    user: z.string().optional().describe('Only those of this user'),
    state: z
      .enum(Object.keys(states) as [State])
      .optional()
      .describe('waiting: with messages that are to be sent'),
  }),
)

const chosenBody = z.strictObject({
  sessions: z
    .array(z.strictObject({ vhost: z.string(), client_id: z.string() }))
    .max(mqttAdminLimits.sessionsAtOnceMax),
  dry_run: z.boolean().optional().describe('Only show what would be done'),
})

const chosenSchema = z.object({
  done: z.array(
    z.object({
      vhost: z.string(),
      client_id: z.string(),
      user: z.string(),
      connected: z.boolean().describe('That it is, or was'),
      queued: count,
      in_flight: count,
      subscriptions: count,
      will: z.string().nullable(),
    }),
  ),
  refused: z.array(z.object({ vhost: z.string(), client_id: z.string(), reason: z.string() })),
})

type SessionName = z.infer<typeof chosenBody>['sessions'][number]
type Done = z.infer<typeof chosenSchema>

export function mqttSessionOperations(parts: MqttAdminParts): Operation[] {
  return [...lookOperations(parts), ...changeOperations(parts), deleteOperation(parts)]
}

function lookOperations(parts: MqttAdminParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/mqtt/sessions',
      where: vhostOfQuery(gatherList('vhosts', ['vhost', 'client_id'])),
      tag,
      summary: 'Sessions of MQTT clients; to users without the tag monitoring, their own',
      access: 'management',
      query: sessionsQuery,
      answers: { 200: listOf(sessionSchema) },
      async handle({ query, caller }) {
        const places = await placesSeen(parts, caller, query.vhost)
        return answerList(parts.broker.slices, query, {
          items: chosen(sessionsSeen(places, caller), query),
          json: (session) => ({ ...sessionJson(session) }),
          column: sessionColumn,
          nameOf: ({ clientId }) => clientId,
          compare: byVHostAndClientId,
        })
      },
    }),
    operation({
      method: 'get',
      path: onePath,
      tag,
      summary: 'A session: its subscriptions, its will, and the queue that its messages wait in',
      access: 'vhost-visible',
      answers: { 200: sessionShownSchema },
      async handle({ names, caller, context }) {
        const session = findSession(await placeOf(parts, names.vhost), names.client_id)
        if (session === undefined) return notFound(context)
        if (!maySee(caller, session.user)) return notAuthorised(context)
        return { ...shown(session), may: { change: mayChange(caller, session) } }
      },
    }),
  ]
}

function changeOperations(parts: MqttAdminParts): Operation[] {
  const shared = {
    method: 'post',
    tag,
    access: 'management',
    where: splitByVHost({ list: 'sessions', merge: joinLists('done', 'refused') }),
    body: chosenBody,
    bodySizeMax: adminLimits.chosenBodySizeMax,
    answers: { 200: chosenSchema },
  } as const
  return [
    operation({
      ...shared,
      path: '/v1/mqtt/sessions/disconnect',
      summary: 'End the connections of sessions, which wait for their clients as ever',
      handle: ({ body, caller }) =>
        doToEach(body.sessions, async (name) => {
          const { place, session } = await changeable(parts, name, caller)
          const done = doneJson(session)
          if (session.client === undefined) throw gone(`'${session.clientId}' is not connected`)
          if (body.dry_run !== true) disconnectSession(place.sessions, session)
          return { done, ticket: undefined }
        }),
    }),
    operation({
      ...shared,
      path: '/v1/mqtt/sessions/delete',
      summary: 'Delete sessions with their subscriptions and messages; no will is sent',
      handle: ({ body, caller }) =>
        doToEach(body.sessions, async (name) => {
          const { place, session } = await changeable(parts, name, caller)
          const done = doneJson(session)
          const isDry = body.dry_run === true
          return { done, ticket: isDry ? undefined : place.sessions.delete(session.clientId) }
        }),
    }),
  ]
}

function deleteOperation(parts: MqttAdminParts): Operation {
  return operation({
    method: 'delete',
    path: onePath,
    tag,
    summary: 'Delete a session with its subscriptions and messages, and disconnect its client',
    access: 'vhost-visible',
    answers: { 204: 'It is gone' },
    async handle({ names, caller, context }) {
      const place = await placeOf(parts, names.vhost)
      const session = findSession(place, names.client_id)
      if (session === undefined) return notFound(context)
      if (!mayChange(caller, session)) return notAuthorised(context)
      await whenDurable(place?.sessions.delete(session.clientId))
      return context.body(null, 204)
    },
  })
}

/** What a change is to be done to: a session that the caller sees and may change. Throws for others. */
async function changeable(
  parts: MqttAdminParts,
  { vhost, client_id: clientId }: SessionName,
  caller: Caller,
): Promise<{ readonly place: MqttPlace; readonly session: Session }> {
  const place = await placeOf(parts, vhost)
  const session = findSession(place, clientId)
  if (place === undefined || session === undefined || !maySee(caller, session.user)) {
    throw gone('there is no such session')
  }
  if (!mayChange(caller, session)) throw gone('only administrators change sessions of others')
  return { place, session }
}

function gone(reason: string): BrokerError {
  return new BrokerError('precondition_failed', reason)
}

function doneJson(session: Session): Done['done'][number] {
  const { vhost, client_id, user, connected, queued, in_flight, subscriptions, will } =
    sessionJson(session)
  return { vhost, client_id, user, connected, queued, in_flight, subscriptions, will }
}

function* chosen(
  sessions: Iterable<Session>,
  { user, state }: z.infer<typeof sessionsQuery>,
): Generator<Session> {
  for (const session of sessions) {
    if (user !== undefined && session.user !== user) continue
    if (state === undefined || states[state](session)) yield session
  }
}

function shown(session: Session): Omit<SessionShownJson, 'may'> {
  const subscriptions = [...session.subscriptions].slice(0, mqttAdminLimits.shownMax)
  return {
    ...sessionJson(session),
    subscription_list: subscriptions.map(subscriptionJson),
    will_facts: willJson(session),
  }
}

function findSession(place: MqttPlace | undefined, clientId: string): Session | undefined {
  return place?.sessions.all.get(clientId)
}

function byVHostAndClientId(a: Session, b: Session): number {
  return compareNames(a.vhost, b.vhost) || compareNames(a.clientId, b.clientId)
}
