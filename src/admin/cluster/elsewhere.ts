// At a node of a cluster: whether a request is answered here, and who answers it otherwise.
import type { Context } from 'hono'
import type { Clock } from '../../lib/clock.ts'
import { nodeNameOf } from '../../lib/node-name.ts'
import type { ManagementParts } from '../answers.ts'
import { whyRefused } from '../api/access.ts'
import type { ApiVariables, Elsewhere } from '../api/api.ts'
import { type Operation, pathNames, whereOf } from '../api/operation.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay } from '../api/where.ts'
import { NodeGoneError, unavailable } from './cluster-asker.ts'
import { askedOf, findCell } from './gather.ts'

/** `broker` knows the names of all virtual hosts. */
export function elsewhereOf(cluster: ClusterDoor, broker: ManagementParts['broker']): Elsewhere {
  return (context, operation) => {
    const where = whereOf(operation)
    if (where === undefined || where === 'node') return undefined
    const request = requestOf(context, operation)
    const { directory } = cluster
    if (where === 'lead') {
      const lead = directory.cells[0]?.owner
      // What changes something waits until this node knows what others have changed.
      if (lead?.isSelf === true && isLook(request)) return undefined
      // Whoever answers tells what was changed.
      context.set('isUntold', true)
      return askLead(request, cluster)
    }
    context.set('isUntold', true)
    if (typeof where === 'object') {
      const refused = refuse(context, operation, broker)
      return refused === undefined ? answerBy(where, request, cluster) : Promise.resolve(refused)
    }
    if (where === 'first') return cluster.ask({ cell: 0 }, withBody(request))
    if (where === 'named-node') return askNamed(request, cluster)
    const answering = askVHost(request, cluster)
    return operation.isStream === true
      ? answering.then((answer) => whileLoggedIn(answer, request, broker.clock))
      : answering
  }
}

/** What is above cells may not be reached. */
async function answerBy(
  way: ClusterWay,
  request: ClusterRequest,
  cluster: ClusterDoor,
): Promise<Response> {
  try {
    return await way.answer(request, cluster)
  } catch (error) {
    if (error instanceof NodeGoneError) return unavailable(error.message)
    throw error
  }
}

function refuse(
  context: Context<ApiVariables>,
  { access }: Operation,
  broker: ManagementParts['broker'],
): Response | undefined {
  const refusal =
    access === 'open' ? undefined : whyRefused(access, context.get('caller'), undefined, broker)
  if (refusal === undefined) return undefined
  const { status, error, reason } = refusal
  return context.json({ error, reason }, status)
}

function requestOf(context: Context<ApiVariables>, { path }: Operation): ClusterRequest {
  const { raw } = context.req
  return {
    method: raw.method,
    url: urlOf(context),
    headers: raw.headers,
    caller: context.get('caller'),
    signal: raw.signal,
    names: Object.fromEntries(pathNames(path).map((name) => [name, context.req.param(name) ?? ''])),
    context,
  }
}

/** As it was written: names in paths may be what a URL parser would resolve. */
function urlOf({ req, env }: Context<ApiVariables>): string {
  const written = (env as { readonly incoming?: { readonly url?: string } }).incoming?.url
  return written?.startsWith('/') === true ? written : req.url.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
}

function isLook({ method }: ClusterRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** With its body as it comes. */
function withBody(request: ClusterRequest): ReturnType<typeof askedOf> {
  return askedOf(request, { body: isLook(request) ? null : request.context.req.raw.body })
}

async function askLead(request: ClusterRequest, cluster: ClusterDoor): Promise<Response> {
  const lead = cluster.directory.cells[0]?.owner
  // Nobody has the first cell, and who asks it waits for somebody. Its own API knows less than its node's.
  if (lead === undefined) {
    const wait = await cluster.ask(
      { cell: 0 },
      { ...askedOf(request), method: 'HEAD', url: '/api/version' },
    )
    if (!wait.ok) return wait
  }
  const { node } = cluster.directory.cells[0]?.owner ?? cluster.directory.self
  return cluster.ask({ node }, withBody(request))
}

async function askNamed(request: ClusterRequest, cluster: ClusterDoor): Promise<Response> {
  const { nodes } = cluster.directory
  const found = nodes.find(({ name }) => nodeNameOf(name) === request.names['node'])
  if (found === undefined) {
    return Response.json({ error: 'Object Not Found', reason: 'Not Found' }, { status: 404 })
  }
  return cluster.ask({ node: found.node }, withBody(request), { ownerMs: 0 })
}

/** Whoever answers elsewhere does not hear of it when a session ends. */
function whileLoggedIn(answer: Response, { caller }: ClusterRequest, clock: Clock): Response {
  const { body } = answer
  if (body === null || caller?.login.kind !== 'session') return answer
  const checked = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      if (caller.isCurrent(clock.now())) controller.enqueue(part)
      else controller.terminate()
    },
  })
  return new Response(body.pipeThrough(checked), answer)
}

async function askVHost(request: ClusterRequest, cluster: ClusterDoor): Promise<Response> {
  const cell = await findCell(request.names['vhost'] ?? '', cluster)
  // The first cell refuses what is nowhere, in the words of the operation.
  return cluster.ask({ cell: cell ?? 0 }, withBody(request))
}
