// How far the peer of a connection is behind with what it is sent. Everything that a client makes the
// broker send counts: deliveries, returns, answers, confirms.
//
// With more than a little unsent, deliveries stop, and whatever is answered with a message waits. With
// more than some MiB of answers unsent the connection is not read, so that its client cannot ask for
// more. Deliveries never stop the reading: a client may be in the middle of a write that it has to end
// before it reads.
import type { MemoryAccount, MemoryShare } from '../broker/memory-account.ts'
import { Fifo } from '../lib/fifo.ts'
import { clientLimits } from '../limits/clients.ts'
import { memoryLimits } from '../limits/memory.ts'
import type { Output } from './output.ts'
import { pauseReason, type ReadGate } from './read-gate.ts'
import type { WriteHold } from './write-hold.ts'

export interface OutputRoomParts {
  readonly output: Output
  readonly gate: ReadGate
  /** While it is shut, nothing is delivered. */
  readonly hold: WriteHold | undefined
  /** The account of all connections, and what this one holds of it. */
  readonly memory: MemoryAccount
  readonly share: MemoryShare
  /** Something could not be sent at once, or a delivery was refused: `check` has to follow in a while. */
  readonly onUnsent: () => void
  /** There is room again for deliveries that were refused. */
  readonly onRoom: () => void
}

export class OutputRoom {
  readonly #parts: OutputRoomParts
  /** A delivery was refused. */
  #isChoked = false
  readonly #waiting = new Fifo<() => void>()

  constructor(parts: OutputRoomParts) {
    this.#parts = parts
  }

  /** Whether a message fits. */
  get hasRoom(): boolean {
    const { output, memory, hold } = this.#parts
    if (hold?.isShut === true) return false
    if (!memory.isOver('output')) return output.unsentSize < clientLimits.outputSizeMax
    // Much is unsent in all: those who read go on, and nobody at the very end.
    const isSmall = output.unsentSize < memoryLimits.pressedOutputSize
    return isSmall && !memory.isOver('output', memoryLimits.outputHardFactor)
  }

  /** The same for a delivery: if not, `onRoom` is called when there is. */
  get hasDeliveryRoom(): boolean {
    if (this.hasRoom) return true
    if (!this.#isChoked) this.#parts.onUnsent()
    this.#isChoked = true
    return false
  }

  /** Calls back once, when a message fits again. */
  whenRoom(callback: () => void): void {
    this.#parts.onUnsent()
    this.#waiting.push(callback)
  }

  /** To be called when something was handed to the socket, and when the socket has taken something. */
  check(): void {
    const { output, gate, hold, share, onUnsent, onRoom } = this.#parts
    const { unsentSize } = output
    if (unsentSize !== share.sizes.output) share.set('output', unsentSize)
    if (unsentSize > 0) onUnsent()
    const unreadMax = clientLimits.unreadSizeMax
    if (unsentSize > unreadMax && output.answeredSize > unreadMax) gate.pause(pauseReason.unread)
    if (unsentSize >= clientLimits.outputSizeMax / 2 || hold?.isShut === true) return
    output.answeredSize = 0
    gate.resume(pauseReason.unread)
    if (this.#isChoked) {
      this.#isChoked = false
      onRoom()
    }
    for (let count = this.#waiting.size; count > 0; count--) this.#waiting.shift()?.()
  }
}
