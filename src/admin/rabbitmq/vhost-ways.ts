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
    return answer
  },
}

/** What its cell does not have any more has a place no longer. */
export const deleteVHostAnywhere: ClusterWay = {
  async answer(request, cluster) {
    const name = request.names['vhost'] ?? ''
    const cell = await cellOf(name, cluster)
    const answer = await cluster.ask({ cell: cell ?? 0 }, withBody(request))
    if (cell === undefined || !(answer.ok || answer.status === 404)) return answer
    await cluster.removeVHost(name)
    return answer.ok ? answer : new Response(null, { status: 204 })
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
