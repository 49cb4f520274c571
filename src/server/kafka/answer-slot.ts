import type { Socket } from 'node:net'

/** Something that the parts of an answer are views of. */
export interface Retained {
  release(): void
}

const none: readonly Buffer[] = []
const nothing: readonly Retained[] = []

/**
 * An answer's place in the order: empty → filled (`parts` are known) → written or dropped. What it
 * retains is released once: when all parts have been sent or never will be, or when it is dropped.
 */
export class AnswerSlot {
  parts: readonly Buffer[] | undefined
  #retained = nothing

  /** Bytes of the answer, as far as it is known. */
  get size(): number {
    let size = 0
    for (const { length } of this.parts ?? none) size += length
    return size
  }

  /** Parts are views of what is `retained` for them. Called once, before the parts are known. */
  releaseOnceSent(retained: readonly Retained[]): void {
    this.#retained = retained
  }

  writeTo(socket: Socket): void {
    const { parts = none } = this
    if (this.#retained.length === 0 || parts.length === 0) {
      for (const part of parts) socket.write(part)
      this.drop()
      return
    }
    const last = parts.length - 1
    for (let at = 0; at < last; at++) socket.write(parts[at] as Buffer)
    // Also called after an error: by then the socket is closed, or the system has what it takes.
    socket.write(parts[last] as Buffer, () => this.drop())
  }

  /** Nothing of the answer will be sent any more. */
  drop(): void {
    const retained = this.#retained
    this.#retained = nothing
    for (const each of retained) each.release()
  }
}
