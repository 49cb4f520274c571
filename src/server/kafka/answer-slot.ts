import type { Socket } from 'node:net'
import { largePages } from '../../lib/large-pages.ts'

/** An answer's place in the order; its parts are there once it is known. */
export class AnswerSlot {
  parts: readonly Buffer[] | undefined
  /** Let go once the parts have been sent. */
  readonly #held: Buffer[] = []

  constructor(parts?: readonly Buffer[]) {
    this.parts = parts
  }

  readonly letGoOnceSent = (views: readonly Buffer[]): void => {
    for (const view of views) this.#held.push(view)
  }

  writeTo(socket: Socket): void {
    const { parts = [] } = this
    const hasHeld = this.#held.length > 0
    for (const [index, part] of parts.entries()) {
      if (hasHeld && index === parts.length - 1) socket.write(part, this.#onSent)
      else socket.write(part)
    }
  }

  /** After an error the socket may have its parts still: they are left to the collector. */
  readonly #onSent = (error?: Error | null): void => {
    if (error === undefined || error === null) for (const view of this.#held) largePages.letGo(view)
  }
}
