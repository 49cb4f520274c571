// What a cell has for partitions of its topics that other cells lead: their records for readers of messages, and
// messages on their way there. Nothing is asked of others before `connect`.
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Shortage } from '../shortage.ts'
import type { LineEvents } from './cell-line.ts'
import { CellLines } from './cell-lines.ts'
import { Mirrors } from './mirrors.ts'
import type { RecordCalls } from './record-calls.ts'
import { Transits } from './transits.ts'

export interface SpreadParts {
  readonly store: LogStore
  readonly clock: Clock
  readonly random: Random
  readonly shortage: Shortage
}

export interface SpreadEvents extends LineEvents {
  /** Messages on their way could not be read, and are tried again. */
  onTrouble(error: Error): void
}

export class Spread {
  readonly mirrors: Mirrors
  readonly transits: Transits
  readonly #lines: CellLines

  constructor(parts: SpreadParts) {
    const { clock } = parts
    this.#lines = new CellLines(clock)
    this.mirrors = new Mirrors({ clock, lines: this.#lines })
    this.transits = new Transits({ ...parts, lines: this.#lines })
  }

  /** Other cells can be asked from now on. */
  connect(calls: RecordCalls, events: SpreadEvents): void {
    this.#lines.open(calls, events)
    this.transits.start((error) => events.onTrouble(error))
    void this.mirrors.holdAll()
  }

  /** Nobody is asked any more. */
  close(): void {
    this.#lines.close()
    this.mirrors.close()
  }
}
