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
  /** Others can do for their cells what this node cannot: it takes none while one of them is there. */
  readonly isStandingBy: boolean
}

/** Whether a node can serve all that a cell may have. */
export type ServesAll = (node: NodeRow) => boolean

export class Ownership {
  readonly #lease = new Lease()
  readonly #takeover: Takeover
  readonly #self: Incarnation
  readonly #servesAll: ServesAll

  constructor(self: Incarnation, servesAll: ServesAll) {
    this.#self = self
    this.#servesAll = servesAll
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
    const { vacancies, lost, living, present } = this.#takeover.look(look, held)
    const able = present.filter((node) => !node.isDraining && this.#servesAll(node))
    // With none of them the rest is served by those that are there.
    const placed = placeCells(look.observation.cells, able.length > 0 ? able : present)
    const isMine = (cell: number): boolean => placed.get(cell) === this.#self.node
    // What an earlier start of this node had nobody else may take while this one lives: what is more than its share it
    // takes as well, and gives away.
    const claims = vacancies.filter(
      ({ cell, reason }) => isMine(cell) || (reason === 'own' && placed.has(cell)),
    )
    const losses = new Set(lost)
    // A cell that no node would take stays where it is.
    const moving = [...held.keys()].filter(
      (cell) => placed.has(cell) && !isMine(cell) && !losses.has(cell),
    )
    const releases = moving.slice(0, ownershipLimits.movesAtOnceMax)
    const self = living.find(({ node }) => node === this.#self.node)
    // One that is drained has no cells for that reason.
    const isStandingBy = able.length > 0 && self !== undefined && !this.#servesAll(self)
    return { claims, releases, losses: lost, living, isStandingBy }
  }
}
