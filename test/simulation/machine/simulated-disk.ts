// The disk of a simulated machine: each operation takes its time, some take long, some fail while the disk
// is ill, and it can be full for a while. What a crash keeps: see `FaultDisk`.
import type { Random } from '../../../src/lib/random.ts'
import {
  diskError,
  type DiskOperation,
  type Fate,
  FaultDisk,
} from '../../../src/testing/fault-disk.ts'
import type { VirtualClock } from '../../../src/testing/virtual-clock.ts'

export interface DiskPlan {
  /** Longest time that an operation takes, in ms, when nothing is wrong. */
  readonly latencyMsMax: number
  /** How many operations take `slowMsMax` at most instead. */
  readonly slowRate: number
  readonly slowMsMax: number
  /** Bytes that fit. */
  readonly capacity: number
}

/** What an ill disk refuses. Reads go on: what was written and synced is there. */
const refusable: ReadonlySet<DiskOperation> = new Set([
  'create',
  'write',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'syncFolder',
])

export class SimulatedDisk {
  disk: FaultDisk
  /** Share of the operations that fail. */
  errorRate = 0
  /** Somebody else has taken all the room that is left. */
  isFull = false
  /** It was full at some time since the last start. */
  wasFull = false
  /** Operations on which an error was injected, since the last start. */
  errorCount = 0
  readonly #plan: DiskPlan
  readonly #random: Random
  readonly #note: (what: string) => void

  constructor(
    plan: DiskPlan,
    parts: {
      readonly clock: VirtualClock
      readonly random: Random
      readonly note: (what: string) => void
    },
  ) {
    this.#plan = plan
    this.#random = parts.random
    this.#note = parts.note
    this.disk = new FaultDisk(parts.clock)
    this.#equip()
  }

  get isIll(): boolean {
    return this.errorRate > 0 || this.isFull
  }

  /** How long something takes, in ms. */
  latencyMs(): number {
    const { latencyMsMax, slowRate, slowMsMax } = this.#plan
    const isSlow = this.#random.next() < slowRate
    return this.#random.next() * (isSlow ? slowMsMax : latencyMsMax)
  }

  /** Why the next operation fails, if it does. */
  fault(path: string): Error | undefined {
    if (this.#random.next() >= this.errorRate) return undefined
    this.errorCount++
    return diskError('EIO', path)
  }

  fill(isFull: boolean): void {
    this.isFull = isFull
    this.wasFull ||= isFull
    this.disk.capacity = isFull ? this.disk.usedSize : this.#plan.capacity
  }

  /** The process was killed: the system still has all that it wrote. */
  onProcessKilled(): void {
    this.disk = this.disk.kill()
    this.#equip()
  }

  /** The power was cut: only what was synced is sure. */
  onPowerCut(): void {
    this.disk = this.disk.crash(this.#random)
    this.#equip()
  }

  #equip(): void {
    this.disk.onOperation = (operation, path) => this.#decide(operation, path)
    this.wasFull = false
    this.fill(this.isFull)
    this.errorCount = 0
  }

  #decide(operation: DiskOperation, path: string): Fate {
    const delayMs = this.latencyMs()
    const error = refusable.has(operation) ? this.fault(path) : undefined
    this.#note(`${operation} ${path}${error === undefined ? '' : ' fails'}`)
    return { delayMs, error }
  }
}
