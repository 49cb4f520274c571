// Virtual hosts of a cluster: each lives in one cell, which is found when it is made.
import { brokerLimits } from '../../limits/broker.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay } from '../api/where.ts'
import { askedOf } from '../cluster/gather.ts'

/** A new one goes to the cell with the fewest, which makes it. One that it refuses has no cell. */
export const putVHostAnywhere: ClusterWay = {
  async answer(request, cluster) {
    const name = request.names['vhost'] ?? ''
    const known = await cellOf(name, cluster)
    if (known !== undefined) return cluster.ask({ cell: known }, withBody(request))
    const cell = await cluster.placeVHost(name)
    if (cell === undefined) {
      const reason = `cannot create vhost '${name}': vhost limit of ${brokerLimits.vhostsMax} is reached`
      return Response.json({ error: 'bad_request', reason }, { status: 400 })
    }
    const answer = await cluster.ask({ cell }, withBody(request))
    if (answer.status >= 400 && answer.status < 500) await cluster.removeVHost(name)
    // Its cell may have heard of it before it was asked to make it.
    return answer.status === 204 ? new Response(null, { status: 201 }) : answer
  },
}

/** Its cell takes its place away. */
export const deleteVHostAnywhere: ClusterWay = {
  async answer(request, cluster) {
    const name = request.names['vhost'] ?? ''
    const cell = await cellOf(name, cluster)
    const answer = await cluster.ask({ cell: cell ?? 0 }, withBody(request))
    await cluster.directory.refresh()
    return answer
  },
}

/** Another node may just have made it. */
async function cellOf(name: string, { directory }: ClusterDoor): Promise<number | undefined> {
  if (!directory.vhosts.has(name)) await directory.refresh()
  return directory.vhosts.get(name)
}

function withBody(request: ClusterRequest): ReturnType<typeof askedOf> {
  return askedOf(request, { body: request.context.req.raw.body })
}
