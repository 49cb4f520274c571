// Policies of users and of operators. A change is answered when it is durable and in force for all that exists.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { checkPolicy } from '../../broker/policy/check-policy.ts'
import type { Policy } from '../../broker/policy/policy.ts'
import { badRequest, notFound, roomToDeclare, stored } from '../answers.ts'
import type { Access } from '../api/access.ts'
import type { JsonObject } from '../api/columns.ts'
import { judgedLater } from '../api/judged-later.ts'
import { answerList, type ListQuery, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { enterableVHosts } from '../api/visible-vhosts.ts'
import { gatherList } from '../cluster/gather-list.ts'

const policySchema = z.object({
  vhost: z.string(),
  name: z.string(),
  pattern: z.string().describe('A regular expression for names'),
  'apply-to': z.string().describe('What it is for: all, exchanges, queues, …'),
  definition: z.record(z.string(), z.unknown()).describe('Values by key'),
  priority: z.number().describe('Of several for a queue, the highest is in force'),
})

const policyBody = z.object({
  pattern: judgedLater('string', 'A regular expression for names'),
  definition: judgedLater('object', 'Values by key'),
  priority: judgedLater('number', '0, if it is left out').optional(),
  'apply-to': judgedLater(
    'string',
    'all, queues, classic_queues, quorum_queues, streams or exchanges',
  ).optional(),
})

interface Kind {
  readonly isOperator: boolean
  readonly paths: 'policies' | 'operator-policies'
  readonly tag: string
  /** Of who changes them. */
  readonly access: Access
}

export function policyOperations(broker: Broker): Operation[] {
  return [
    ...operationsFor(broker, {
      isOperator: false,
      paths: 'policies',
      tag: 'Policies',
      access: 'policymaker',
    }),
    ...operationsFor(broker, {
      isOperator: true,
      paths: 'operator-policies',
      tag: 'Policies of operators',
      access: 'administrator',
    }),
  ]
}

function operationsFor(broker: Broker, kind: Kind): Operation[] {
  const { isOperator, paths, tag, access } = kind
  const path = `/${paths}/{vhost}/{name}` as const
  return [
    ...listOperations(broker, kind),
    operation({
      method: 'get',
      path,
      tag,
      summary: 'A policy',
      access,
      answers: { 200: policySchema },
      handle({ names, context }) {
        const policy = broker.findVHost(names.vhost)?.policies.find(isOperator, names.name)
        return policy === undefined ? notFound(context) : policyJson(policy)
      },
    }),
    operation({
      method: 'put',
      path,
      tag,
      summary: 'Make or change a policy',
      access,
      body: policyBody,
      answers: { 201: 'Made', 204: 'Changed' },
      handle: ({ names, body, context }) => put(context, broker, { isOperator, names, body }),
    }),
    operation({
      method: 'delete',
      path,
      tag,
      summary: 'Delete a policy',
      access,
      answers: { 204: 'Deleted' },
      async handle({ names, context }) {
        await roomToDeclare(broker)
        const vhost = broker.findVHost(names.vhost)
        const done = vhost && broker.policiesOf(vhost).delete(isOperator, names.name)
        if (done === undefined) return notFound(context)
        await done
        return context.body(null, 204)
      },
    }),
  ]
}

function listOperations(broker: Broker, { isOperator, paths, tag }: Kind): Operation[] {
  const list = (query: ListQuery, items: readonly Policy[]): Promise<Response> =>
    answerList(broker.slices, query, {
      items,
      json: policyJson,
      nameOf: ({ name }) => name,
      compare: (a, b) => a.priority - b.priority,
    })
  return [
    operation({
      method: 'get',
      path: `/${paths}`,
      where: gatherList('vhosts', ['priority']),
      tag,
      summary: 'Policies of all virtual hosts that the caller may enter, by rising priority',
      access: 'management',
      query: listQuery,
      answers: { 200: listOf(policySchema) },
      handle({ query, caller }) {
        const vhosts = enterableVHosts(broker, caller)
        return list(
          query,
          vhosts.flatMap(({ policies }) => policies.list(isOperator)),
        )
      },
    }),
    operation({
      method: 'get',
      path: `/${paths}/{vhost}` as const,
      tag,
      summary: 'Policies of a virtual host, by rising priority',
      access: 'vhost',
      query: listQuery,
      answers: { 200: listOf(policySchema) },
      handle({ names, query, context }) {
        const vhost = broker.findVHost(names.vhost)
        return vhost === undefined
          ? notFound(context)
          : list(query, vhost.policies.list(isOperator))
      },
    }),
  ]
}

interface Asked {
  readonly isOperator: boolean
  readonly names: Readonly<Record<'vhost' | 'name', string>>
  readonly body: z.infer<typeof policyBody>
}

async function put(
  context: Context,
  broker: Broker,
  { isOperator, names, body }: Asked,
): Promise<Response> {
  if (broker.findVHost(names.vhost) === undefined) return vhostNotFound(context)
  const { pattern, definition, priority, 'apply-to': applyTo } = body
  const own = { ...names, isOperator }
  const { policy, problems } = checkPolicy({ ...own, pattern, definition, priority, applyTo })
  if (policy === undefined) return badRequest(context, validationFailed(problems))
  await roomToDeclare(broker)
  const vhost = broker.findVHost(names.vhost)
  if (vhost === undefined) return vhostNotFound(context)
  const keeper = broker.policiesOf(vhost)
  const full = keeper.whyFull(policy)
  if (full !== undefined) return badRequest(context, validationFailed([full]))
  const { isNew, done } = keeper.set(policy)
  await done
  return stored(context, isNew)
}

function vhostNotFound(context: Context): Response {
  return context.json({ error: 'not_found', reason: 'vhost_not_found' }, 404)
}

function validationFailed(problems: readonly string[]): string {
  return `Validation failed\n\n${problems.map((problem) => `${problem}\n`).join('')}`
}

function policyJson({ vhost, name, pattern, applyTo, definition, priority }: Policy): JsonObject {
  return { vhost, name, pattern, 'apply-to': applyTo, definition, priority }
}
