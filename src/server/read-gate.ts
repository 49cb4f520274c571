// Whether a connection is read, and why not. Reading goes on in a turn of its own, never inside the
// call that took the last reason away: what is read then may begin atoms and settle deliveries.
import type { Socket } from 'node:net'
import type { TurnShare } from '../lib/turn-share.ts'
import { type Turn, turnPhase, type TurnTask } from '../lib/turn.ts'
import { clientLimits } from '../limits/clients.ts'
import type { Ticket } from '../log/ticket.ts'

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
  /** The share of the turn that all connections have for their frames is used up. */
  turn: 16,
  /** It has published faster than it may. */
  rate: 32,
  /** Its client has sent another token, which is being checked. */
  secret: 64,
  /** Something that its client has asked for is not done yet, and what it asks for next has to wait. */
  waiting: 128,
  /** The same for something that it has published. */
  holding: 256,
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

  /** Too much waits for the disk: this publisher is read again when its part is written. */
  pauseUntilDurable(ticket: Ticket): void {
    this.pause(pauseReason.uncommitted)
    ticket.whenDurable(() => this.resume(pauseReason.uncommitted))
  }

  /**
   * Others get their turn before the rest of what has come in, when the share of this one is used up.
   * Whoever waits keeps up to a whole read: when too many do, the rest goes on.
   */
  yieldIfSpent(share: TurnShare): boolean {
    if (!share.isSpent || share.waitingCount >= clientLimits.yieldingConnectionsMax) return false
    this.pause(pauseReason.turn)
    share.whenLeft(this.#onTurnLeft)
    return true
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

  /** In the turn whose share it was given, which may be used up when the next one is asked. */
  readonly #onTurnLeft = (): void => {
    if ((this.#reasons & pauseReason.turn) === 0) return
    this.#reasons &= ~pauseReason.turn
    this.runTurn()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#turn.schedule(turnPhase.dispatch, this)
  }
}
