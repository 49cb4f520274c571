// Whether a connection is read, and why not. Reading goes on in a turn of its own, never inside the
// call that took the last reason away: what is read then may begin atoms and settle deliveries.
import type { Socket } from 'node:net'
import { type Turn, turnPhase, type TurnTask } from '../../lib/turn.ts'

/** Why a connection is not read; each reason comes and goes by itself. */
export const pauseReason = {
  /** Too much is parked in its channels. */
  parked: 1,
  /** Too much waits for the disk, and something of it came from here. */
  uncommitted: 2,
  /** Too much of what it was answered has not been taken. */
  unread: 4,
  /** Memory for what has begun to come in is short, and it is the turn of others. */
  input: 8,
} as const
export type PauseReason = (typeof pauseReason)[keyof typeof pauseReason]

export class ReadGate implements TurnTask {
  readonly #socket: Socket
  readonly #turn: Turn
  readonly #goOn: () => void
  /** Bits of `pauseReason`. */
  #reasons = 0
  #isScheduled = false

  /** `goOn` handles what has come in already; it may find a reason to pause again. */
  constructor(socket: Socket, turn: Turn, goOn: () => void) {
    this.#socket = socket
    this.#turn = turn
    this.#goOn = goOn
  }

  get isShut(): boolean {
    return this.#reasons !== 0
  }

  pause(reason: PauseReason): void {
    if (this.#reasons === 0) this.#socket.pause()
    this.#reasons |= reason
  }

  /** One reason is gone. */
  resume(reason: PauseReason): void {
    if (this.#reasons === 0) return
    this.#reasons &= ~reason
    if (this.#reasons === 0) this.#schedule()
  }

  /** No reason counts any more: the connection is closing. */
  open(): void {
    if (this.#reasons === 0) return
    this.#reasons = 0
    this.#schedule()
  }

  runTurn(): void {
    this.#isScheduled = false
    if (this.isShut) return
    this.#goOn()
    if (!this.isShut && !this.#socket.destroyed) this.#socket.resume()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#turn.schedule(turnPhase.dispatch, this)
  }
}
