// Writes topology changes into the log, which hands them on to the view once they are durable. The
// view may be slower than those who declare: `isBehind` says when they have to wait for it.
import { Fifo } from '../lib/fifo.ts'
import { metaLimits } from '../limits/meta.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import type { TopologyChange } from '../meta/topology-change.ts'
import { encodeTopologyChanges } from '../meta/topology-change.ts'

export class TopologyLog {
  readonly #store: LogStore
  #lastSequence = 0
  /** How far the view is; undefined when nobody says, because there is none. */
  #appliedSequence: number | undefined
  /** Told within the atom of each change, before it is written. */
  readonly onPut: (() => void)[] = []
  /** Whoever was told to wait, in that order. */
  readonly #waiting = new Fifo<() => void>()

  constructor(store: LogStore) {
    this.#store = store
  }

  /** Too many entries are not in the view yet: who wants to declare something calls `whenCaughtUp`. */
  get isBehind(): boolean {
    if (this.#appliedSequence === undefined) return false
    return this.#lastSequence - this.#appliedSequence > metaLimits.topologyPendingMax
  }

  /** How many entries there were, ever. */
  get sequence(): number {
    return Math.max(this.#lastSequence, this.#appliedSequence ?? 0)
  }

  /** Calls back when there is room for a change; the next one may have to wait again. */
  whenCaughtUp(callback: () => void): void {
    if (this.isBehind) this.#waiting.push(callback)
    else callback()
  }

  /** The view has everything up to `sequence`: to be told at the start and whenever it changes. */
  onApplied(sequence: number): void {
    this.#appliedSequence = sequence
    while (!this.isBehind && this.#waiting.size > 0) this.#waiting.shift()?.()
  }

  /** Makes the changes durable as one atom; undefined when there are none. */
  write(changes: readonly TopologyChange[]): Ticket | undefined {
    if (changes.length === 0) return undefined
    this.#store.beginAtom()
    this.put(changes)
    return this.#store.endAtom()
  }

  /** Makes the changes durable with the atom that the caller began. */
  put(changes: readonly TopologyChange[]): void {
    if (changes.length === 0) return
    for (const listener of this.onPut) listener()
    this.#lastSequence = this.#store.putTopology(encodeTopologyChanges(changes))
  }
}
