// Channels of connections, and their consumers.
import type { Sample } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { badRequest, notFound } from '../answers.ts'
import { answerList, type Listing, listOf, listQuery, type ListQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { holder } from '../cluster/ways.ts'
import { channelJson, channelSchema, consumerJson, consumerSchema } from './channel-json.ts'
import type { ConnectionParts } from './connections.ts'
import {
  channelsOf,
  consumersOf,
  findClient,
  type ListedChannel,
  type ListedClient,
  type ListedConsumer,
  listedClients,
  maySee,
  seenBy,
} from './listed-client.ts'
import { rangeOf } from './range-query.ts'
import { notAuthorised } from './refusals.ts'
import { statisticsQuery, wantRates } from './statistics-query.ts'

const tag = 'Channels'

export function channelOperations(parts: ConnectionParts): Operation[] {
  return [...listOperations(parts), oneOperation(parts), ...consumerOperations(parts)]
}

const facts = {
  method: 'get',
  tag,
  query: listQuery,
  answers: { 200: listOf(channelSchema) },
} as const

function listOperations({ broker, clients, statistics }: ConnectionParts): Operation[] {
  const list = (query: ListQuery, owners: Iterable<ListedClient>): Promise<Response> => {
    wantRates(statistics, query)
    return answerList(broker.slices, query, listing(owners, statistics))
  }
  return [
    operation({
      ...facts,
      path: '/channels',
      where: gatherList('nodes'),
      summary: 'Channels; to users without the tag monitoring, their own',
      access: 'management',
      handle: ({ query, caller }) => list(query, seenBy(caller, listedClients(clients))),
    }),
    operation({
      ...facts,
      path: '/vhosts/{vhost}/channels',
      where: gatherList('nodes'),
      summary: 'Channels to a virtual host',
      access: 'vhost',
      handle: ({ names, query, caller, context }) => {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        const owners = seenBy(caller, listedClients(clients, names.vhost))
        return list(query, owners)
      },
    }),
    operation({
      ...facts,
      path: '/connections/{connection}/channels',
      where: holder,
      summary: 'Channels of a connection',
      access: 'management',
      handle: ({ names, query, caller, context }) => {
        const owner = findClient(clients, names.connection)
        if (owner === undefined) return notFound(context)
        if (!maySee(caller, owner.principal.user)) return notAuthorised(context)
        return list(query, [owner])
      },
    }),
    sessionsOperation(clients),
  ]
}

function sessionsOperation(clients: ConnectionParts['clients']): Operation {
  return operation({
    method: 'get',
    path: '/connections/{connection}/sessions',
    where: holder,
    tag,
    summary: 'Sessions of a connection of AMQP 1.0, which is not served',
    access: 'management',
    answers: { 400: 'It is none' },
    handle: ({ names, caller, context }) => {
      const owner = findClient(clients, names.connection)
      if (owner === undefined) return notFound(context)
      if (!maySee(caller, owner.principal.user)) return notAuthorised(context)
      return badRequest(context, 'connection does not use AMQP 1.0')
    },
  })
}

function listing(owners: Iterable<ListedClient>, statistics: Statistics): Listing<ListedChannel> {
  return {
    items: channelsOf(owners),
    json: (channel) => channelJson(channel, statistics),
    nameOf: ({ name }) => name,
  }
}

function oneOperation({ broker, clients, statistics }: ConnectionParts): Operation {
  return operation({
    method: 'get',
    path: '/channels/{channel}',
    where: holder,
    tag,
    summary: 'A channel by its name',
    access: 'management',
    query: statisticsQuery,
    answers: { 200: channelSchema },
    handle: ({ names, query, caller, context }) => {
      const [, connection = '', number] = /^(.*) \((\d+)\)$/.exec(names.channel) ?? []
      const owner = findClient(clients, connection)
      for (const listed of owner === undefined ? [] : channelsOf([owner])) {
        if (listed.channel.number !== Number(number)) continue
        if (!maySee(caller, listed.owner.principal.user)) return notAuthorised(context)
        const consumers = Array.from(consumersOf([listed]), consumerJson)
        statistics.want()
        const samples = (): readonly Sample[] => statistics.historyOf(listed.channel.counters)
        const range = rangeOf(query, 'msg_rates', { samples, now: broker.clock.now() })
        return {
          ...channelJson(listed, statistics, range),
          consumer_details: consumers,
          deliveries: [],
          publishes: [],
        }
      }
      return notFound(context)
    },
  })
}

function consumerOperations({ broker, clients }: ConnectionParts): Operation[] {
  const list = (owners: Iterable<ListedClient>): Listing<ListedConsumer> => ({
    items: consumersOf(channelsOf(owners)),
    json: consumerJson,
    nameOf: ({ consumer }) => consumer.tag,
  })
  const answers = { 200: listOf(consumerSchema) }
  return [
    operation({
      method: 'get',
      path: '/consumers',
      where: gatherList('nodes'),
      tag: 'Consumers',
      summary: 'Consumers; to users without the tag monitoring, their own',
      access: 'management',
      query: listQuery,
      answers,
      handle: ({ query, caller }) =>
        answerList(broker.slices, query, list(seenBy(caller, listedClients(clients)))),
    }),
    operation({
      method: 'get',
      path: '/consumers/{vhost}',
      where: gatherList('nodes'),
      tag: 'Consumers',
      summary: 'Consumers of a virtual host',
      access: 'vhost-visible',
      query: listQuery,
      answers,
      handle: ({ names, query, caller, context }) => {
        if (broker.findVHost(names.vhost) === undefined) return notFound(context)
        const owners = seenBy(caller, listedClients(clients, names.vhost))
        return answerList(broker.slices, query, list(owners))
      },
    }),
  ]
}
