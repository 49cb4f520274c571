// What must hold after each step, whatever clients know: bounds of memory, and counts that agree.
import type { World } from './world.ts'

export class Invariants {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** After each turn of the event loop. */
  check(): void {
    const { cell } = this.#world.machine
    if (cell === undefined) return
    this.#world.model.noteBlocked(cell.broker.store.blocked !== undefined)
    const counts = cell.broker.counts()
    if (counts.messages < counts.unacked || counts.unacked < 0) {
      this.#world.report(
        new Error(`${counts.messages} messages, ${counts.unacked} of them unacked`),
      )
    }
  }

  /** When no client is there any more. */
  checkQuiet(): void {
    for (const queue of this.#world.model.topology.queues.values()) queue.checkSuspects()
  }
}
