// Asks the API of a cell or of a node, wherever it is: here within the process, elsewhere by a link between nodes. While
// a cell has no owner, whoever asks waits for one.
import type { Duplex } from 'node:stream'
import type { Directory, KnownNode } from '../../cluster/directory.ts'
import type { Clock } from '../../lib/clock.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { Caller } from '../api/caller.ts'
import type { Asked, ClusterDoor, Patience, Target } from '../api/where.ts'

/** What a request within the process brings along. */
export interface AskedHere {
  readonly incoming: { readonly url: string; readonly socket: Duplex | undefined }
  readonly caller: Caller | undefined
  readonly listed: number | undefined
}

/** The API of a cell that is open here, or of this node. */
export type ApiHere = (request: Request, bindings: AskedHere) => Response | Promise<Response>

/**
 * Asks another node. Undefined when it does not have the cell, so nothing was done. Rejects with `NodeGoneError` when it
 * went away meanwhile.
 */
export type AskNode = (
  node: KnownNode,
  target: Target,
  asked: Asked,
) => Promise<Response | undefined>

/** A node could not be reached, or went away before it had answered. */
export class NodeGoneError extends Error {
  /** Whether it may have done what it was asked. */
  readonly mayBeDone: boolean

  constructor(message: string, mayBeDone: boolean) {
    super(message)
    this.mayBeDone = mayBeDone
  }
}

export interface ClusterAskerParts extends Pick<
  ClusterDoor,
  'placeVHost' | 'removeVHost' | 'drain' | 'forget' | 'reopen'
> {
  readonly directory: Directory
  readonly clock: Clock
  /** Undefined for a cell that is not served here. */
  readonly findHere: (target: Target) => ApiHere | undefined
  readonly askNode: AskNode
}

type Found =
  | { readonly here: ApiHere }
  | { readonly node: KnownNode; readonly epoch: number | undefined }

export class ClusterAsker implements ClusterDoor {
  readonly directory: Directory
  readonly #parts: ClusterAskerParts

  constructor(parts: ClusterAskerParts) {
    this.#parts = parts
    this.directory = parts.directory
  }

  placeVHost(name: string): Promise<number | undefined> {
    return this.#inTime(this.#parts.placeVHost(name))
  }

  removeVHost(name: string): Promise<void> {
    return this.#inTime(this.#parts.removeVHost(name))
  }

  async drain(node: KnownNode, isDraining: boolean): Promise<void> {
    await this.#inTime(this.#parts.drain(node, isDraining))
    await this.directory.refresh()
  }

  async forget(node: KnownNode): Promise<boolean> {
    const isDone = await this.#inTime(this.#parts.forget(node))
    await this.directory.refresh()
    return isDone
  }

  async reopen(cell: number): Promise<void> {
    await this.#inTime(this.#parts.reopen(cell))
    await this.directory.refresh()
  }

  /** What is shared is written until it is, and a client does not wait for that. */
  async #inTime<T>(writing: Promise<T>): Promise<T> {
    const limit = Promise.withResolvers<never>()
    const timer = this.#parts.clock.after(clusterHttpLimits.ownerMs, () =>
      limit.reject(new NodeGoneError('PostgreSQL does not answer', true)),
    )
    try {
      return await Promise.race([writing, limit.promise])
    } finally {
      timer.stop()
    }
  }

  async ask(target: Target, asked: Asked, patience: Patience = patient): Promise<Response> {
    const { clock } = this.#parts
    const deadline = clock.monotonic() + patience.ownerMs
    let whyNot = whyNobody(target, this.directory)
    while (!asked.signal.aborted) {
      const found = this.#find(target)
      if (found !== undefined) {
        const answer = await this.#askThere(found, target, { asked, headMs: patience.headMs })
        if (answer instanceof Response) return answer
        whyNot = answer.whyNot
        if (answer.isFinal) break
        void this.directory.refresh()
      } else whyNot = whyNobody(target, this.directory)
      if (clock.monotonic() >= deadline) break
      await this.#wait(Math.min(clusterHttpLimits.ownerCheckMs, deadline - clock.monotonic()))
    }
    return unavailable(whyNot)
  }

  #find(target: Target): Found | undefined {
    const { directory, findHere } = this.#parts
    if ('node' in target) {
      const node = directory.nodes.find((each) => each.node === target.node)
      if (node?.isSelf !== true) return node && { node, epoch: undefined }
      const own = findHere(target)
      return own && { here: own }
    }
    const here = findHere(target)
    if (here !== undefined) return { here }
    const cell = directory.cells.find((each) => each.cell === target.cell)
    const owner = cell?.owner
    // This node's own cell that is not open yet is waited for.
    if (cell === undefined || owner === undefined || owner.isSelf) return undefined
    return { node: owner, epoch: cell.epoch }
  }

  async #askThere(
    found: Found,
    target: Target,
    { asked, headMs }: { readonly asked: Asked; readonly headMs: number | undefined },
  ): Promise<Response | NotAnswered> {
    const limit = new AbortController()
    const timer =
      headMs === undefined ? undefined : this.#parts.clock.after(headMs, () => limit.abort())
    const signal =
      headMs === undefined ? asked.signal : AbortSignal.any([asked.signal, limit.signal])
    try {
      const answering = this.#answer(found, target, { ...asked, signal })
      const answer = await (headMs === undefined
        ? answering
        : Promise.race([answering, whenAborted(limit.signal)]))
      if (answer !== undefined) return answer
      return { whyNot: `${nameOf(target)} has moved`, isFinal: false }
    } catch (error) {
      if (limit.signal.aborted) {
        return { whyNot: `${nameOf(target)} does not answer in time`, isFinal: true }
      }
      if (!(error instanceof NodeGoneError)) throw error
      return { whyNot: error.message, isFinal: error.mayBeDone }
    } finally {
      timer?.stop()
    }
  }

  async #answer(found: Found, target: Target, asked: Asked): Promise<Response | undefined> {
    if ('node' in found) return this.#parts.askNode(found.node, target, asked)
    const { method, url, headers, body = null, caller, listed, signal, socket } = asked
    const request = new Request(`http://localhost${url}`, {
      method,
      headers,
      signal,
      ...(body !== null && { body, duplex: 'half' }),
    })
    return found.here(request, { incoming: { url, socket }, caller, listed })
  }

  /** For a change of what is known, but not longer than that: a cell that is ours may open without one. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.stop()
        end()
        resolve()
      }
      const timer = this.#parts.clock.after(Math.max(0, ms), done)
      const end = this.directory.onChange(done)
    })
  }
}

interface NotAnswered {
  readonly whyNot: string
  /** Another try might do it twice, or take too long. */
  readonly isFinal: boolean
}

const patient: Patience = { ownerMs: clusterHttpLimits.ownerMs }

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('too late')), { once: true })
  })
}

export function nameOf(target: Target): string {
  return 'cell' in target ? `cell ${target.cell}` : `node ${target.node}`
}

function whyNobody(target: Target, { cells }: Directory): string {
  if ('node' in target) return `there is no ${nameOf(target)}`
  const isDown = cells.find(({ cell }) => cell === target.cell)?.isDown === true
  return isDown
    ? `${nameOf(target)} is down: its owners crashed too often, see "pabal cluster reopen"`
    : `no node has ${nameOf(target)} at this moment`
}

export function unavailable(reason: string): Response {
  const headers = { 'retry-after': `${clusterHttpLimits.retrySeconds}` }
  return Response.json({ error: 'service_unavailable', reason }, { status: 503, headers })
}
