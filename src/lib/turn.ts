// One turn of the event loop, seen as three phases: what arrived is dispatched, then committed,
// then written out. Work is gathered while sockets are read and runs once at the end of the turn,
// so that everything that arrived together is one commit and one write per connection.
import type { Clock } from './clock.ts'

/** Something that runs at most once a turn; it must know itself whether it is already scheduled. */
export interface TurnTask {
  runTurn(): void
}

/** The phases of a turn, in the order they run. */
export const turnPhase = { dispatch: 0, commit: 1, output: 2 } as const
export type TurnPhase = (typeof turnPhase)[keyof typeof turnPhase]

/**
 * Collects tasks and runs them at the end of the turn. A task scheduled while a later phase
 * runs waits for the next turn; one scheduled for a phase still to come runs in this one.
 */
export class Turn {
  /** Looks at the time when a turn begins, so that what the turn does knows whether it may serve. */
  gate: { lookAt(now: number): void } | undefined
  readonly #clock: Clock
  readonly #tasks: [TurnTask[], TurnTask[], TurnTask[]] = [[], [], []]
  #isScheduled = false
  #startedAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  schedule(phase: TurnPhase, task: TurnTask): void {
    this.#tasks[phase].push(task)
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.atEndOfTurn(this.#run)
  }

  /** When the tasks of this turn began to run, by the monotonic clock: the time for whoever needs no better. */
  get startedAt(): number {
    return this.#startedAt
  }

  /** How long the tasks of this turn have been running, in ms. For long tasks, which may go on in the next. */
  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }

  readonly #run = (): void => {
    this.#isScheduled = false
    this.#startedAt = this.#clock.monotonic()
    this.gate?.lookAt(this.#startedAt)
    for (const phase of [turnPhase.dispatch, turnPhase.commit, turnPhase.output]) {
      const tasks = this.#tasks[phase]
      if (tasks.length === 0) continue
      this.#tasks[phase] = []
      for (const task of tasks) task.runTurn()
    }
    if (this.#isScheduled) return
    if (this.#tasks.some((tasks) => tasks.length > 0)) {
      this.#isScheduled = true
      this.#clock.atEndOfTurn(this.#run)
    }
  }
}
