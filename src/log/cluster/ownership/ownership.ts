// What a node does about cells after each look: which it claims, which it gives away, which it has lost. It keeps
// no time and sends nothing: whoever runs the node sends heartbeats, hands looks in and carries plans out.
import { ownershipLimits } from '../../../limits/postgres.ts'
import { Lease } from './lease.ts'
import type { Incarnation, NodeRow } from './observation.ts'
import { placeCells } from './placement.ts'
import { Takeover, type Look, type Vacancy } from './takeover.ts'

export interface Plan {
  /** Cells to claim now. */
  readonly claims: readonly Vacancy[]
  /** Cells to stop serving, and then to release: they belong to other nodes. */
  readonly releases: readonly number[]
  /** Cells to stop serving: somebody else has claimed them. */
  readonly losses: readonly number[]
  /** Nodes that live, for whoever asks. */
  readonly living: readonly NodeRow[]
}

export class Ownership {
  readonly #lease = new Lease()
  readonly #takeover: Takeover
  readonly #self: Incarnation

  constructor(self: Incarnation) {
    this.#self = self
    this.#takeover = new Takeover(self)
  }

  /** When the lease is over unless a heartbeat succeeds. */
  get leaseEndsAt(): number {
    return this.#lease.endsAt
  }

  /** A heartbeat found another process with this node's name. */
  onSuperseded(): void {
    this.#lease.onSuperseded()
  }

  /** A heartbeat has succeeded; `held` are the cells of this node with their epochs. */
  onLook(look: Omit<Look, 'sharedVersion'>, held: ReadonlyMap<number, number>): Plan {
    this.#lease.onHeartbeat(look.sentAt)
    const { vacancies, lost, living } = this.#takeover.look(look, held)
    const placed = placeCells(look.observation.cells, living)
    const isMine = (cell: number): boolean => placed.get(cell) === this.#self.node
    const claims = vacancies.filter(({ cell }) => isMine(cell))
    const losses = new Set(lost)
    // A cell that no node would take stays where it is.
    const moving = [...held.keys()].filter(
      (cell) => placed.has(cell) && !isMine(cell) && !losses.has(cell),
    )
    const releases = moving.slice(0, ownershipLimits.movesAtOnceMax)
    return { claims, releases, losses: lost, living }
  }
}
