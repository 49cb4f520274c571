// What one connection makes the broker hold, and what follows from it: a connection that parks too much,
// or whose unfinished messages have to wait for memory, is not read.
import type { MemoryAccount, MemoryShare } from '../broker/memory-account.ts'
import { brokerLimits } from '../limits/broker.ts'
import { clientLimits } from '../limits/clients.ts'
import type { InputBudget, InputSource } from './input-budget.ts'
import { pauseReason, type ReadGate } from './read-gate.ts'

export interface HeldMemoryParts {
  /** What all connections share. */
  readonly context: {
    readonly memory: MemoryAccount
    readonly inputBudget: InputBudget
    readonly settings: { readonly messageSizeMax: number }
  }
  readonly gate: ReadGate
  /** The broker needs the memory: the connection has to end. */
  readonly onNeeded: () => void
}

export class HeldMemory implements InputSource {
  readonly memory: MemoryShare
  readonly inputTurnSizeMax: number
  readonly #parts: HeldMemoryParts

  constructor(parts: HeldMemoryParts) {
    const { memory, settings } = parts.context
    this.#parts = parts
    this.memory = memory.open(this)
    this.inputTurnSizeMax = Math.max(2 * settings.messageSizeMax, brokerLimits.transactionSizeMax)
  }

  /** Bytes of frames and messages that wait in channels. */
  get parkedSize(): number {
    return this.memory.sizes.parked
  }

  /**
   * `size` bytes more, or less when it is negative: parked in a channel (`resumeIfFew` has to follow when
   * they are less), or input, which is messages that are not complete, not written or not committed.
   */
  change(kind: 'parked' | 'input', size: number): void {
    if (size === 0) return
    this.memory.change(kind, size)
    if (kind === 'input') this.#onInputChanged(size)
    else if (this.parkedSize > this.#parkedSizeMax) this.#parts.gate.pause(pauseReason.parked)
  }

  #onInputChanged(size: number): void {
    const { inputBudget } = this.#parts.context
    if (size > 0) inputBudget.onGrown(this)
    else inputBudget.onShrunk(this)
  }

  /** Goes on reading when little is parked. */
  resumeIfFew(): void {
    if (this.parkedSize <= this.#parkedSizeMax) this.#parts.gate.resume(pauseReason.parked)
  }

  pauseInput(): void {
    this.#parts.gate.pause(pauseReason.input)
  }

  resumeInput(): void {
    this.#parts.gate.resume(pauseReason.input)
  }

  onMemoryNeeded(): void {
    this.#parts.onNeeded()
  }

  /** The connection holds nothing more. */
  close(): void {
    this.#parts.context.inputBudget.forget(this)
    this.memory.close()
  }

  /** When all connections together have parked too much, none may park anything before it is not read. */
  get #parkedSizeMax(): number {
    return this.#parts.context.memory.isOver('parked') ? 0 : clientLimits.parkedSizeMax
  }
}
