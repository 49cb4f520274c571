// The callbacks of those that wait to take a message from a queue. They run in the next dispatch
// phase, never inside the call that made the queue readable: what they do belongs to other
// connections, and an atom may be open.
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'

export class WaitingTakers implements TurnTask {
  readonly #turn: Turn
  #callbacks: (() => void)[] = []
  #isScheduled = false

  constructor(turn: Turn) {
    this.#turn = turn
  }

  add(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  /** Calls all of them back once. */
  tell(): void {
    if (this.#isScheduled || this.#callbacks.length === 0) return
    this.#isScheduled = true
    this.#turn.schedule(turnPhase.dispatch, this)
  }

  runTurn(): void {
    this.#isScheduled = false
    const callbacks = this.#callbacks
    this.#callbacks = []
    for (const callback of callbacks) callback()
  }
}
