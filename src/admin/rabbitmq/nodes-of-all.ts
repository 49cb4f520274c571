// All nodes of a cluster, each as it says of itself; one that does not answer is there, and does not run.
import type { KnownNode } from '../../cluster/directory.ts'
import { nodeNameOf } from '../../lib/node-name.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { JsonObject } from '../api/columns.ts'
import type { ClusterDoor, ClusterWay } from '../api/where.ts'
import { gatherJson, type JsonPart, type MergeAsked } from '../cluster/gather-json.ts'
import { askedOf } from '../cluster/gather.ts'

export const nodesOfAll: ClusterWay = gatherJson('nodes', mergeNodes)

function mergeNodes(parts: readonly JsonPart[], { cluster }: MergeAsked): JsonObject[] {
  const shown = new Map<number, JsonObject>()
  for (const { target, json } of parts) {
    const [node] = json as unknown as readonly JsonObject[]
    if ('node' in target && node !== undefined) shown.set(target.node, node)
  }
  return cluster.directory.nodes.map((node) => {
    const json = shown.get(node.node)
    return json === undefined ? goneNodeJson(node.name) : drainedJson(node, json)
  })
}

/** A node that gives its cells away is in maintenance, as one of RabbitMQ's whose leaders were moved. */
function drainedJson({ isDraining }: KnownNode, json: JsonObject): JsonObject {
  return isDraining ? { ...json, being_drained: true } : json
}

export const nodeByName: ClusterWay = {
  async answer(request, cluster) {
    const found = findNode(cluster, request.names['node'] ?? '')
    if (found === undefined) {
      return Response.json({ error: 'Object Not Found', reason: 'Not Found' }, { status: 404 })
    }
    const patience = { ownerMs: 0, headMs: clusterHttpLimits.gatherMs }
    const answer = await cluster.ask({ node: found.node }, askedOf(request), patience)
    if (answer.status >= 500) return Response.json(goneNodeJson(found.name))
    if (!found.isDraining || !answer.ok) return answer
    return Response.json(drainedJson(found, (await answer.json()) as JsonObject))
  },
}

function findNode(
  { directory }: ClusterDoor,
  asked: string,
): ClusterDoor['directory']['self'] | undefined {
  return directory.nodes.find(({ name }) => nodeNameOf(name) === asked)
}

/** As RabbitMQ shows a node that is stopped. */
function goneNodeJson(name: string): JsonObject {
  return { name: nodeNameOf(name), type: 'disc', running: false, partitions: [], cluster_links: [] }
}
