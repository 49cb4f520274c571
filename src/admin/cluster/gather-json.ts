// One object of the objects of several cells or nodes, which `merge` adds up.
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { JsonObject } from '../api/columns.ts'
import { isOwnPath } from '../api/operation.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay, Target } from '../api/where.ts'
import {
  askedOf,
  dropAll,
  gather,
  type Part,
  type Sources,
  targetsOf,
  tell,
  withMissing,
} from './gather.ts'

/** What one has answered. */
export interface JsonPart {
  readonly target: Target
  readonly json: JsonObject
}

export interface MergeAsked {
  readonly query: URLSearchParams
  readonly cluster: ClusterDoor
  readonly request: ClusterRequest
  /** Who has not answered. */
  readonly missing: readonly string[]
}

export type Merge = (parts: readonly JsonPart[], asked: MergeAsked) => unknown

/** What is missing stands in a header, and in objects of Pabal’s own also in a field. */
export function gatherJson(sources: Sources | readonly Sources[], merge: Merge): ClusterWay {
  const all = typeof sources === 'string' ? [sources] : sources
  return {
    async answer(request, cluster) {
      const targets = all.flatMap((each) => targetsOf(each, cluster.directory))
      const isLook = request.method === 'GET' || request.method === 'HEAD'
      const body = isLook ? null : await request.context.req.text()
      const found = await gather(cluster, targets, () => askedOf(request, { body }))
      if (found.refusal !== undefined) {
        await dropAll(found.parts.map(({ response }) => response))
        return found.refusal
      }
      const read = await readParts(found.parts, cluster)
      return answerParts({ ...read, missing: [...found.missing, ...read.missing] }, merge, {
        request,
        cluster,
      })
    },
  }
}

export interface ReadParts {
  readonly parts: readonly JsonPart[]
  readonly missing: readonly string[]
}

/** What breaks off is missing. */
export async function readParts(
  parts: readonly Part[],
  { directory }: ClusterDoor,
): Promise<ReadParts> {
  const missing: string[] = []
  const read: JsonPart[] = []
  const reading = parts.map(async ({ target, response }) => {
    try {
      return { target, json: (await jsonOf(response)) as JsonObject }
    } catch {
      missing.push(tell(target, directory))
      return undefined
    }
  })
  for (const part of await Promise.all(reading)) if (part !== undefined) read.push(part)
  return { parts: read, missing }
}

export function answerParts(
  { parts, missing }: ReadParts,
  merge: Merge,
  { request, cluster }: Pick<MergeAsked, 'request' | 'cluster'>,
): Response {
  const query = new URL(request.url, 'http://localhost').searchParams
  const merged = merge(parts, { query, cluster, request, missing })
  if (merged instanceof Response) return withMissing(merged, missing)
  const isOwn = isOwnPath(request.url.slice('/api'.length))
  const hasField = isOwn && missing.length > 0 && !Array.isArray(merged)
  return withMissing(Response.json(hasField ? { ...(merged as object), missing } : merged), missing)
}

async function jsonOf({ body }: Response): Promise<unknown> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > clusterHttpLimits.partSizeMax) throw new Error('too large')
    parts.push(part)
  }
  return JSON.parse(Buffer.concat(parts).toString())
}
