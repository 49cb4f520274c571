// What lies between clients and cells: everything takes time, answers are lost, and what was sent to a process goes
// down with that; what a process sent before its death still arrives. What one cell sends to another one may also be
// lost, come twice, the second time late, and be answered never.
import type { Clock } from '../../../src/lib/clock.ts'
import type { Random } from '../../../src/lib/random.ts'
import type { Life } from './life.ts'

/** It may have happened or not. */
export class NoAnswer extends Error {}

export interface Call<T> {
  /** Undefined: it is down. */
  readonly to: Life | undefined
  /** Whose process waits for the answer; undefined: a client's. */
  readonly from?: Life
  /** For how long the caller waits; undefined: as long as both live. */
  readonly patienceMs?: number
  /** Of a cell, which knows that anything may become of it. */
  readonly isRough?: boolean
  readonly work: (to: Life) => Promise<T>
}

export class Network {
  readonly #clock: Clock
  readonly #random: Random
  /** It is lossy until the end of a run. */
  isCalm = false

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve))
  }

  async call<T>({ to, from, patienceMs, isRough, work }: Call<T>): Promise<T> {
    if (to === undefined || (isRough === true && this.#happens(60))) {
      await this.wait(1 + this.#random.below(20))
      throw new NoAnswer()
    }
    if (isRough === true) {
      if (this.#happens(8)) this.#sendLate(to, work)
      if (this.#happens(200)) return new Promise(() => undefined)
    }
    const isAnswerLost = this.#happens(40)
    return new Promise((resolve, reject) => {
      const lose = (): void => reject(new NoAnswer())
      const stops = [to.whenDead(lose), from?.whenDead(lose)]
      if (patienceMs !== undefined) this.#clock.after(patienceMs, lose)
      const answer = (give: () => void): void => {
        if (to.isDead) return
        for (const stop of stops) stop?.()
        this.#clock.after(this.#delayMs(), isAnswerLost ? lose : give)
      }
      const arrive = async (): Promise<void> => {
        try {
          const result = await work(to)
          answer(() => resolve(result))
        } catch (error) {
          answer(() => reject(error))
        }
      }
      this.#clock.after(this.#delayMs(), () => {
        if (!to.isDead) void arrive()
      })
    })
  }

  /** Once more, to the same process, and nobody hears the answer. */
  #sendLate<T>(to: Life, work: (to: Life) => Promise<T>): void {
    this.#clock.after(this.#random.below(2000), () => {
      if (!to.isDead) work(to).catch(() => undefined)
    })
  }

  #happens(once: number): boolean {
    return !this.isCalm && this.#random.below(once) === 0
  }

  /** Most of it at once, some of it after a rest. */
  #delayMs(): number {
    if (this.isCalm || this.#random.below(50) > 0) return this.#random.below(4)
    return this.#random.below(1500)
  }
}
