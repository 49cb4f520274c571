// What one Kafka connection makes the broker hold: requests as far as they have come in and until they
// are answered, and answers until the client has taken them.
import type { MemoryShare } from '../../broker/memory-account.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { InputSource } from '../input-budget.ts'
import type { KafkaContext } from './kafka-context.ts'

export interface HeldMemoryParts {
  readonly context: Pick<KafkaContext, 'memory' | 'inputBudget' | 'clock'>
  /** It is the connection's turn again to be read. Never called within another call. */
  readonly onResumed: () => void
  /** The broker needs the memory: the connection has to end. */
  readonly onNeeded: () => void
}

export class HeldMemory implements InputSource {
  readonly memory: MemoryShare
  readonly inputTurnSizeMax: number = kafkaLimits.kafkaRequestSizeMax
  readonly #parts: HeldMemoryParts
  #isPaused = false
  #isClosed = false
  /** Bytes of answers that are being made. */
  #unfinishedSize = 0
  /** Bytes of answers that wait. */
  #unsentSize = 0

  constructor(parts: HeldMemoryParts) {
    this.#parts = parts
    this.memory = parts.context.memory.open(this)
  }

  /** Memory for requests is short, and it is the turn of others. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Requests take `size` bytes now; nothing counts any more once it is closed. */
  setInput(size: number): void {
    const before = this.memory.sizes.input
    if (size === before || this.#isClosed) return
    this.memory.set('input', size)
    const { inputBudget } = this.#parts.context
    if (size > before) inputBudget.onGrown(this)
    else inputBudget.onShrunk(this)
  }

  /** Answers that wait take `size` bytes now. */
  setUnsent(size: number): void {
    this.#unsentSize = size
    this.memory.set('output', size + this.#unfinishedSize)
  }

  /** Answers that are being made take `size` bytes more (less when negative). */
  changeUnfinished(size: number): void {
    this.#unfinishedSize += size
    this.memory.set('output', this.#unsentSize + this.#unfinishedSize)
  }

  pauseInput(): void {
    this.#isPaused = true
  }

  resumeInput(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#parts.context.clock.atEndOfTurn(this.#parts.onResumed)
  }

  onMemoryNeeded(): void {
    this.#parts.onNeeded()
  }

  /** The connection holds nothing more. */
  close(): void {
    this.#isPaused = false
    this.#isClosed = true
    this.#parts.context.inputBudget.forget(this)
    this.memory.close()
  }
}
