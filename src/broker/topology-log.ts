// Writes topology changes into the log and, once they are durable there, hands them on to the view.
import type { CommitGroup, GroupListener } from '../log/commit-group.ts'
import type { LogStore } from '../log/log-store.ts'
import type { TopologyChange } from '../meta/topology-change.ts'
import { encodeTopologyChanges } from '../meta/topology-change.ts'

export class TopologyLog implements GroupListener {
  readonly #store: LogStore
  readonly #onDurable: (sequence: number, bytes: Buffer) => void
  /** Already listened to. */
  #lastGroup: CommitGroup | undefined

  constructor(store: LogStore, onDurable: (sequence: number, bytes: Buffer) => void) {
    this.#store = store
    this.#onDurable = onDurable
  }

  /** Makes the changes durable as one atom; undefined when there are none. */
  write(changes: readonly TopologyChange[]): CommitGroup | undefined {
    if (changes.length === 0) return undefined
    const group = this.#store.beginAtom()
    this.put(changes, group)
    this.#store.endAtom()
    return group
  }

  /** Adds the changes to the atom that the caller began in `group`. */
  put(changes: readonly TopologyChange[], group: CommitGroup): void {
    if (changes.length === 0) return
    this.#store.putTopology(encodeTopologyChanges(changes))
    if (group === this.#lastGroup) return
    this.#lastGroup = group
    group.addListener(this)
  }

  onGroupFinished(group: CommitGroup): void {
    for (const { sequence, bytes } of group.topology) this.#onDurable(sequence, bytes)
  }
}
