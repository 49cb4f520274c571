// Questions of many to one place, asked together: what comes while calls are under way goes with the next one. So
// each waits for little more than two calls, and a place that is slow gets few of them.

export interface GatheredCallsOptions<Asked, Answer> {
  /** Answers in the order of what is asked. Rejects when none of it is answered. */
  readonly send: (asked: readonly Asked[]) => Promise<readonly Answer[]>
  /** Calls under way at the same time. */
  readonly inFlightMax: number
  /** Of a question, and of all in one call; a larger one goes alone. */
  readonly sizeOf: (asked: Asked) => number
  readonly sizeMax: number
}

interface Waiting<Asked, Answer> {
  readonly asked: Asked
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class GatheredCalls<Asked, Answer> {
  readonly #options: GatheredCallsOptions<Asked, Answer>
  readonly #waiting: Waiting<Asked, Answer>[] = []
  #inFlight = 0

  constructor(options: GatheredCallsOptions<Asked, Answer>) {
    this.#options = options
  }

  /** Rejects as the call does with which it goes. */
  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject })
      this.#sendNext()
    })
  }

  #sendNext(): void {
    const { inFlightMax, sizeOf, sizeMax } = this.#options
    if (this.#inFlight >= inFlightMax || this.#waiting.length === 0) return
    this.#inFlight++
    let size = 0
    const end = this.#waiting.findIndex(({ asked }, at) => {
      size += sizeOf(asked)
      return at > 0 && size > sizeMax
    })
    void this.#send(this.#waiting.splice(0, end < 0 ? this.#waiting.length : end))
  }

  async #send(together: readonly Waiting<Asked, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.send(together.map(({ asked }) => asked))
      if (answers.length !== together.length) {
        throw new Error(`${answers.length} answers to ${together.length} questions`)
      }
      for (const [at, { resolve }] of together.entries()) resolve(answers[at] as Answer)
    } catch (error) {
      for (const { reject } of together) reject(error)
    } finally {
      this.#inFlight--
      this.#sendNext()
    }
  }
}
