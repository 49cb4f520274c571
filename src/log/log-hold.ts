// Keeps records that all cursors have acked for a moment, for somebody who only looks and is not as fast as a
// consumer: as a cursor does, but nothing of it is written down.
import { AckedOffsets } from './acked-offsets.ts'
import type { Acking } from './kept-offsets.ts'
import type { Log } from './log.ts'

export class LogHold implements Acking, Disposable {
  readonly acked: AckedOffsets = new AckedOffsets()
  readonly #log: Log

  /** From `offset` on. */
  constructor(log: Log, offset: number) {
    this.#log = log
    this.acked.forgetBelow(offset)
    log.cursors.push(this)
  }

  /** What is below is not needed any more. */
  moveTo(offset: number): void {
    this.acked.forgetBelow(offset)
    this.#log.onAcked()
  }

  [Symbol.dispose](): void {
    const { cursors } = this.#log
    cursors.splice(cursors.indexOf(this), 1)
    this.#log.onAcked()
  }
}
