// Global parameters that say which virtual host clients of MQTT come to, at a node of a cluster: they are kept in its
// first cell, which another node may have. What is known of them is some seconds old.
import { ownerCaller } from '../admin/api/caller.ts'
import type { Asked, Target } from '../admin/api/where.ts'
import { findGlobalParameter } from '../broker/global-parameters.ts'
import type { Clock } from '../lib/clock.ts'
import { edgeLimits } from '../limits/link.ts'
import type { ServedCells } from './served-cells.ts'

/** The cell that has what is the cluster's and not a virtual host's. */
const firstCell = 0

export interface VHostParametersParts {
  readonly clock: Clock
  readonly cells: Pick<ServedCells, 'find'>
  readonly ask: (target: Target, asked: Asked) => Promise<Response>
}

export class VHostParameters {
  readonly #parts: VHostParametersParts
  #known: ReadonlyMap<string, unknown> = new Map()
  #knownAt = -Infinity
  #loading: Promise<void> | undefined

  constructor(parts: VHostParametersParts) {
    this.#parts = parts
  }

  /** Resolves when they are not too old, or cannot be asked for now. */
  load(): Promise<void> | undefined {
    const { clock, cells } = this.#parts
    const isFresh = clock.monotonic() - this.#knownAt < edgeLimits.parametersMs
    if (isFresh || cells.find(firstCell) !== undefined) return undefined
    this.#loading ??= this.#ask().finally(() => (this.#loading = undefined))
    return this.#loading
  }

  find(name: string): unknown {
    const here = this.#parts.cells.find(firstCell)
    return here === undefined
      ? this.#known.get(name)
      : findGlobalParameter(here.parts.cell.broker, name)
  }

  async #ask(): Promise<void> {
    const { clock, ask } = this.#parts
    const limit = new AbortController()
    const timer = clock.after(edgeLimits.unknownMsMax, () => limit.abort())
    const { signal } = limit
    const asked = { method: 'GET', url: '/api/global-parameters', headers: {}, signal }
    try {
      const answer = await ask({ cell: firstCell }, { ...asked, caller: ownerCaller })
      if (!answer.ok) return
      const all = (await answer.json()) as readonly { name: string; value: unknown }[]
      this.#known = new Map(all.map(({ name, value }) => [name, value]))
    } catch {
      // What was known stays, and somebody asks again.
    } finally {
      timer.stop()
      this.#knownAt = clock.monotonic()
    }
  }
}
