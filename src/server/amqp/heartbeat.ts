// Heartbeats both ways (AMQP 0-9-1 §4.2.7). One is sent whenever nothing was sent for half the interval.
// A peer that is silent for two intervals is gone; any traffic counts.
import type { Clock, Timer } from '../../lib/clock.ts'

/** A connection, as far as its heartbeats go. */
export interface HeartbeatPeer {
  /** When bytes were last handed to the socket, by the monotonic clock. */
  readonly sentAt: number
  /** Whether the peer may be silent for reasons of ours. */
  readonly isExcusedFromHeartbeats: boolean
  sendHeartbeat(): void
  /** The peer is gone. */
  onHeartbeatsMissed(): void
}

const silentTicksMax = 4

export class Heartbeat {
  readonly #peer: HeartbeatPeer
  readonly #clock: Clock
  readonly #halfMs: number
  readonly #listening: Timer
  #sending: Timer
  #silentTicks = 0

  /** Begins now: what was sent before does not count. */
  constructor(peer: HeartbeatPeer, clock: Clock, seconds: number) {
    this.#peer = peer
    this.#clock = clock
    this.#halfMs = (seconds * 1000) / 2
    this.#sending = clock.after(this.#halfMs, this.#onQuiet)
    this.#listening = clock.every(this.#halfMs, () => this.#listen())
  }

  /** Bytes came from the peer. */
  onReceived(): void {
    this.#silentTicks = 0
  }

  stop(): void {
    this.#sending.stop()
    this.#listening.stop()
  }

  /** Half an interval after something was sent, which need not have been the last. */
  readonly #onQuiet = (): void => {
    const quietMs = this.#clock.monotonic() - this.#peer.sentAt
    const leftMs = this.#halfMs - quietMs
    if (leftMs <= 0) this.#peer.sendHeartbeat()
    this.#sending = this.#clock.after(leftMs > 0 ? leftMs : this.#halfMs, this.#onQuiet)
  }

  #listen(): void {
    if (this.#peer.isExcusedFromHeartbeats) this.#silentTicks = 0
    else if (++this.#silentTicks > silentTicksMax) this.#peer.onHeartbeatsMissed()
  }
}
