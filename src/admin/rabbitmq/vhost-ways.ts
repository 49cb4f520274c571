// Virtual hosts of a cluster: each lives in one cell, which is found when it is made.
import { whyNoVHost } from '../../broker/vhost-asked.ts'
import { isObject } from '../../lib/is-object.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay } from '../api/where.ts'
import { askedOf, findCell } from '../cluster/gather.ts'

/** A new one goes to the cell with the fewest, which makes it. One that is refused gets none. */
export const putVHostAnywhere: ClusterWay = {
  async answer(request, cluster) {
    const name = request.names['vhost'] ?? ''
    const body = await request.context.req.text()
    const known = await findCell(name, cluster)
    const put = (cell: number): Promise<Response> =>
      cluster.ask({ cell }, askedOf(request, { body }))
    if (known !== undefined) return put(known)
    const asked = parse(body)
    // What has a cell is made there, whoever asks for it: what cannot be used is for a cell to refuse before.
    if (asked === undefined) return put(0)
    const problem = whyNoVHost(name, asked)
    if (problem !== undefined) return badVHost(problem)
    const cell = await cluster.placeVHost(name)
    if (cell === undefined) {
      const limit = `vhost limit of ${brokerLimits.vhostsMax} is reached`
      return badVHost(`cannot create vhost '${name}': ${limit}`)
    }
    const answer = await put(cell)
    if (answer.status >= 400 && answer.status < 500)
      await removeUnlessThere(name, cell, [request, cluster])
    // Its cell may have heard of it before it was asked to make it.
    return answer.status === 204 ? new Response(null, { status: 201 }) : answer
  },
}

/** Somebody else may have made it meanwhile, by another node. */
async function removeUnlessThere(
  name: string,
  cell: number,
  [request, cluster]: readonly [ClusterRequest, ClusterDoor],
): Promise<void> {
  const url = `/api/vhosts/${encodeURIComponent(name)}`
  const look = await cluster.ask({ cell }, { ...askedOf(request, { url }), method: 'GET' })
  await look.body?.cancel()
  if (look.status === 404) await cluster.removeVHost(name)
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = body === '' ? {} : JSON.parse(body)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

function badVHost(reason: string): Response {
  return Response.json({ error: 'bad_request', reason }, { status: 400 })
}

/** Its cell takes its place away. */
export const deleteVHostAnywhere: ClusterWay = {
  async answer(request, cluster) {
    const name = request.names['vhost'] ?? ''
    const cell = await findCell(name, cluster)
    const answer = await cluster.ask({ cell: cell ?? 0 }, withBody(request))
    await cluster.directory.refresh()
    return answer
  },
}

function withBody(request: ClusterRequest): ReturnType<typeof askedOf> {
  return askedOf(request, { body: request.context.req.raw.body })
}
