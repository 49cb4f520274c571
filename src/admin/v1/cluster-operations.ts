// The cluster: its nodes and cells, how PostgreSQL and the store of objects are, and what an administrator does about them.
import type { Context } from 'hono'
import { z } from 'zod'
import { badRequest, type ManagementParts, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { unavailable } from '../cluster/cluster-asker.ts'
import { type ClusterJson, clusterSchema } from './cluster-json.ts'
import { clusterOfAll, type NodeSaid } from './cluster-of-all.ts'

const tag = 'Cluster'
const access = 'administrator'

type ClusterParts = Pick<ManagementParts, 'broker' | 'cluster' | 'clients' | 'nodeFacts' | 'source'>

export function clusterOperations(parts: ClusterParts): Operation[] {
  return [
    operation({
      method: 'get',
      path: '/v1/cluster',
      where: clusterOfAll,
      tag,
      summary: 'Nodes and cells, and how what they are kept in is',
      access: 'monitoring',
      answers: { 200: clusterSchema },
      handle: () => said(parts) ?? aloneJson(parts),
    }),
    ...drainOperations(parts),
    forgetOperation(parts),
    reopenOperation(parts),
  ]
}

/** Of a node of a cluster, for the one that was asked. */
function said({ nodeFacts }: ClusterParts): NodeSaid | undefined {
  return nodeFacts && { facts: nodeFacts() }
}

/** A broker without a cluster is one node, which is there. */
function aloneJson({ clients, source }: ClusterParts): ClusterJson {
  const { version } = source.status()
  const name = clients.nodeName.replace(/^rabbit@/, '')
  return {
    is_cluster: false,
    cluster_id: null,
    node: name,
    nodes: [
      {
        name,
        number: 0,
        is_self: true,
        state: 'alive',
        version,
        cells: [],
        addresses: {},
        heartbeat_ms: null,
        takeovers: null,
      },
    ],
    cells: [],
    postgres: null,
    objects: null,
  }
}

function drainOperations({ cluster }: ClusterParts): Operation[] {
  const ways = [
    {
      verb: 'drain',
      isDraining: true,
      summary: 'Give a node’s cells to the others; it goes on passing clients to them',
    },
    { verb: 'undrain', isDraining: false, summary: 'Let a node have cells again' },
  ] as const
  return ways.map(({ verb, isDraining, summary }) =>
    operation({
      method: 'post',
      path: `/v1/cluster/nodes/{name}/${verb}`,
      where: 'node',
      tag,
      summary,
      access,
      answers: { 204: 'It is known to all nodes, and cells move within seconds' },
      async handle({ names, context }) {
        if (cluster === undefined) return badRequest(context, alone)
        const node = cluster.directory.nodes.find((each) => each.name === names.name)
        if (node === undefined) return notFound(context)
        return changed(context, cluster.drain(node, isDraining))
      },
    }),
  )
}

function forgetOperation({ cluster }: ClusterParts): Operation {
  return operation({
    method: 'delete',
    path: '/v1/cluster/nodes/{name}',
    where: 'node',
    tag,
    summary: 'Forget a node that is gone and does not come back',
    access,
    answers: {
      204: 'It is not shown any more; where it starts again, it is a new node',
      409: z.object({ error: z.string(), reason: z.string() }).describe('It is there'),
    },
    async handle({ names, context }) {
      if (cluster === undefined) return badRequest(context, alone)
      const node = cluster.directory.nodes.find((each) => each.name === names.name)
      if (node === undefined) return notFound(context)
      if (node.isAlive) return notGone(context, node.name)
      try {
        const isDone = await cluster.forget(node)
        return isDone ? context.body(null, 204) : notGone(context, node.name)
      } catch (error) {
        return unavailable(`PostgreSQL: ${(error as Error).message}`)
      }
    },
  })
}

function notGone(context: Context, name: string): Response {
  const reason = `node '${name}' is there, or others have not taken its cells yet: stop it first`
  return context.json({ error: 'not_gone', reason }, 409)
}

/** PostgreSQL may not answer. */
async function changed(context: Context, changing: Promise<void>): Promise<Response> {
  try {
    await changing
    return context.body(null, 204)
  } catch (error) {
    return unavailable(`PostgreSQL: ${(error as Error).message}`)
  }
}

const alone = 'this broker is no node of a cluster'

function reopenOperation({ cluster }: ClusterParts): Operation {
  return operation({
    method: 'post',
    path: '/v1/cluster/cells/{cell}/reopen',
    where: 'node',
    tag,
    summary: 'Let nodes have a cell again whose owners crashed too often',
    access,
    answers: {
      204: 'A node takes it within seconds',
      409: z.object({ error: z.string(), reason: z.string() }).describe('It is not down'),
    },
    async handle({ names, context }) {
      if (cluster === undefined) return badRequest(context, alone)
      const cell = cluster.directory.cells.find((each) => `${each.cell}` === names.cell)
      if (cell === undefined) return notFound(context)
      if (!cell.isDown) {
        return context.json({ error: 'not_down', reason: `cell ${cell.cell} is not down` }, 409)
      }
      return changed(context, cluster.reopen(cell.cell))
    },
  })
}
