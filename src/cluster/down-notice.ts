// Says which cells are down: when one goes down, now and then while it stays so, and when nodes may have it again. Each
// node says it, because each sees only its own log.
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { ownershipLimits } from '../limits/postgres.ts'
import type { CellRow } from '../log/cluster/ownership/observation.ts'

const { crashesMax, crashesMs, downNoticeMs } = ownershipLimits

export class DownNotice {
  readonly #clock: Clock
  readonly #logger: Logger
  /** Cell → when it was said last. */
  readonly #toldAt = new Map<number, number>()

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  onCells(cells: readonly CellRow[]): void {
    const now = this.#clock.monotonic()
    for (const { cell, isDown } of cells) {
      const toldAt = this.#toldAt.get(cell)
      if (!isDown) {
        if (this.#toldAt.delete(cell)) this.#logger.info(`cell ${cell} is down no more`)
      } else if (toldAt === undefined || now - toldAt >= downNoticeMs) {
        this.#toldAt.set(cell, now)
        this.#logger.error(
          `cell ${cell} is down: its owners crashed ${crashesMax} times in ${crashesMs / 60_000} minutes. See in their logs why, then let nodes have it again with "pabal cluster reopen"`,
        )
      }
    }
  }
}
