// Room for answers that are being written. Together with what clients have not taken they are bounded:
// over that, only the answer that was begun first goes on, so that it comes to its end, and not even that
// one as long as clients do not take what they were sent.
import type { MemoryAccount } from '../../broker/memory-account.ts'

/** An answer that is being written. */
export interface GrowingAnswer {
  /** Bytes of it so far. */
  readonly size: number
}

export class AnswerRoom {
  readonly #memory: MemoryAccount
  /** What they took when it was last noted, in the order in which they were begun. */
  readonly #answers = new Map<GrowingAnswer, number>()
  #size = 0

  constructor(memory: MemoryAccount) {
    this.#memory = memory
  }

  /** Notes how large the answer is by now. Call `forget` for it at its end. */
  note(answer: GrowingAnswer): void {
    this.#size += answer.size - (this.#answers.get(answer) ?? 0)
    this.#answers.set(answer, answer.size)
  }

  /** The answer is finished, or is not going to be. */
  forget(answer: GrowingAnswer): void {
    this.#size -= this.#answers.get(answer) ?? 0
    this.#answers.delete(answer)
  }

  /** Whether more of the answer may be written now. */
  mayGrow(answer: GrowingAnswer): boolean {
    const { budgets, sizes } = this.#memory
    if (sizes.output <= budgets.output) return true
    const [first] = this.#answers.keys()
    return answer === first && sizes.output - this.#size <= budgets.output
  }
}
