// Global parameters: what administrators keep with the cluster. A change is answered when it is durable.
import { z } from 'zod'
import {
  clearGlobalParameter,
  findGlobalParameter,
  type GlobalParameter,
  globalParameters,
  isGlobalParameterSet,
  setGlobalParameter,
} from '../../broker/global-parameters.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { isDeeper } from '../../definitions/item-reader.ts'
import { isTopicParameter } from '../../definitions/topic-parameter.ts'
import { compareNames } from '../../lib/compare-names.ts'
import { adminLimits } from '../../limits/admin.ts'
import { badRequest, type ManagementParts, notFound, stored } from '../answers.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'

const tag = 'Parameters'
const access = 'policymaker'
const path = '/global-parameters/{name}'
const clusterId = 'internal_cluster_id'

const anyJson = judgedLater(
  ['string', 'number', 'boolean', 'object', 'array', 'null'],
  'Anything that JSON has',
)

const parameterSchema = z.object({ name: z.string(), value: z.unknown() })

export function globalParameterOperations({ broker, origin }: ManagementParts): Operation[] {
  const own: readonly GlobalParameter[] =
    origin === undefined ? [] : [{ name: clusterId, value: origin.clusterName }]
  return [
    operation({
      method: 'get',
      path: '/global-parameters',
      where: 'first',
      tag,
      summary: 'Global parameters',
      access,
      query: listQuery,
      answers: { 200: listOf(parameterSchema) },
      handle: ({ query }) =>
        answerList(broker.slices, query, {
          items: [...globalParameters(broker), ...own],
          json: (parameter) => ({ ...parameter }),
          nameOf: ({ name }) => name,
          compare: (a, b) => compareNames(a.name, b.name),
        }),
    }),
    operation({
      method: 'get',
      path,
      where: 'first',
      tag,
      summary: 'A global parameter',
      access,
      answers: { 200: parameterSchema },
      handle({ names: { name }, context }) {
        const ofBroker = own.find((parameter) => parameter.name === name)
        const value = ofBroker?.value ?? findGlobalParameter(broker, name)
        return value === undefined ? notFound(context) : { name, value }
      },
    }),
    operation({
      method: 'put',
      path,
      where: 'first',
      tag,
      summary: 'Set a global parameter; cluster_name is what the cluster is told by',
      access,
      body: z.object({ value: anyJson }),
      answers: { 201: 'It is new', 204: 'Changed' },
      async handle({ names: { name }, body: { value }, context }) {
        const problem = whyKept(name) ?? whyTooDeep(value)
        if (problem !== undefined) return badRequest(context, problem)
        const isNew = !isGlobalParameterSet(broker, name)
        await whenDurable(setGlobalParameter(broker, { name, value }))
        return stored(context, isNew)
      },
    }),
    operation({
      method: 'delete',
      path,
      where: 'first',
      tag,
      summary: 'Clear a global parameter; cluster_name is then what it is at first',
      access,
      answers: { 204: 'Cleared' },
      async handle({ names: { name }, context }) {
        const kept = whyKept(name)
        if (kept !== undefined) return badRequest(context, kept)
        if (findGlobalParameter(broker, name) === undefined) return notFound(context)
        await whenDurable(clearGlobalParameter(broker, name))
        return context.body(null, 204)
      },
    }),
  ]
}

/** Why nobody sets or clears it. */
function whyKept(name: string): string | undefined {
  if (name === clusterId) return `global parameter ${name} is the broker's own`
  return isTopicParameter(name)
    ? `global parameter ${name} would be taken for the settings of a topic in definitions`
    : undefined
}

/** A file of definitions could not be read back otherwise. */
function whyTooDeep(value: unknown): string | undefined {
  // There it is within an object.
  const depthMax = adminLimits.tableDepthMax - 1
  return isDeeper(value, depthMax)
    ? `value has more than ${depthMax} objects and lists within each other`
    : undefined
}
