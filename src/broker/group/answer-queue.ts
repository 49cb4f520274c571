// Answers leave when the group is at rest. A group that answers one member in the middle of a step
// would let that member's next request see it half done.

/** Holds back what is said during a step until the outermost step ends. */
export class AnswerQueue {
  #waiting: (() => void)[] = []
  #depth = 0

  /** Runs one step of a group, then gives the answers that came up, in order. */
  run<Result>(step: () => Result): Result {
    this.#depth++
    try {
      const result = step()
      if (this.#depth === 1) this.#deliver()
      return result
    } finally {
      this.#depth--
    }
  }

  /** Keeps `answer` for the end of the step. Only within `run`. */
  push(answer: () => void): void {
    this.#waiting.push(answer)
  }

  /** Steps that an answer causes run at once; their answers come after those already waiting. */
  #deliver(): void {
    while (this.#waiting.length > 0) {
      const answers = this.#waiting
      this.#waiting = []
      for (const answer of answers) answer()
    }
  }
}
