// Who has lost its cells, as one node sees it, by its own monotonic clock and nobody's wall clock. A node is dead
// when its heartbeat stood still for the time to live while this node's own heartbeats succeeded, one look
// after the other. When PostgreSQL was away, all begin anew: an outage kills nobody.
import { ownershipLimits } from '../../../limits/postgres.ts'
import type { CellRow, Incarnation, NodeRow, Observation } from './observation.ts'

interface Watched {
  readonly incarnation: number
  readonly heartbeat: number
  /** When this heartbeat was first seen. */
  readonly since: number
  /** There were others before it. */
  readonly hasBeaten: boolean
}

/** Why a cell may be claimed, and what must still be so when it is. */
export interface Vacancy {
  readonly cell: number
  readonly epoch: number
  /**
   * - `free`: it has no owner.
   * - `own`: an earlier start of this node has it, or a claim whose answer this node never heard.
   * - `crashed`: its owner is dead.
   */
  readonly reason: 'free' | 'own' | 'crashed'
  /** The dead owner's row as it was seen: another heartbeat, and it lives. */
  readonly witness: NodeRow | undefined
}

/** What one look comes to. */
export interface Finding {
  readonly vacancies: readonly Vacancy[]
  /** Cells of this node that somebody else has claimed. */
  readonly lost: readonly number[]
  /** Nodes that are not dead; this one is among them. */
  readonly living: readonly NodeRow[]
  /** Those of them that may have cells: without a sign of life some are gone for long. */
  readonly present: readonly NodeRow[]
}

/** An answer, and when it was asked for and here, in monotonic milliseconds. */
export interface Look {
  readonly observation: Observation
  /** Rises with each change of what the cluster shares above its cells. */
  readonly sharedVersion: number
  readonly sentAt: number
  readonly seenAt: number
}

export class Takeover {
  readonly #self: Incarnation
  #watched = new Map<number, Watched>()
  #lookedAt: number | undefined

  constructor(self: Incarnation) {
    this.#self = self
  }

  /**
   * A look that came after a heartbeat of this node had succeeded. A heartbeat of others is new until `seenAt`;
   * it stood still from then to the `sentAt` of a later look. `held`: this node's cells with their epochs.
   */
  look(
    { observation, sentAt, seenAt }: Omit<Look, 'sharedVersion'>,
    held: ReadonlyMap<number, number>,
  ): Finding {
    this.#note(observation, seenAt)
    const living = observation.nodes.filter(
      ({ node }) => node === this.#self.node || !this.#isDead(node, sentAt),
    )
    const nodes = new Map(observation.nodes.map((node) => [node.node, node]))
    const alive = new Set(living.map(({ node }) => node))
    const vacancies: Vacancy[] = []
    const lost: number[] = []
    for (const row of observation.cells) {
      const epoch = held.get(row.cell)
      if (epoch !== undefined && epoch !== row.epoch) lost.push(row.cell)
      if (epoch === row.epoch || row.isDown) continue
      const reason = this.#reasonOf(row, alive)
      if (!reason) continue
      const witness = reason === 'crashed' && row.owner ? nodes.get(row.owner.node) : undefined
      vacancies.push({ cell: row.cell, epoch: row.epoch, reason, witness })
    }
    const present = living.filter(
      ({ node }) => node === this.#self.node || this.#isPresent(node, sentAt),
    )
    return { vacancies, lost, living, present }
  }

  #note(observation: Observation, seenAt: number): void {
    const isInTime =
      this.#lookedAt !== undefined && seenAt - this.#lookedAt <= ownershipLimits.lookGapMsMax
    this.#lookedAt = seenAt
    const watched = new Map<number, Watched>()
    for (const { node, incarnation, heartbeat } of observation.nodes) {
      const before = isInTime ? this.#watched.get(node) : undefined
      const isSame = before?.incarnation === incarnation && before.heartbeat === heartbeat
      const hasBeaten = before?.incarnation === incarnation
      watched.set(node, isSame ? before : { incarnation, heartbeat, since: seenAt, hasBeaten })
    }
    this.#watched = watched
  }

  #isDead(node: number, sentAt: number): boolean {
    const watched = this.#watched.get(node)
    return watched === undefined || sentAt - watched.since >= ownershipLimits.timeToLiveMs
  }

  /**
   * A node that was killed long ago is not dead yet for whoever has just begun to look; the others give cells away
   * meanwhile, and these must not wait for it.
   */
  #isPresent(node: number, sentAt: number): boolean {
    const { hasBeaten, since } = this.#watched.get(node) as Watched
    return hasBeaten || sentAt - since < ownershipLimits.firstBeatMsMax
  }

  #reasonOf({ owner }: CellRow, alive: ReadonlySet<number>): Vacancy['reason'] | undefined {
    if (!owner) return 'free'
    if (owner.node === this.#self.node) {
      return owner.incarnation <= this.#self.incarnation ? 'own' : undefined
    }
    // One that lives may take back what its earlier start had.
    return alive.has(owner.node) ? undefined : 'crashed'
  }
}
