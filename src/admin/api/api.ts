// Serves operations: reads a request, checks who asks and what for, calls the handler, and answers.
import assert from 'node:assert/strict'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { BrokerError } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { isObject } from '../../lib/is-object.ts'
import { badRequest, comeAgain } from '../answers.ts'
import { whyRefused } from './access.ts'
import type { Caller } from './caller.ts'
import { pickColumns } from './columns.ts'
import { limitBody } from './limit-body.ts'
import { type Operation, pathNames, whereOf } from './operation.ts'
import { type Read, readBody, readQuery } from './read-request.ts'

/** Variables of a context: who asks, once that is known, and what for. */
export interface ApiVariables {
  Variables: {
    caller: Caller
    /** See `OperationFacts`. */
    isUntold?: boolean
    /** The answer is of the UI, and says by itself how it may be kept and what it may load. */
    isUi?: boolean
  }
}

export interface ApiParts {
  readonly broker: Broker
  readonly operations: readonly Operation[]
  /** Sets `caller`, or refuses. */
  readonly caller: MiddlewareHandler<ApiVariables>
  /** Of a node of a cluster: answers what is not for itself alone. */
  readonly elsewhere?: Elsewhere | undefined
}

/** Undefined for what this node answers by itself. */
export type Elsewhere = (
  context: Context<ApiVariables>,
  operation: Operation,
) => Promise<Response> | undefined

/** What requests bring with them that come from within. */
interface Bindings {
  /** See `Asked`. */
  readonly listed?: number
}

/** Routes for `operations`, below where they are mounted. */
export function createApi({ broker, operations, caller, elsewhere }: ApiParts): Hono<ApiVariables> {
  const api = new Hono<ApiVariables>()
  const methodsByPath = new Map<string, string[]>()
  const bodies = { size: 0 }
  for (const operation of operations) {
    const path = routeOf(operation.path)
    const methods = methodsByPath.get(path) ?? []
    const method = operation.method.toUpperCase()
    assert(!methods.includes(method), `${method} ${operation.path} is listed twice`)
    methodsByPath.set(path, [...methods, method])
    const limit = limitBody(operation, bodies)
    if (operation.access !== 'open') api.on(operation.method, path, caller)
    if (elsewhere !== undefined && whereOf(operation) !== 'node') {
      // Limits are kept by whoever reads the body.
      api.on(operation.method, path, (context, next) => elsewhere(context, operation) ?? next())
    }
    api.on(operation.method, path, limit, (context) => answer(context, broker, operation))
  }
  for (const [path, methods] of methodsByPath) {
    const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods
    api.all(path, (context) => context.body(null, 405, { allow: allowed.join(', ') }))
  }
  return api
}

async function answer(
  context: Context<ApiVariables>,
  broker: Broker,
  { path, access, query, body, lines, handle, isUntold = false }: Operation,
): Promise<Response> {
  context.set('isUntold', isUntold)
  const caller = context.get('caller')
  const names = Object.fromEntries(
    pathNames(path).map((name) => [name, context.req.param(name) ?? '']),
  )
  const refusal = access !== 'open' && whyRefused(access, caller, names['vhost'], broker)
  if (refusal) {
    const { status, error, reason } = refusal
    return context.json({ error, reason }, status)
  }
  const readings: Read[] = []
  if (query !== undefined) readings.push(withListed(readQuery(context, query), context))
  if (body !== undefined) readings.push(await readBody(context, body, lines))
  const problem = readings.find((read) => 'problem' in read)
  if (problem !== undefined) return badRequest(context, problem.problem)
  const values = readings.map((read) => ('value' in read ? read.value : undefined))
  if (values.some(isDryRun)) context.set('isUntold', true)
  try {
    const done = await handle({
      names,
      query: query === undefined ? undefined : values[0],
      body: body === undefined ? undefined : values.at(-1),
      caller,
      context,
    })
    return done instanceof Response ? done : context.json(chosenColumns(done, context))
  } catch (error) {
    if (error instanceof BrokerError) return refusalOf(context, error)
    throw error
  }
}

/** A list is for a node that puts lists of several cells together. */
function withListed(read: Read, { env }: Context): Read {
  const listed = (env as Bindings | undefined)?.listed
  return listed === undefined || 'problem' in read
    ? read
    : { value: { ...(read.value as object), listed } }
}

/** As RabbitMQ, which leaves columns out of single things, too. */
function chosenColumns(done: unknown, { req }: Context<ApiVariables>): object {
  const columns = req.method === 'GET' ? req.query('columns')?.split(',') : undefined
  return columns !== undefined && isObject(done) ? pickColumns(done, columns) : (done as object)
}

/** What a broker refuses, as RabbitMQ's API says what its own channel was told. */
function refusalOf(context: Context, { code, message }: BrokerError): Response {
  if (code === 'access_refused') {
    return context.json({ error: 'not_authorised', reason: message }, 401)
  }
  if (code.endsWith('_not_found')) return context.json({ error: 'not_found', reason: message }, 404)
  if (code === 'unavailable') return comeAgain(context, 503, { reason: message, seconds: 5 })
  return badRequest(context, message)
}

function routeOf(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, ':$1')
}

/** Whether a body asks only what would be done. */
function isDryRun(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'dry_run' in value && value.dry_run === true
}
