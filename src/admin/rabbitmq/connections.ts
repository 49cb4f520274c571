// Connections of all protocols but HTTP: lists, one, and DELETE, which closes them.
import type { Context } from 'hono'
import type { Sample } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { type ManagementParts, notFound } from '../answers.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, type Listing, listOf } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { each, holder } from '../cluster/ways.ts'
import {
  basicConnectionJson,
  basicConnectionSchema,
  connectionJson,
  connectionSchema,
} from './connection-json.ts'
import { findClient, type ListedClient, listedClients, maySee, seenBy } from './listed-client.ts'
import { rangeOf } from './range-query.ts'
import { notAuthorised } from './refusals.ts'
import { detailOf, statisticsListQuery, statisticsQuery, wantRates } from './statistics-query.ts'

const tag = 'Connections'
const onePath = '/connections/{connection}'
const userPath = '/connections/username/{user}'

export type ConnectionParts = Pick<ManagementParts, 'broker' | 'clients' | 'statistics'>

export function connectionOperations(parts: ConnectionParts): Operation[] {
  return [...listOperations(parts), ...oneOperations(parts), ...userOperations(parts)]
}

function listOperations({ broker, clients, statistics }: ConnectionParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/connections',
      where: gatherList('nodes'),
      tag,
      summary: 'Connections; to users without the tag monitoring, their own',
      access: 'management',
      query: statisticsListQuery,
      answers: { 200: listOf(connectionSchema) },
      handle: ({ query, caller }) => {
        wantRates(statistics, query)
        const items = seenBy(caller, listedClients(clients))
        return answerList(
          broker.slices,
          query,
          listing(items, detailOf(query) === 'statistics' ? statistics : undefined),
        )
      },
    }),
    operation({
      method: 'get',
      path: '/vhosts/{vhost}/connections',
      where: gatherList('nodes'),
      tag,
      summary: 'Connections to a virtual host',
      access: 'vhost',
      query: statisticsListQuery,
      answers: { 200: listOf(connectionSchema) },
      handle: ({ names, query, caller, context }) => {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        wantRates(statistics, query)
        const items = seenBy(caller, listedClients(clients, names.vhost))
        return answerList(
          broker.slices,
          query,
          listing(items, detailOf(query) === 'statistics' ? statistics : undefined),
        )
      },
    }),
  ]
}

/** Without statistics only what a connection is. */
function listing(
  items: Iterable<ListedClient>,
  statistics: Statistics | undefined,
): Listing<ListedClient> {
  return {
    items,
    json: (listed) =>
      statistics === undefined ? basicConnectionJson(listed) : connectionJson(listed, statistics),
    nameOf: ({ name }) => name,
  }
}

function oneOperations({ broker, clients, statistics }: ConnectionParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: onePath,
      where: holder,
      tag,
      summary: 'A connection by its name',
      access: 'management',
      query: statisticsQuery,
      answers: { 200: connectionSchema },
      handle: ({ names, query, caller, context }) => {
        const listed = findClient(clients, names.connection)
        if (listed === undefined) return notFound(context)
        if (!maySee(caller, listed.principal.user)) return notAuthorised(context)
        if (detailOf(query) !== 'statistics') return basicConnectionJson(listed)
        statistics.want()
        const samples = (): readonly Sample[] => statistics.historyOf(listed.client)
        const range = rangeOf(query, 'data_rates', { samples, now: broker.clock.now() })
        return connectionJson(listed, statistics, range)
      },
    }),
    operation({
      method: 'delete',
      path: onePath,
      where: holder,
      tag,
      summary: 'Close a connection; the header X-Reason is what its client is told',
      access: 'management',
      answers: { 204: 'It is being closed' },
      handle({ names, caller, context }) {
        const listed = findClient(clients, names.connection)
        if (listed === undefined) return notFound(context)
        if (!mayClose(caller, listed.principal.user)) return notAuthorised(context)
        listed.client.close(reasonOf(context))
        return context.body(null, 204)
      },
    }),
  ]
}

function userOperations({ broker, clients }: ConnectionParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: userPath,
      where: gatherList('nodes'),
      tag,
      summary: 'Connections of a user',
      access: 'management',
      query: statisticsListQuery,
      answers: { 200: listOf(basicConnectionSchema) },
      handle: ({ names, query, caller, context }) => {
        if (!maySee(caller, names.user)) return notAuthorised(context)
        const items = [...listedClients(clients)].filter(
          ({ principal }) => principal.user === names.user,
        )
        return answerList(broker.slices, query, listing(items, undefined))
      },
    }),
    operation({
      method: 'delete',
      path: userPath,
      where: each('nodes'),
      tag,
      summary: 'Close all connections of a user',
      access: 'management',
      answers: { 204: 'They are being closed' },
      handle({ names, caller, context }) {
        if (!mayClose(caller, names.user)) return notAuthorised(context)
        for (const { client, principal } of listedClients(clients)) {
          if (principal.user === names.user) client.close(reasonOf(context))
        }
        return context.body(null, 204)
      },
    }),
  ]
}

function mayClose(caller: Caller, user: string): boolean {
  return caller.hasTag('administrator') || caller.principal.user === user
}

function reasonOf(context: Context): string {
  return context.req.header('x-reason') ?? 'Closed via management plugin'
}
