// Connections of all protocols: what each does, what it makes hard for itself, and how to end it.
import { z } from 'zod'
import type { ClientRegistry } from '../../../broker/client/client-registry.ts'
import type { EnteringClient } from '../../../broker/client/client-usage.ts'
import type { Client } from '../../../broker/client/client.ts'
import { connectionLimits } from '../../../limits/connections.ts'
import { notFound } from '../../answers.ts'
import type { Caller } from '../../api/caller.ts'
import { answerList, listOf, listQuery } from '../../api/listing.ts'
import { type Operation, operation } from '../../api/operation.ts'
import { addUp } from '../../cluster/add-up.ts'
import { gatherJson, type JsonPart } from '../../cluster/gather-json.ts'
import { gatherList } from '../../cluster/gather-list.ts'
import { holder } from '../../cluster/ways.ts'
import { maySee } from '../../rabbitmq/listed-client.ts'
import { notAuthorised } from '../../rabbitmq/refusals.ts'
import {
  connectionJson,
  connectionSchema,
  type Connected,
  type ConnectionParts,
  connectionShownJson,
  connectionShownSchema,
  nameOf,
  searchedIn,
} from './connection-json.ts'

interface OwnConnectionParts extends ConnectionParts {
  readonly clients: ClientRegistry
}

const tag = 'Connections'
const count = z.number().int()

const connectionsQuery = listQuery.and(
  z.object({
    protocol: z
      .enum(['amqp', 'kafka', 'mqtt', 'stomp', 'http', 'messages'])
      .optional()
      .describe('messages: all that work with messages, as requests of HTTP do not'),
    user: z.string().optional().describe('Only those of this user'),
    vhost: z.string().optional().describe('Only those to this virtual host'),
    state: z.enum(['starting', 'running', 'blocked', 'closing']).optional(),
  }),
)

type Asked = z.infer<typeof connectionsQuery>

const closeBody = z.strictObject({
  connections: z.array(z.int().positive()).max(connectionLimits.closedAtOnceMax),
  reason: z.string().max(200).optional().describe('What their clients are told'),
  dry_run: z.boolean().optional().describe('Only show what would be closed'),
})

const closedSchema = z.object({
  done: z.array(
    z.object({
      id: count,
      name: z.string(),
      user: z.string(),
      consumers: count,
      unacked: count.describe('They go back to their queues'),
    }),
  ),
  refused: z.array(z.object({ id: count, reason: z.string() })),
})

const usageSchema = z.object({
  connections: count.describe('That have opened a virtual host; those of Kafka are in `/`'),
  channels: count,
})

export function ownConnectionOperations(parts: OwnConnectionParts): Operation[] {
  return [...lookOperations(parts), closeOperation(parts), usageOperation(parts)]
}

/** Nodes ask each other for it, too: see `ClientsAtNodes`. */
function usageOperation({ clients }: OwnConnectionParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/usage',
    where: gatherJson('nodes', (parts) => addUp(parts.map(({ json }) => json))),
    tag,
    summary:
      'How many connections and channels there are, as limits of users and virtual hosts count them',
    access: 'monitoring',
    query: z.object({
      user: z.string().optional().describe('Only those of this user'),
      vhost: z.string().optional().describe('Only those in this virtual host'),
    }),
    answers: { 200: usageSchema },
    handle: ({ query }) => {
      const { connections, channels } = clients.usage(query)
      const isEntering = ({ user }: EnteringClient): boolean =>
        query.vhost === undefined && (query.user ?? user) === user
      const entering = [...clients.entering].filter(isEntering).length
      return { connections: connections + entering, channels }
    },
  })
}

function lookOperations(parts: OwnConnectionParts): Operation[] {
  const { broker, clients, statistics } = parts
  return [
    operation({
      method: 'get',
      path: '/v1/connections',
      where: gatherList('nodes'),
      tag,
      summary: 'Connections of all protocols; to users without the tag monitoring, their own',
      access: 'management',
      query: connectionsQuery,
      answers: { 200: listOf(connectionSchema) },
      handle: ({ query, caller }) => {
        statistics.want()
        return answerList(broker.slices, query, {
          items: connectedSeen(clients, query, caller),
          json: (connected) => ({ ...connectionJson(connected, parts) }),
          nameOf: searchedIn,
        })
      },
    }),
    operation({
      method: 'get',
      path: '/v1/connections/{id}',
      where: holder,
      tag,
      summary: 'A connection: its channels and consumers, and its last minutes',
      access: 'management',
      answers: { 200: connectionShownSchema },
      handle: ({ names, caller, context }) => {
        const connected = findConnected(clients, Number(names.id))
        if (connected === undefined) return notFound(context)
        if (!maySee(caller, connected.principal.user)) return notAuthorised(context)
        statistics.want()
        return connectionShownJson(connected, parts)
      },
    }),
  ]
}

function closeOperation({ clients }: OwnConnectionParts): Operation {
  return operation({
    method: 'post',
    path: '/v1/connections/close',
    where: gatherJson('nodes', mergeClosed),
    tag,
    summary: 'Close connections; their clients are told why where their protocol has words for it',
    access: 'management',
    body: closeBody,
    answers: { 200: closedSchema },
    handle({ body, caller }) {
      const result: z.infer<typeof closedSchema> = { done: [], refused: [] }
      for (const id of new Set(body.connections)) {
        const connected = findConnected(clients, id)
        if (connected === undefined || !maySee(caller, connected.principal.user)) {
          result.refused.push({ id, reason: notThere })
        } else if (mayClose(caller, connected)) {
          result.done.push(closedJson(connected))
          if (body.dry_run !== true) {
            connected.client.close(body.reason ?? `Closed by ${caller.principal.user}`)
          }
        } else {
          result.refused.push({ id, reason: 'only administrators close connections of others' })
        }
      }
      return result
    },
  })
}

/** Each node closes its own: one that no node has is not there. */
function mergeClosed(parts: readonly JsonPart[]): z.infer<typeof closedSchema> {
  const answers = parts.map(({ json }) => json as z.infer<typeof closedSchema>)
  const done = answers.flatMap((answer) => answer.done)
  const found = new Set(done.map(({ id }) => id))
  const refused = new Map<number, z.infer<typeof closedSchema>['refused'][number]>()
  for (const each of answers.flatMap((answer) => answer.refused)) {
    const isTold = refused.has(each.id) && each.reason === notThere
    if (!found.has(each.id) && !isTold) refused.set(each.id, each)
  }
  return { done, refused: [...refused.values()] }
}

const notThere = 'there is no such connection'

function mayClose(caller: Caller, { principal }: Connected): boolean {
  return caller.hasTag('administrator') || caller.principal.user === principal.user
}

function closedJson({
  client,
  principal,
}: Connected): z.infer<typeof closedSchema>['done'][number] {
  let consumers = 0
  let unacked = 0
  for (const channel of client.channels()) {
    consumers += channel.consumers.length
    unacked += channel.unackedCount
  }
  return { id: client.id, name: nameOf(client), user: principal.user, consumers, unacked }
}

const protocolNames = {
  amqp: 'AMQP 0-9-1',
  kafka: 'Kafka',
  mqtt: 'MQTT',
  stomp: 'STOMP',
  http: 'HTTP',
} as const

function* connectedSeen(
  clients: ClientRegistry,
  { protocol, user, vhost, state }: Asked,
  caller: Caller,
): Generator<Connected> {
  for (const client of clients.listed()) {
    const { principal } = client
    if (principal === undefined || !maySee(caller, principal.user)) continue
    if (!isOfProtocol(client, protocol)) continue
    if (user !== undefined && principal.user !== user) continue
    if (vhost !== undefined && client.vhost !== vhost) continue
    if (state === undefined || client.state === state) yield { client, principal }
  }
}

/** Whoever receives by HTTP is in a virtual host, a request as such is not. */
function isOfProtocol(client: Client, protocol: Asked['protocol']): boolean {
  if (protocol === undefined) return true
  if (protocol === 'messages') return client.vhost !== undefined
  return client.protocol === protocolNames[protocol]
}

function findConnected(clients: ClientRegistry, id: number): Connected | undefined {
  const client = clients.find(id) ?? [...clients.receivers].find((each) => each.id === id)
  const principal = client?.principal
  return client === undefined || principal === undefined ? undefined : { client, principal }
}
