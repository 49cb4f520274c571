// Asks several cells or nodes the same at the same time. Whoever does not answer in time is named, never left out silently.
import type { Directory } from '../../cluster/directory.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { Asked, ClusterDoor, ClusterRequest, Target } from '../api/where.ts'
import { socketOf } from '../callers.ts'
import { missingHeader } from './missing-header.ts'

/**
 * - `vhosts`: the cells that have virtual hosts.
 * - `cells`: all cells.
 * - `nodes`: all nodes that are there.
 */
export type Sources = 'vhosts' | 'cells' | 'nodes'

/** What one has answered; every one of these is a success. */
export interface Part {
  readonly target: Target
  readonly response: Response
}

export interface Gathered {
  readonly parts: readonly Part[]
  /** In words: `cell 3`. */
  readonly missing: readonly string[]
  /** The request cannot be used, or is not permitted: what the first has said of it. */
  readonly refusal: Response | undefined
}

export function targetsOf(sources: Sources, { nodes, cells, vhosts }: Directory): Target[] {
  if (sources === 'nodes')
    return nodes.filter(({ isAlive }) => isAlive).map(({ node }) => ({ node }))
  const used = new Set(vhosts.values())
  return cells
    .filter(({ cell }) => sources === 'cells' || used.has(cell))
    .map(({ cell }) => ({ cell }))
}

/** The request of a client, for somebody else. */
export function askedOf(
  { method, url, headers, caller, signal, context }: ClusterRequest,
  changed: Partial<Pick<Asked, 'url' | 'body' | 'listed'>> = {},
): Asked {
  return { method, url, headers, caller, signal, socket: socketOf(context), ...changed }
}

/** The cell of a virtual host. One that is not known may be new: another node has just made it. */
export async function findCell(
  vhost: string,
  { directory }: Pick<ClusterDoor, 'directory'>,
): Promise<number | undefined> {
  if (!directory.vhosts.has(vhost)) await directory.refresh()
  return directory.vhosts.get(vhost)
}

/** In the order of their numbers, so that all nodes give the same answer. */
export async function gather(
  cluster: ClusterDoor,
  targets: readonly Target[],
  asked: (target: Target) => Asked,
): Promise<Gathered> {
  const patience = { ownerMs: 0, headMs: clusterHttpLimits.gatherMs }
  const answers = await Promise.all(
    targets.map(async (target) => ({
      target,
      response: await cluster.ask(target, asked(target), patience),
    })),
  )
  const parts = answers.filter(({ response }) => response.ok)
  const refusal = answers.find(
    ({ response: { status } }) => status >= 400 && status < 500,
  )?.response
  const lost = answers.filter(({ response: { status } }) => status >= 500)
  await dropAll(lost.map(({ response }) => response))
  return {
    parts,
    missing: lost.map(({ target }) => tell(target, cluster.directory)),
    refusal,
  }
}

/** Nobody reads the rest of these. */
export async function dropAll(responses: readonly Response[]): Promise<void> {
  await Promise.all(
    responses.map(async ({ body }) => {
      await body?.cancel().catch(() => undefined)
    }),
  )
}

export function withMissing(response: Response, missing: readonly string[]): Response {
  if (missing.length > 0) response.headers.set(missingHeader, missing.join(', '))
  return response
}

export function tell(target: Target, { nodes }: Directory): string {
  if ('cell' in target) return `cell ${target.cell}`
  const name = nodes.find(({ node }) => node === target.node)?.name
  return `node ${name ?? target.node}`
}
