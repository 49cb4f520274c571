// Ways of requests that are not for all and whose path does not say for whom.
import { isObject } from '../../lib/is-object.ts'
import type { ClusterDoor, ClusterRequest, ClusterWay, Target } from '../api/where.ts'
import { answerParts, type JsonPart, type Merge, readParts } from './gather-json.ts'
import {
  askedOf,
  dropAll,
  findCell,
  gather,
  type Sources,
  targetsOf,
  withMissing,
} from './gather.ts'

/** By the one of these nodes that has it: the others answer 404. */
export const holder: ClusterWay = {
  async answer(request, cluster) {
    const targets = targetsOf('nodes', cluster.directory)
    const answers = await Promise.all(
      targets.map((target) => cluster.ask(target, askedOf(request), { ownerMs: 0 })),
    )
    const found =
      answers.find(({ status }) => status !== 404 && status < 500) ??
      answers.find(({ status }) => status >= 500) ??
      answers[0]
    await dropAll(answers.filter((answer) => answer !== found))
    return found ?? Response.json({ error: 'not_found', reason: 'Not Found' }, { status: 404 })
  },
}

/** By each of them, where each does its part. */
export function each(sources: Sources): ClusterWay {
  return {
    async answer(request, cluster) {
      const targets = targetsOf(sources, cluster.directory)
      const { parts, missing, refusal } = await gather(cluster, targets, () => askedOf(request))
      const [first, ...others] = parts.map(({ response }) => response)
      await dropAll(refusal === undefined ? others : parts.map(({ response }) => response))
      const answer = refusal ?? first ?? new Response(null, { status: 503 })
      return withMissing(new Response(answer.body, answer), missing)
    },
  }
}

/** By the cell of the virtual host that the body names; the first cell says what is wrong with other bodies. */
export function vhostOfBody(vhostOf: (json: Record<string, unknown>) => unknown): ClusterWay {
  return {
    async answer(request, cluster) {
      const body = await request.context.req.text()
      const json = parse(body)
      const vhost = isObject(json) ? vhostOf(json) : undefined
      const cell = typeof vhost === 'string' ? await findCell(vhost, cluster) : undefined
      return cluster.ask({ cell: cell ?? 0 }, askedOf(request, { body }))
    },
  }
}

/** By the cell of the virtual host that the query names; by all that have some where it names none. */
export function vhostOfQuery(otherwise: ClusterWay): ClusterWay {
  return {
    async answer(request, cluster) {
      const vhost = new URL(request.url, 'http://localhost').searchParams.get('vhost')
      const cell = vhost === null ? undefined : await findCell(vhost, cluster)
      return cell === undefined
        ? otherwise.answer(request, cluster)
        : cluster.ask({ cell }, askedOf(request))
    },
  }
}

export interface Split {
  /** The list of the body whose items name a virtual host each. */
  readonly list: string
  readonly merge: Merge
}

/** By the cells of the virtual hosts that the items of a list name, each with its own. */
export function splitByVHost({ list, merge }: Split): ClusterWay {
  return {
    async answer(request, cluster) {
      const text = await request.context.req.text()
      const body = parse(text)
      const items = isObject(body) ? body[list] : undefined
      // What cannot be used is for a cell to refuse, which reads it as ever.
      if (!isObject(body) || !Array.isArray(items) || items.length === 0) {
        return cluster.ask({ cell: 0 }, askedOf(request, { body: text }))
      }
      const { directory } = cluster
      const isKnown = (item: unknown): boolean => directory.vhosts.has(vhostIn(item) ?? '/')
      // Another node may have made it a moment ago.
      if (!items.every(isKnown)) await directory.refresh()
      const byCell = Map.groupBy(items, (item) => directory.vhosts.get(vhostIn(item) ?? '') ?? 0)
      return askEach(request, cluster, {
        bodies: new Map(
          [...byCell].map(([cell, own]) => [cell, JSON.stringify({ ...body, [list]: own })]),
        ),
        merge,
      })
    },
  }
}

function vhostIn(item: unknown): string | undefined {
  const vhost = isObject(item) ? item['vhost'] : undefined
  return typeof vhost === 'string' ? vhost : undefined
}

interface EachAsked {
  readonly bodies: ReadonlyMap<number, string>
  readonly merge: Merge
}

/** What is changed waits for its owner, as it does where it is asked for by itself. */
async function askEach(
  request: ClusterRequest,
  cluster: ClusterDoor,
  { bodies, merge }: EachAsked,
): Promise<Response> {
  const asking = [...bodies].map(async ([cell, body]) => {
    const target: Target = { cell }
    return { target, response: await cluster.ask(target, askedOf(request, { body })) }
  })
  const answers = await Promise.all(asking)
  const refusal = answers.find(({ response: { status } }) => status >= 400 && status < 500)
  if (refusal !== undefined || answers.every(({ response }) => !response.ok)) {
    const answer = (refusal ?? answers[0])!.response
    await dropAll(answers.map(({ response }) => response).filter((other) => other !== answer))
    return answer
  }
  const lost = answers.filter(({ response }) => !response.ok)
  await dropAll(lost.map(({ response }) => response))
  const read = await readParts(
    answers.filter(({ response }) => response.ok),
    cluster,
  )
  const names = lost.map(({ target }) => ('cell' in target ? `cell ${target.cell}` : ''))
  return answerParts({ parts: read.parts, missing: [...names, ...read.missing] }, merge, {
    request,
    cluster,
  })
}

/** Lists of these names, each all of them together. */
export function joinLists(...names: readonly string[]): Merge {
  return (parts) => ({ ...parts[0]?.json, ...joined(parts, names) })
}

function joined(parts: readonly JsonPart[], names: readonly string[]): Record<string, unknown[]> {
  return Object.fromEntries(
    names.map((name) => [name, parts.flatMap(({ json }) => (json[name] ?? []) as unknown[])]),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
