// Bindings: lists by all that they belong to, and one by its properties key.
import { z } from 'zod'
import type { Rights } from '../../auth/rights.ts'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { getUsableQueue } from '../../broker/declare-queue.ts'
import type { Destination } from '../../broker/destination.ts'
import { checkNotDefault } from '../../broker/exchange/check-name.ts'
import { permitBinding } from '../../broker/permit.ts'
import { checkBindable } from '../../broker/reply-registry.ts'
import type { Changes, VHost } from '../../broker/vhost.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { type ManagementParts, notFound, roomToDeclare } from '../answers.ts'
import { answerList, listOf, listQuery, type ListQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { type BindingIn, bindingJson, bindingSchema } from './binding-json.ts'
import { exchangeOfPath } from './exchange-json.ts'
import { nameText, tableField } from './fields.ts'
import {
  allBindings,
  type BindingEnd,
  bindingsBetween,
  bindingsFrom,
  bindingsTo,
  type BoundPlace,
} from './find-bindings.ts'
import { hashOf, propertiesKey, quote, readPropertiesKey } from './properties-key.ts'
import { missing } from './refusals.ts'

const tag = 'Bindings'
const betweenPath = '/bindings/{vhost}/e/{source}/{type}/{destination}'
const onePath = `${betweenPath}/{props}` as const

type BindingParts = Pick<ManagementParts, 'broker' | 'mqtt'>

export function bindingOperations(parts: BindingParts): Operation[] {
  return [
    ...listOperations(parts),
    ...endOperations(parts),
    bindOperation(parts.broker),
    ...oneOperations(parts),
  ]
}

interface BindingNames {
  readonly source: string
  readonly type: string
  readonly destination: string
}

/** `q` and `e` stand for a queue and an exchange. */
function endOf({ type, destination }: BindingNames): BindingEnd | undefined {
  if (type === 'q') return { kind: 'queue', name: destination }
  return type === 'e' ? { kind: 'exchange', name: exchangeOfPath(destination) } : undefined
}

const facts = {
  method: 'get',
  tag,
  query: listQuery,
  answers: { 200: listOf(bindingSchema) },
} as const

function listOperations(parts: BindingParts): Operation[] {
  const { broker } = parts
  return [
    operation({
      ...facts,
      path: '/bindings',
      where: gatherList('vhosts', ['vhost']),
      summary: 'Bindings of all virtual hosts that the caller sees',
      access: 'management',
      handle: ({ query, caller }) =>
        list(broker, query, eachOf(visibleVHosts(broker, caller), parts)),
    }),
    operation({
      ...facts,
      path: '/bindings/{vhost}',
      summary: 'Bindings of a virtual host',
      access: 'vhost',
      handle: ({ names, query, context }) => {
        const place = placeIn(parts, names.vhost)
        return place === undefined ? notFound(context) : list(broker, query, allBindings(place))
      },
    }),
    operation({
      ...facts,
      path: betweenPath,
      summary: 'Bindings from an exchange to a queue (`q`) or an exchange (`e`)',
      access: 'vhost',
      handle: ({ names, query, context }) => {
        const place = placeIn(parts, names.vhost)
        const end = endOf(names)
        if (place === undefined || end === undefined) return notFound(context)
        return list(broker, query, bindingsBetween(place, exchangeOfPath(names.source), end))
      },
    }),
  ]
}

/** What is not there has none, as in RabbitMQ. */
function endOperations(parts: BindingParts): Operation[] {
  const { broker } = parts
  return [
    operation({
      ...facts,
      path: '/exchanges/{vhost}/{exchange}/bindings/source',
      summary: 'Bindings from an exchange',
      access: 'vhost',
      handle: ({ names, query, context }) => {
        const place = placeIn(parts, names.vhost)
        if (place === undefined) return notFound(context)
        return list(broker, query, bindingsFrom(place, exchangeOfPath(names.exchange)))
      },
    }),
    operation({
      ...facts,
      path: '/exchanges/{vhost}/{exchange}/bindings/destination',
      summary: 'Bindings to an exchange',
      access: 'vhost',
      handle: ({ names, query, context }) => {
        const place = placeIn(parts, names.vhost)
        if (place === undefined) return notFound(context)
        const name = exchangeOfPath(names.exchange)
        return list(broker, query, bindingsTo(place, { kind: 'exchange', name }))
      },
    }),
    operation({
      ...facts,
      path: '/queues/{vhost}/{name}/bindings',
      summary: 'Bindings to a queue',
      access: 'vhost',
      handle: ({ names, query, context }) => {
        const place = placeIn(parts, names.vhost)
        if (place === undefined) return notFound(context)
        return list(broker, query, bindingsTo(place, { kind: 'queue', name: names.name }))
      },
    }),
  ]
}

function list({ slices }: Broker, query: ListQuery, items: Iterable<BindingIn>): Promise<Response> {
  return answerList(slices, query, { ...listing, items })
}

const listing = {
  json: bindingJson,
  nameOf: ({ source, destination }: BindingIn): string => `${source} ${destination}`,
}

function* eachOf(
  vhosts: readonly VHost<Destination>[],
  { mqtt: { sessions } }: BindingParts,
): Generator<BindingIn> {
  for (const vhost of vhosts) yield* allBindings({ vhost, sessions })
}

function placeIn({ broker, mqtt }: BindingParts, name: string): BoundPlace | undefined {
  const vhost = broker.findVHost(name)
  return vhost && { vhost, sessions: mqtt.sessions }
}

function bindOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: betweenPath,
    tag,
    summary: 'Bind a queue (`q`) or an exchange (`e`) to an exchange',
    access: 'vhost',
    body: z.object({ routing_key: nameText.optional(), arguments: tableField }),
    answers: { 201: 'It is there; `Location` ends with its properties key' },
    async handle({ names, body, caller, context }) {
      await roomToDeclare(broker)
      const vhost = broker.findVHost(names.vhost)
      if (vhost === undefined) return missing(context, 'vhost_not_found')
      const end = endOf(names)
      if (end === undefined) return notFound(context)
      const source = exchangeOfPath(names.source)
      const routingKey = body.routing_key ?? ''
      const rights = caller.rightsIn(vhost.name)
      const changes = bind(vhost, rights, { source, end, routingKey, args: body.arguments })
      await whenDurable(broker.topology.write(changes))
      const key = propertiesKey(routingKey, body.arguments)
      const location = `${quote(names.destination)}/${quote(key).replaceAll('%7E', '~')}`
      return context.body(null, 201, { location })
    },
  })
}

interface BindingAsked extends Pick<BindingIn, 'source' | 'routingKey'> {
  readonly end: BindingEnd
  readonly args: BindingIn['arguments']
}

/** Nobody's connection asks: exclusive queues are others'. */
const noConnection = {}

function bind(
  vhost: VHost<Destination>,
  rights: Rights,
  { source, end, routingKey, args }: BindingAsked,
): Changes {
  permitBinding(rights, vhost, { source, destination: end, routingKey })
  if (end.kind === 'exchange') return vhost.bindExchange(end.name, source, routingKey, args)
  checkBindable(vhost.name, end.name)
  vhost.getSource(source)
  const queue = getUsableQueue(vhost, end.name, noConnection)
  return vhost.bindQueue(queue.name, source, routingKey, args)
}

function unbind(
  vhost: VHost<Destination>,
  rights: Rights,
  { source, end, routingKey, args }: BindingAsked,
): Changes {
  permitBinding(rights, vhost, { source, destination: end, routingKey })
  checkNotDefault(source)
  if (end.kind === 'exchange') return vhost.unbindExchange(end.name, source, routingKey, args)
  getUsableQueue(vhost, end.name, noConnection)
  return vhost.unbindQueue(end.name, source, routingKey, args)
}

function oneOperations(parts: BindingParts): Operation[] {
  const { broker } = parts
  return [
    operation({
      method: 'get',
      path: onePath,
      tag,
      summary: 'A binding by its properties key',
      access: 'vhost',
      answers: { 200: bindingSchema },
      handle: ({ names, context }) => {
        const binding = findBinding(parts, names)
        return binding === undefined ? notFound(context) : bindingJson(binding)
      },
    }),
    operation({
      method: 'delete',
      path: onePath,
      tag,
      summary: 'Remove a binding',
      access: 'vhost',
      answers: { 204: 'It is gone' },
      async handle({ names, caller, context }) {
        await roomToDeclare(broker)
        const vhost = broker.findVHost(names.vhost)
        const binding = findBinding(parts, names)
        if (vhost === undefined || binding === undefined) return notFound(context)
        if (binding.isSubscription === true) {
          throw preconditionFailed('it is a subscription of an MQTT client, which ends it itself')
        }
        const { source, destination, destinationType, routingKey, arguments: args } = binding
        const end = { kind: destinationType, name: destination }
        const rights = caller.rightsIn(vhost.name)
        const changes = unbind(vhost, rights, { source, end, routingKey, args })
        await whenDurable(broker.topology.write(changes))
        return context.body(null, 204)
      },
    }),
  ]
}

function findBinding(
  parts: BindingParts,
  names: BindingNames & { readonly vhost: string; readonly props: string },
): BindingIn | undefined {
  const place = placeIn(parts, names.vhost)
  const end = endOf(names)
  const key = readPropertiesKey(names.props)
  if (place === undefined || end === undefined || key === undefined) return undefined
  for (const binding of bindingsBetween(place, exchangeOfPath(names.source), end)) {
    if (binding.routingKey !== key.routingKey) continue
    const { arguments: args } = binding
    const hash = args.size === 0 ? undefined : hashOf(args)
    if (hash === key.argumentsHash) return binding
  }
  return undefined
}
