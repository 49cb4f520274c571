// Parameters: where RabbitMQ keeps what its plugins are told. Limits of virtual hosts and policies of
// operators, which are parameters to RabbitMQ, too, are shown; they are changed where they belong.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { badRequest, type ManagementParts, notFound } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { answerList, type ListQuery, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { enterableVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'

const tag = 'Parameters'
const access = 'policymaker'
const path = '/parameters/{component}/{vhost}/{name}'

interface Parameter {
  readonly vhost: string
  readonly component: string
  readonly name: string
  readonly value: JsonObject
}

const parameterSchema = z.object({
  vhost: z.string(),
  component: z.string().describe('vhost-limits or operator_policy'),
  name: z.string(),
  value: z.record(z.string(), z.unknown()),
})

/** Where those that are shown are changed. */
const places: Readonly<Record<string, string>> = {
  policy: '/api/policies',
  operator_policy: '/api/operator-policies',
  'vhost-limits': '/api/vhost-limits',
}

export function parameterOperations(parts: ManagementParts): Operation[] {
  const { broker } = parts
  const find = (names: Readonly<Record<'component' | 'vhost' | 'name', string>>) => {
    const vhost = broker.findVHost(names.vhost)
    return (
      vhost &&
      parametersOf(vhost).find(
        ({ component, name }) => component === names.component && name === names.name,
      )
    )
  }
  return [
    ...listOperations(parts),
    operation({
      method: 'get',
      path,
      tag,
      summary: 'A parameter',
      access,
      answers: { 200: parameterSchema },
      handle: ({ names, context }) => find(names) ?? notFound(context),
    }),
    operation({
      method: 'put',
      path,
      tag,
      summary: 'Set a parameter: there is none to be set here',
      access,
      body: z.object({ value: z.unknown() }),
      answers: { 400: 'Nothing reads such a parameter, or it is set elsewhere' },
      handle: ({ names, context }) =>
        broker.findVHost(names.vhost) === undefined
          ? context.json({ error: 'not_found', reason: 'vhost_not_found' }, 404)
          : refuse(context, names.component, 'set'),
    }),
    operation({
      method: 'delete',
      path,
      tag,
      summary: 'Clear a parameter: there is none to be cleared here',
      access,
      answers: { 400: 'It is cleared elsewhere' },
      handle: ({ names, context }) =>
        find(names) === undefined ? notFound(context) : refuse(context, names.component, 'cleared'),
    }),
  ]
}

function listOperations({ broker }: ManagementParts): Operation[] {
  const list = (query: ListQuery, items: readonly Parameter[]): Promise<Response> =>
    answerList(broker.slices, query, {
      items,
      json: (parameter) => ({ ...parameter }),
      nameOf: ({ name }) => name,
      compare: (a, b) =>
        compareNames(a.vhost, b.vhost) ||
        compareNames(a.component, b.component) ||
        compareNames(a.name, b.name),
    })
  const facts = {
    method: 'get',
    tag,
    access,
    query: listQuery,
    answers: { 200: listOf(parameterSchema) },
  } as const
  return [
    operation({
      ...facts,
      path: '/parameters',
      where: gatherList('vhosts', ['vhost', 'component', 'name']),
      summary: 'Parameters of all virtual hosts that the caller may enter',
      handle: ({ query, caller }) =>
        list(query, enterableVHosts(broker, caller).flatMap(parametersOf)),
    }),
    operation({
      ...facts,
      path: '/parameters/{component}',
      where: gatherList('vhosts', ['vhost', 'name']),
      summary: 'Parameters of a component',
      handle({ names, query, caller }) {
        const all = enterableVHosts(broker, caller).flatMap(parametersOf)
        return list(
          query,
          all.filter(({ component }) => component === names.component),
        )
      },
    }),
    operation({
      ...facts,
      path: '/parameters/{component}/{vhost}',
      summary: 'Parameters of a component in a virtual host',
      handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        if (vhost === undefined) return notFound(context)
        const all = parametersOf(vhost)
        return list(
          query,
          all.filter(({ component }) => component === names.component),
        )
      },
    }),
  ]
}

/** As `rabbit_runtime_parameters:set` says it. */
function refuse(context: Context, component: string, done: 'set' | 'cleared'): Response {
  const place = places[component]
  return place === undefined
    ? badRequest(context, `Validation failed\n\ncomponent ${component} not found\n`)
    : badRequest(context, `${nounOf(component)} may not be ${done} using this method: use ${place}`)
}

function nounOf(component: string): string {
  return component.endsWith('policy') ? component.replace(/y$/, 'ies') : component
}

function parametersOf({ name: vhost, metadata, policies }: VHost<Destination>): Parameter[] {
  const { limits = {} } = metadata ?? {}
  const hasLimits = Object.keys(limits).length > 0
  return [
    ...(hasLimits ? [{ vhost, component: 'vhost-limits', name: 'limits', value: limits }] : []),
    ...policies.list(true).map(({ name, pattern, applyTo, priority, definition }) => {
      const value = { pattern, 'apply-to': applyTo, priority, definition }
      return { vhost, component: 'operator_policy', name, value }
    }),
  ]
}
