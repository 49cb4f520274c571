// Policies by HTTP. A change is answered when it is durable and in force for all that exists.
import { type Context, Hono } from 'hono'
import type { Broker } from '../broker/broker.ts'
import { checkPolicy } from '../broker/policy/check-policy.ts'
import type { Policy } from '../broker/policy/policy.ts'
import { badRequest, notFound, readObject, roomToDeclare, stored, whyMissing } from './answers.ts'

/** Of users or of operators. */
export function createPolicyRoutes(broker: Broker, isOperator: boolean): Hono {
  const listOf = (name: string): readonly Policy[] =>
    broker.findVHost(name)?.policies.list(isOperator) ?? []
  const routes = new Hono()
  routes.get('/', (context) => context.json(toJson(broker.vhostNames.flatMap(listOf))))
  routes.get('/:vhost', (context) => {
    const name = context.req.param('vhost')
    return broker.findVHost(name) ? context.json(toJson(listOf(name))) : notFound(context)
  })
  routes.get('/:vhost/:name', (context) => {
    const { vhost, name } = context.req.param()
    const policy = broker.findVHost(vhost)?.policies.find(isOperator, name)
    return policy === undefined ? notFound(context) : context.json(policyJson(policy))
  })
  routes.put('/:vhost/:name', async (context) => {
    const { vhost, name } = context.req.param()
    if (broker.findVHost(vhost) === undefined) return vhostNotFound(context)
    const body = await readObject(context)
    if (body === undefined) return badRequest(context, 'not_json')
    const missing = whyMissing(body, ['pattern', 'definition'])
    if (missing !== undefined) return badRequest(context, missing)
    return put(context, broker, { vhost, isOperator, name, body })
  })
  routes.delete('/:vhost/:name', async (context) => {
    const { vhost: vhostName, name } = context.req.param()
    await roomToDeclare(broker)
    const vhost = broker.findVHost(vhostName)
    const done = vhost && broker.policiesOf(vhost).delete(isOperator, name)
    if (done === undefined) return notFound(context)
    await done
    return context.body(null, 204)
  })
  routes.all('*', (context) => context.body(null, 405))
  return routes
}

interface Asked {
  readonly vhost: string
  readonly isOperator: boolean
  readonly name: string
  readonly body: Readonly<Record<string, unknown>>
}

async function put(
  context: Context,
  broker: Broker,
  { vhost: vhostName, isOperator, name, body }: Asked,
): Promise<Response> {
  const { pattern, definition, priority, 'apply-to': applyTo } = body
  const own = { vhost: vhostName, name, isOperator }
  const { policy, problems } = checkPolicy({ ...own, pattern, definition, priority, applyTo })
  if (policy === undefined) return badRequest(context, validationFailed(problems))
  await roomToDeclare(broker)
  const vhost = broker.findVHost(vhostName)
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

/** By rising priority. */
function toJson(policies: readonly Policy[]): unknown[] {
  return policies.toSorted((a, b) => a.priority - b.priority).map(policyJson)
}

function policyJson({ vhost, name, pattern, applyTo, definition, priority }: Policy): unknown {
  return { vhost, name, pattern, 'apply-to': applyTo, definition, priority }
}
