// The virtual hosts of a cell that this node serves, as the cluster knows them. One that is being deleted is gone from
// the cell before it is gone from the cluster: meanwhile it is neither there nor made again.
import type { SharedVHosts } from '../broker/access-keeper.ts'
import { preconditionFailed } from '../broker/broker-error.ts'
import type { SharedState } from '../cluster/shared-state.ts'

export interface CellVHostsParts {
  readonly shared: Pick<SharedState, 'vhosts' | 'placeVHost' | 'removeVHost'>
  readonly cell: number
}

export class CellVHosts implements SharedVHosts {
  readonly #parts: CellVHostsParts
  /** Those that are being deleted, until nobody has heard of them any more. */
  readonly #leaving = new Map<string, Promise<void>>()

  constructor(parts: CellVHostsParts) {
    this.#parts = parts
  }

  /** Those that are the cell's, and stay. */
  get names(): string[] {
    const { shared, cell } = this.#parts
    return [...shared.vhosts]
      .filter(([name, of]) => of === cell && !this.#leaving.has(name))
      .map(([name]) => name)
  }

  async place(name: string): Promise<void> {
    const { shared, cell } = this.#parts
    // Made now, it would lose its place to a deletion that began before.
    await this.#leaving.get(name)?.catch(ignore)
    const placed = await shared.placeVHost(name, cell)
    if (placed === cell) return
    const where = placed === undefined ? 'there are too many' : `it is in cell ${placed}`
    throw preconditionFailed(`vhost '${name}' cannot be made in cell ${cell}: ${where}`)
  }

  remove(name: string, deleted: Promise<void>): Promise<void> {
    const leaving = deleted
      .then(() => this.#parts.shared.removeVHost(name))
      .finally(() => this.#leaving.delete(name))
    this.#leaving.set(name, leaving)
    return leaving
  }
}

function ignore(): void {}
