// Partitions of this cell's topics that other cells lead, as readers of messages see them: each has a log without
// records of its own (`RemoteLog`). Queues with such a source have their cursors there, and what they have not acked is
// held at the leaders.
import type { Clock, Timer } from '../../lib/clock.ts'
import { WorkGate } from '../../lib/work-gate.ts'
import { spreadLimits } from '../../limits/spread.ts'
import type { Partition } from '../topic/partition.ts'
import type { Topic } from '../topic/topic.ts'
import { CellFollower } from './cell-follower.ts'
import type { CellLines } from './cell-lines.ts'
import { KeptRuns } from './kept-runs.ts'
import type { HoldArgs } from './record-calls.ts'
import { RemoteLog } from './remote-log.ts'

export interface MirrorsParts {
  readonly clock: Clock
  readonly lines: CellLines
}

export class Mirrors {
  readonly #parts: MirrorsParts
  readonly #kept = new KeptRuns({
    sizeMax: spreadLimits.keptRunsSizeMax,
    stretchesMax: spreadLimits.keptStretchesMax,
  })
  readonly #followers = new Map<number, CellFollower>()
  readonly #gates = new Map<number, WorkGate>()
  readonly #logs = new Set<RemoteLog>()
  /** Cells that know that nobody needs anything. */
  readonly #free = new Set<number>()
  /** Topics that somebody is about to need, by id, and until when. */
  readonly #claims = new Map<string, number>()
  readonly #timer: Timer
  #isHolding = false

  constructor(parts: MirrorsParts) {
    this.#parts = parts
    this.#timer = parts.clock.every(spreadLimits.holdsMs, () => void this.holdAll())
  }

  /** Bytes in memory that were read from other cells. */
  get keptSize(): number {
    return this.#kept.size
  }

  /** Partitions that are followed now. */
  get followedCount(): number {
    let count = 0
    for (const { followedCount } of this.#followers.values()) count += followedCount
    return count
  }

  /** A partition is there that another cell leads. Before anybody reads it. */
  add(topicId: string, number: number, partition: Partition): void {
    const { remote } = partition
    if (remote === undefined) return
    const follower = this.#followerOf(remote.cell)
    const log = new RemoteLog(
      { topicId, number, partition, remote },
      {
        clock: this.#parts.clock,
        kept: this.#kept,
        line: this.#parts.lines.of(remote.cell),
        gate: this.#gateOf(remote.cell),
        onWanted: (wanted) => follower.follow(wanted),
        refresh: (asked, msMax) => follower.refresh(asked, msMax),
      },
    )
    this.#logs.add(log)
  }

  /**
   * Says to all cells what queues here still need of them: the records that a queue with a source has not acked stay,
   * also when retention has passed them. Also when that is as before: somebody else may have had this cell meanwhile.
   */
  async holdAll(): Promise<void> {
    if (this.#isHolding || !this.#parts.lines.isOpen) return
    this.#isHolding = true
    try {
      const floors = this.#floors()
      const cells = new Set([...floors.keys(), ...this.#followers.keys()])
      await Promise.all([...cells].map((cell) => this.#hold(cell, floors.get(cell) ?? [])))
    } finally {
      this.#isHolding = false
    }
  }

  /** A queue that takes its messages from `topic` is about to be there: all that it may read stays from now on. */
  async holdFor({ topicId, partitions }: Topic): Promise<void> {
    this.#claims.set(topicId, this.#parts.clock.monotonic() + spreadLimits.claimMs)
    const floors = this.#floors()
    const cells = new Set(partitions.flatMap(({ remote }) => remote?.cell ?? []))
    await Promise.all([...cells].map((cell) => this.#hold(cell, floors.get(cell) ?? [])))
  }

  close(): void {
    this.#timer.stop()
    for (const log of this.#logs) log.close()
  }

  /** By cell, for all partitions that a queue takes messages from. */
  #floors(): Map<number, [string, number, number][]> {
    const floors = new Map<number, [string, number, number][]>()
    const now = this.#parts.clock.monotonic()
    for (const [topicId, until] of this.#claims) if (until <= now) this.#claims.delete(topicId)
    for (const remote of this.#logs) {
      if (remote.isGone) {
        remote.close()
        this.#logs.delete(remote)
        continue
      }
      const floor = this.#claims.has(remote.topicId) ? 0 : remote.neededFrom
      if (floor === undefined) continue
      const { cell } = remote.remote
      const ofCell = floors.get(cell) ?? []
      ofCell.push([remote.topicId, remote.number, floor])
      floors.set(cell, ofCell)
    }
    return floors
  }

  async #hold(cell: number, floors: HoldArgs['floors']): Promise<void> {
    if (floors.length === 0 && this.#free.has(cell)) return
    this.#free.delete(cell)
    const line = this.#parts.lines.of(cell)
    try {
      await line.ask(
        (calls) => calls.hold(cell, { floors }),
        () => false,
        spreadLimits.holdsMs,
      )
      if (floors.length === 0) this.#free.add(cell)
    } catch {
      // The next time. The line tells of a cell that is away.
    }
  }

  #gateOf(cell: number): WorkGate {
    const gate = this.#gates.get(cell) ?? new WorkGate(spreadLimits.readsMax)
    this.#gates.set(cell, gate)
    return gate
  }

  #followerOf(cell: number): CellFollower {
    const known = this.#followers.get(cell)
    if (known !== undefined) return known
    const { clock, lines } = this.#parts
    const follower = new CellFollower({ clock, line: lines.of(cell) })
    this.#followers.set(cell, follower)
    return follower
  }
}
