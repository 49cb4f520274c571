// Exchanges: lists, one, PUT and DELETE.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { declareExchange } from '../../broker/declare-exchange.ts'
import type { Destination } from '../../broker/destination.ts'
import { checkDeletable, stripName } from '../../broker/exchange/check-name.ts'
import { permitConfigure } from '../../broker/permit.ts'
import type { Sample } from '../../broker/statistics/sample.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import type { VHost } from '../../broker/vhost.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { badRequest, type ManagementParts, notFound, roomToDeclare, stored } from '../answers.ts'
import { answerList, byVHostAndName, type Listing, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { exchangeJson, type ExchangeIn, exchangeOfPath, exchangeSchema } from './exchange-json.ts'
import { flag, tableField, whyNoName } from './fields.ts'
import { rangeOf } from './range-query.ts'
import { missing } from './refusals.ts'
import { statisticsQuery, wantRates } from './statistics-query.ts'

const tag = 'Exchanges'
const path = '/exchanges/{vhost}/{exchange}'

export function exchangeOperations(parts: ExchangeParts): Operation[] {
  const { broker } = parts
  return [
    ...listOperations(parts),
    oneOperation(parts),
    putOperation(broker),
    deleteOperation(broker),
  ]
}

type ExchangeParts = Pick<ManagementParts, 'broker' | 'statistics'>

function listOperations({ broker, statistics }: ExchangeParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/exchanges',
      where: gatherList('vhosts', ['vhost', 'name']),
      tag,
      summary: 'Exchanges of all virtual hosts that the caller sees',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(exchangeSchema) },
      handle: ({ query, caller }) => {
        const items = eachOf(visibleVHosts(broker, caller))
        wantRates(statistics, query)
        return answerList(broker.slices, query, listing(items, statistics))
      },
    }),
    operation({
      method: 'get',
      path: '/exchanges/{vhost}',
      tag,
      summary: 'Exchanges of a virtual host',
      access: 'vhost',
      query: listQuery,
      answers: { 200: listOf(exchangeSchema) },
      handle: ({ names, query, context }) => {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        wantRates(statistics, query)
        return answerList(broker.slices, query, listing(exchangesOf(vhost), statistics))
      },
    }),
  ]
}

function listing(items: Iterable<ExchangeIn>, statistics: Statistics): Listing<ExchangeIn> {
  return {
    items,
    json: (item) => exchangeJson(item, statistics),
    nameOf: ({ name }) => name,
    compare: byVHostAndName,
  }
}

function oneOperation({ broker, statistics }: ExchangeParts): Operation {
  return operation({
    method: 'get',
    path,
    tag,
    summary: 'An exchange',
    access: 'vhost',
    query: statisticsQuery,
    answers: { 200: exchangeSchema },
    handle: ({ names, query, context }) => {
      const name = exchangeOfPath(names.exchange)
      const exchange = broker.findVHost(names.vhost)?.findExchange(name)
      if (exchange === undefined) return notFound(context)
      statistics.want()
      const samples = (): readonly Sample[] => statistics.historyOf(exchange)
      const range = rangeOf(query, 'msg_rates', { samples, now: broker.clock.now() })
      const object = exchangeJson({ vhost: names.vhost, name, exchange }, statistics, range)
      return { ...object, incoming: [], outgoing: [] }
    },
  })
}

function* eachOf(vhosts: Iterable<VHost<Destination>>): Generator<ExchangeIn> {
  for (const vhost of vhosts) yield* exchangesOf(vhost)
}

function* exchangesOf(vhost: VHost<Destination>): Generator<ExchangeIn> {
  for (const exchange of vhost.exchanges()) {
    yield { vhost: vhost.name, name: exchange.name, exchange }
  }
}

function putOperation(broker: Broker): Operation {
  return operation({
    method: 'put',
    path,
    tag,
    summary: 'Declare an exchange, or check that it is there as asked',
    access: 'vhost',
    body: z.object({
      type: z.string().optional().describe('direct where it is left out'),
      durable: flag,
      auto_delete: flag,
      internal: flag,
      arguments: tableField,
    }),
    answers: { 201: 'It is new', 204: 'It was there as asked' },
    async handle({ names, body, caller, context }) {
      await roomToDeclare(broker)
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      const name = exchangeOfPath(names.exchange)
      const problem = whyNoName(name)
      if (problem !== undefined) return badRequest(context, `exchange name: ${problem}`)
      const isNew = vhost.findExchange(stripName(name)) === undefined
      const changes = declareExchange(
        broker.inert,
        vhost,
        {
          name,
          type: body.type ?? 'direct',
          durable: body.durable ?? false,
          autoDelete: body.auto_delete ?? false,
          internal: body.internal ?? false,
          arguments: body.arguments,
        },
        caller.rightsIn(vhost.name),
      )
      await whenDurable(broker.topology.write(changes))
      return stored(context, isNew)
    },
  })
}

function deleteOperation(broker: Broker): Operation {
  return operation({
    method: 'delete',
    path,
    tag,
    summary: 'Delete an exchange with its bindings',
    access: 'vhost',
    query: z.object({
      'if-unused': z.string().optional().describe('true: only when nothing is bound to it'),
    }),
    answers: { 204: 'It is gone' },
    async handle({ names, query, caller, context }) {
      await roomToDeclare(broker)
      const vhost = broker.findVHost(names.vhost)
      const name = exchangeOfPath(names.exchange)
      if (vhost?.findExchange(name) === undefined) return notFound(context)
      checkDeletable(vhost.name, name)
      permitConfigure(caller.rightsIn(vhost.name), 'delete', { kind: 'exchange', name })
      const changes = vhost.deleteExchange(name, { ifUnused: query['if-unused'] === 'true' })
      await whenDurable(broker.topology.write(changes))
      return context.body(null, 204)
    },
  })
}
