// Work that takes longer than a turn of the event loop may, done a slice at a time: all such work
// together gets one slice a turn, each piece of it in its turn, so that others never wait for more.
import { assert } from './assert.ts'
import type { Clock } from './clock.ts'
import { Fifo } from './fifo.ts'

/**
 * Work in small steps: it yields wherever it may be interrupted, or a promise to wait for (whose
 * rejection is thrown there), and returns its result.
 */
export type Steps<T> = Generator<Promise<unknown> | undefined, T, void>

/** A step of its own, or a wait for a promise. */
export function* resultOf<T>(found: T | Promise<T>): Steps<T> {
  if (!(found instanceof Promise)) {
    yield
    return found
  }
  let result!: T
  yield found.then((value) => {
    result = value
  })
  return result
}

/** Does short work at once, but for what it waits for. */
export async function runAtOnce<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { value, done } = steps.next()
    if (done === true) return value
    if (value !== undefined) await value
  }
}

/** Does short work that waits for nothing. */
export function finishAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { value, done } = steps.next()
    if (done === true) return value
    assert(value === undefined, 'the work waits for something')
  }
}

/** What became of a promise that was waited for. */
interface Failure {
  readonly error: unknown
}

interface Job {
  /** Does a slice of the work. */
  readonly run: () => 'done' | 'more' | 'waits'
}

export class Slices {
  readonly #clock: Clock
  readonly #sliceMs: number
  readonly #waiting = new Fifo<Job>()
  /** How much of this turn's slice was used. */
  #usedMs = 0
  #isScheduled = false

  /** About `sliceMs` of each turn are used. */
  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock
    this.#sliceMs = sliceMs
  }

  /** Begins at once if nothing else is under way. Rejects with what a step throws. */
  run<T>(steps: Steps<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let failure: Failure | undefined
    const run = (): ReturnType<Job['run']> => {
      try {
        const state = this.#advance(steps, failure)
        failure = undefined
        if (state.done === true) resolve(state.value)
        else if (state.value !== undefined) {
          state.value.then(
            () => this.#add(job),
            (error: unknown) => {
              failure = { error }
              this.#add(job)
            },
          )
          return 'waits'
        }
        return state.done === true ? 'done' : 'more'
      } catch (error) {
        reject(error)
        return 'done'
      }
    }
    const job = { run }
    const isFree = this.#waiting.size === 0 && this.#usedMs < this.#sliceMs
    if (!isFree || run() === 'more') this.#add(job)
    return promise
  }

  /** Goes on until the work ends, has to wait for something, or the slice is used up. */
  #advance<T>(
    steps: Steps<T>,
    failure: Failure | undefined,
  ): IteratorResult<Promise<unknown> | undefined, T> {
    const startedAt = this.#clock.monotonic()
    const usedBefore = this.#usedMs
    this.#schedule()
    for (let thrown = failure; ; thrown = undefined) {
      const state = thrown === undefined ? steps.next() : steps.throw(thrown.error)
      this.#usedMs = usedBefore + this.#clock.monotonic() - startedAt
      const isOver = this.#usedMs >= this.#sliceMs
      if (state.done === true || state.value !== undefined || isOver) return state
    }
  }

  #add(job: Job): void {
    this.#waiting.push(job)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.atEndOfTurn(this.#onTurn)
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false
    this.#usedMs = 0
    while (this.#usedMs < this.#sliceMs) {
      const job = this.#waiting.shift()
      if (job === undefined) return
      if (job.run() === 'more') this.#add(job)
    }
    if (this.#waiting.size > 0) this.#schedule()
  }
}
