// Serves operations: reads a request, checks who asks and what for, calls the handler, and answers.
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { BrokerError } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { isObject } from '../../lib/is-object.ts'
import { networkLimits } from '../../limits/network.ts'
import { badRequest } from '../answers.ts'
import { whyRefused } from './access.ts'
import type { Caller } from './caller.ts'
import { pickColumns } from './columns.ts'
import { isOwnPath, type Operation, pathNames } from './operation.ts'
import { type Read, readBody, readQuery } from './read-request.ts'

/** Variables of a context: who asks, once that is known, and what for. */
export interface ApiVariables {
  Variables: {
    caller: Caller
    /** See `OperationFacts`. */
    isUntold?: boolean
  }
}

export interface ApiParts {
  readonly broker: Broker
  readonly operations: readonly Operation[]
  /** Sets `caller`, or refuses. */
  readonly caller: MiddlewareHandler<ApiVariables>
}

/** Routes for `operations`, below where they are mounted. */
export function createApi({ broker, operations, caller }: ApiParts): Hono<ApiVariables> {
  const api = new Hono<ApiVariables>()
  const methodsByPath = new Map<string, string[]>()
  for (const operation of operations) {
    const path = routeOf(operation.path)
    const methods = methodsByPath.get(path) ?? []
    methodsByPath.set(path, [...methods, operation.method.toUpperCase()])
    const limit = limitBody(operation)
    if (operation.access !== 'open') api.on(operation.method, path, caller)
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
  if (query !== undefined) readings.push(readQuery(context, query))
  if (body !== undefined) readings.push(await readBody(context, body, lines))
  const problem = readings.find((read) => 'problem' in read)
  if (problem !== undefined) return badRequest(context, problem.problem)
  const values = readings.map((read) => ('value' in read ? read.value : undefined))
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
  return badRequest(context, message)
}

/**
 * RabbitMQ's API has status 400 for it. A body whose length is told is judged by that and left alone: what nobody
 * has begun to read Node drops, and the connection goes on. One in chunks is read, and what is left of it ends the
 * connection.
 */
function limitBody({ path, bodySizeMax }: Operation): MiddlewareHandler {
  const maxSize = bodySizeMax ?? networkLimits.httpBodySizeMax
  const reason = 'Exceeded HTTP request body size limit'
  const refuse = (context: Context): Response =>
    isOwnPath(path)
      ? context.json({ error: 'content_too_large', reason: `${reason} of ${maxSize} bytes` }, 413)
      : badRequest(context, reason)
  const limitChunks = bodyLimit({
    maxSize,
    onError(context) {
      context.header('Connection', 'close')
      return refuse(context)
    },
  })
  return async (context, next) => {
    const length = context.req.header('content-length')
    if (length === undefined) return limitChunks(context, next)
    return Number(length) > maxSize ? refuse(context) : next()
  }
}

function routeOf(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, ':$1')
}
