// Watches the memory of the process: whether it is low (publishers have to wait) or critical (an operator
// has to know).
//
// What the system counts is the truth about danger, but not about need: freed memory that the process
// has kept counts along, and would keep publishers waiting for nothing. So what V8 knows to be in use
// decides, after garbage was collected, unless even the machine is nearly full.
import { memoryLimits } from '../limits/memory.ts'
import type { Clock, Timer } from './clock.ts'
import type { MemoryUsage, ProcessMemory } from './process-memory.ts'

/** How short memory is. */
export type MemoryLevel = 'ample' | 'low' | 'critical'

export interface MemoryWatchOptions {
  readonly clock: Clock
  readonly memory: ProcessMemory
  /** In bytes, or, up to 1, as a share of the memory that there is. */
  readonly watermark: number
  /** Bytes in use that nobody needs for long. */
  readonly passing: () => number
}

/**
 * How much room what lives long has left. 'crowded': with more of it publishers would have to wait, and
 * nothing that they wait for would change that. 'full': with more of anything in the heap.
 */
export type MemoryRoom = 'free' | 'crowded' | 'full'

export interface MemoryState {
  readonly level: MemoryLevel
  readonly room: MemoryRoom
  /** Bytes in use. */
  readonly inUse: number
}

/** Told when the level has changed, or the room. */
export type StateListener = (state: MemoryState) => void

export class MemoryWatch implements Disposable {
  /** Bytes from which on memory is low. */
  readonly watermark: number
  readonly #options: MemoryWatchOptions
  /** Bytes in use from which on memory is critical. */
  readonly #critical: number
  /** Bytes that the process may not take, whether they are in use or not: the machine is nearly full. */
  readonly #danger: number
  /** Bytes received until the next look. */
  readonly #checkSize: number
  /** What the system counts and V8 does not know: code, threads, libraries. */
  readonly #overhead: number
  #timer: Timer | undefined
  #onChanged: StateListener = () => undefined
  #level: MemoryLevel = 'ample'
  #room: MemoryRoom = 'free'
  #usage: MemoryUsage
  #receivedSize = 0
  /** When garbage was collected last, and how long that took. */
  #collectedAt = Number.NEGATIVE_INFINITY
  #collectMs = 0
  /** When much came in for the last time. */
  #quietSince = 0
  /** What the process took after the last collection, or at the start. */
  #restSize: number
  /** In use after the last collection. */
  #collectedSize = 0
  /** What of it lives long, and what of that is in the heap: not more than after the last collection. */
  #lasting = Number.POSITIVE_INFINITY
  #lastingHeap = Number.POSITIVE_INFINITY
  /** What was declared since may take so much of the heap. */
  #declaredSize = 0
  /** Bytes received since the last declaration, whose names and arguments may be in them. */
  #undeclaredSize = 0
  /** What lives long may take so much; with a watermark below what the start took, only the heap counts. */
  readonly #lastingMax: number

  constructor(options: MemoryWatchOptions) {
    const { memory, watermark } = options
    this.#options = options
    this.watermark = watermark > 1 ? watermark : Math.floor(watermark * memory.total)
    this.#danger = this.watermark + Math.max(0, memory.total - this.watermark) / 2
    const { memoryCheckSize, memoryCheckHeapShare } = memoryLimits
    this.#checkSize = Math.min(memoryCheckSize, memory.heapMax * memoryCheckHeapShare)
    this.#usage = memory.read()
    this.#restSize = this.#usage.resident
    this.#overhead = Math.max(0, this.#usage.resident - this.#usage.known)
    // A watermark below what the process takes at the start blocks publishers, and nobody else.
    const far = Math.max(this.watermark, this.#usage.resident) * memoryLimits.criticalFactor
    this.#critical = Math.min(this.#danger, far)
    const room = this.watermark - this.#usage.resident
    const lastingMax = this.#usage.resident + room * memoryLimits.roomCrowdedShare
    this.#lastingMax = room > 0 ? lastingMax : Number.POSITIVE_INFINITY
  }

  /** Looks at the memory now and then from now on. Until then it is ample. */
  start(onChanged: StateListener): void {
    this.#onChanged = onChanged
    this.#timer = this.#options.clock.every(memoryLimits.memoryCheckMs, () => this.check())
    this.check()
  }

  /** Bytes that the process took at the last look, as the system counts. */
  get resident(): number {
    return this.#usage.resident
  }

  /** As much of them was in use, garbage included; the rest was freed and is kept. */
  get inUse(): number {
    return Math.min(this.#usage.resident, this.#usage.known + this.#overhead)
  }

  /** Something was made that stays until somebody takes it away. */
  onDeclared(): void {
    const { admittedSize, declaredFactor } = memoryLimits
    const sentSize = Math.min(this.#undeclaredSize, this.#checkSize)
    this.#undeclaredSize = 0
    this.#declaredSize += admittedSize + declaredFactor * sentSize
    this.onReceived(admittedSize)
  }

  /** Clients have sent `size` bytes: whatever grows fast grows with them. */
  onReceived(size: number): void {
    this.#receivedSize += size
    this.#undeclaredSize += size
    if (this.#receivedSize >= this.#checkSize) this.check()
  }

  /** Looks at the memory now. */
  check(): void {
    this.#noteQuiet()
    this.#receivedSize = 0
    this.#usage = this.#options.memory.read()
    if ((this.#isHigh && this.#mayCollect) || this.#isWasteful) this.#collect()
    const level = this.#judge()
    const room = this.#judgeRoom()
    if (level === this.#level && room === this.#room) return
    this.#level = level
    this.#room = room
    this.#onChanged({ level, room, inUse: this.inUse })
  }

  [Symbol.dispose](): void {
    this.#timer?.stop()
  }

  get #heapShare(): number {
    return this.#usage.heap / this.#options.memory.heapMax
  }

  /** Collecting may help. What was freed and is kept is V8's to return, which collections put off. */
  get #isHigh(): boolean {
    const { heapCrowdedShare } = memoryLimits
    const isLarge = this.inUse >= this.watermark || this.#inUseForLong >= this.#lastingMax
    return this.#isFull || isLarge || this.#heapShare >= heapCrowdedShare
  }

  /** The machine is nearly full. */
  get #isFull(): boolean {
    return this.#usage.resident >= this.#danger
  }

  /**
   * And takes more. What the process keeps without using it is there for publishers as well: once a
   * collection has shown how much that is, nobody waits for it, up to the last of the machine.
   */
  get #isTaking(): boolean {
    const { keptStepSize, keptShareMax } = memoryLimits
    const keptMax = this.#options.memory.total * keptShareMax
    const resident = Math.min(this.#restSize + keptStepSize, keptMax)
    return this.#usage.resident >= Math.max(this.#danger, resident)
  }

  /** Garbage included. */
  get #inUseForLong(): number {
    return this.inUse - this.#options.passing()
  }

  /** A quiet moment after a busy one, whose garbage nobody would collect for long. */
  get #isWasteful(): boolean {
    const { quietMs, quietPauseFactor, quietWasteShare, quietWasteSize } = memoryLimits
    const now = this.#options.clock.monotonic()
    const isQuiet = this.#quietSince <= now - quietMs
    const isLate = now >= this.#collectedAt + this.#collectMs * quietPauseFactor
    const wasteMin = Math.max(quietWasteSize, this.#restSize * quietWasteShare)
    return isQuiet && isLate && this.#usage.resident - this.#restSize > wasteMin
  }

  #noteQuiet(): void {
    if (this.#receivedSize > memoryLimits.quietReceivedSize) {
      this.#quietSince = this.#options.clock.monotonic()
    }
  }

  get #mayCollect(): boolean {
    const { collectMsMin, collectPauseFactor } = memoryLimits
    const { criticalCollectMsMin, criticalCollectPauseFactor } = memoryLimits
    const isUrgent = this.#level === 'critical' || this.#mayBeCrowded
    const factor = isUrgent ? criticalCollectPauseFactor : collectPauseFactor
    const msMin = isUrgent ? criticalCollectMsMin : collectMsMin
    const pauseMs = Math.max(msMin, this.#collectMs * factor)
    const isLate = this.#options.clock.monotonic() >= this.#collectedAt + pauseMs
    return isLate || this.inUse - this.#collectedSize > this.watermark * memoryLimits.collectShare
  }

  /** By what was declared since the last collection: only another one can tell. */
  get #mayBeCrowded(): boolean {
    return this.#declaredSize > 0 && this.#room === 'crowded' && !this.#isCrowded(this.#lastingHeap)
  }

  #isCrowded(lastingHeap: number): boolean {
    const { heapCrowdedShare, recoveredShare } = memoryLimits
    const share = this.#room === 'free' ? 1 : recoveredShare
    const heapShare = Math.min(this.#usage.heap, lastingHeap) / this.#options.memory.heapMax
    const lasting = Math.min(this.#inUseForLong, this.#lasting)
    return heapShare >= heapCrowdedShare * share || lasting >= this.#lastingMax * share
  }

  #collect(): void {
    const { clock, memory } = this.#options
    const startedAt = clock.monotonic()
    memory.collect()
    this.#collectedAt = clock.monotonic()
    this.#collectMs = this.#collectedAt - startedAt
    this.#usage = memory.read()
    this.#collectedSize = this.inUse
    this.#lasting = this.#inUseForLong
    this.#lastingHeap = this.#usage.heap
    this.#declaredSize = 0
    this.#restSize = this.#usage.resident
  }

  /** As a level, and garbage does not count: who is refused for it has no reason to come again. */
  #judgeRoom(): MemoryRoom {
    const { heapFullShare, recoveredShare } = memoryLimits
    const heapShare = Math.min(this.#usage.heap, this.#lastingHeap) / this.#options.memory.heapMax
    if (heapShare >= heapFullShare * (this.#room === 'full' ? recoveredShare : 1)) return 'full'
    return this.#isCrowded(this.#lastingHeap + this.#declaredSize) ? 'crowded' : 'free'
  }

  /** A level lasts until a little more than what made it is free. */
  #judge(): MemoryLevel {
    const { heapLowShare, heapCriticalShare, recoveredShare } = memoryLimits
    const inUse = this.inUse
    const heapShare = this.#heapShare
    const isAt = (level: MemoryLevel): number => (this.#level === level ? recoveredShare : 1)
    const critical = isAt('critical')
    if (inUse >= this.#critical * critical || heapShare >= heapCriticalShare * critical) {
      return 'critical'
    }
    const low = this.#level === 'ample' ? 1 : recoveredShare
    if (this.#isTaking || inUse >= this.watermark * low || heapShare >= heapLowShare * low)
      return 'low'
    return 'ample'
  }
}
