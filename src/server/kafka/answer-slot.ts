import type { Socket } from 'node:net'
import { pagePool } from '../../lib/page-pool.ts'

const none: readonly Buffer[] = []

/**
 * An answer's place in the order: empty → filled (`parts` are known) → written or dropped. Views that
 * it holds are let go once: when all parts have been sent or never will be, or when it is dropped.
 */
export class AnswerSlot {
  parts: readonly Buffer[] | undefined
  #held = none

  /** Bytes of the answer, as far as it is known. */
  get size(): number {
    let size = 0
    for (const { length } of this.parts ?? none) size += length
    return size
  }

  /** The answer has these views. Called once, before the parts are known. */
  releaseOnceSent(views: readonly Buffer[]): void {
    this.#held = views
  }

  writeTo(socket: Socket): void {
    const { parts = none } = this
    if (this.#held.length === 0 || parts.length === 0) {
      for (const part of parts) socket.write(part)
      this.drop()
      return
    }
    const last = parts.length - 1
    for (let at = 0; at < last; at++) socket.write(parts[at] as Buffer)
    // Also called after an error: by then the socket is closed, or the system has what it takes.
    socket.write(parts[last] as Buffer, () => this.drop())
  }

  /** Lets go what it holds: nothing of the answer will be sent any more. */
  drop(): void {
    const held = this.#held
    this.#held = none
    for (const view of held) pagePool.release(view)
  }
}
