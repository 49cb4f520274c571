// Answers of one connection: they leave in the order of its requests, each as soon as those before it have.
import type { Socket } from 'node:net'
import { AnswerSlot } from './answer-slot.ts'

export class AnswerQueue {
  readonly #socket: Socket
  readonly #slots: AnswerSlot[] = []
  /** Bytes of answers that wait for those before them. */
  #waitingSize = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** How many answers have not left. */
  get count(): number {
    return this.#slots.length
  }

  /** Bytes of answers that are known, and that the system has not taken. */
  get unsentSize(): number {
    return this.#waitingSize + this.#socket.writableLength
  }

  /** The place of the next request's answer. */
  open(): AnswerSlot {
    const slot = new AnswerSlot()
    this.#slots.push(slot)
    return slot
  }

  /** The answer in `slot` is known. Returns whether any answer has left. */
  fill(slot: AnswerSlot, parts: readonly Buffer[]): boolean {
    slot.parts = parts
    this.#waitingSize += slot.size
    const before = this.#slots.length
    this.#socket.cork()
    while (this.#slots[0]?.parts !== undefined) {
      this.#waitingSize -= this.#slots[0].size
      this.#slots[0].writeTo(this.#socket)
      this.#slots.shift()
    }
    this.#socket.uncork()
    return this.#slots.length < before
  }

  /** None of them will leave any more. */
  drop(): void {
    for (const slot of this.#slots) slot.drop()
  }
}
