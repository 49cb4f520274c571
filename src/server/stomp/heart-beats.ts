// Heart-beats both ways (STOMP 1.2 "Heart-beating"). One is sent whenever nothing was sent for half the interval that
// the client wants. A client that is silent for several of the intervals that it has promised is gone; any byte counts.
import type { Clock, Timer } from '../../lib/clock.ts'
import { stompLimits } from '../../limits/stomp.ts'

/** A connection, as far as its heart-beats go. */
export interface HeartBeatPeer {
  /** When bytes were last handed to the socket, by the monotonic clock. */
  readonly sentAt: number
  /** Whether the peer may be silent for reasons of ours. */
  readonly isExcusedFromHeartBeats: boolean
  sendHeartBeat(): void
  /** The peer is gone. */
  onHeartBeatsMissed(): void
}

/** Milliseconds; 0 for none. */
export interface HeartBeatIntervals {
  readonly toClientMs: number
  readonly fromClientMs: number
}

/**
 * What follows from a client's `heart-beat: <can send>,<wants>`, as RabbitMQ answers it: both ways as the client says, in
 * whole seconds. Undefined for what is no pair of numbers.
 */
export function readHeartBeat(header: string): HeartBeatIntervals | undefined {
  const [, sends, wants] = /^\s*(\d{1,15})\s*,\s*(\d{1,15})\s*$/.exec(header) ?? []
  if (sends === undefined || wants === undefined) return undefined
  return { toClientMs: wholeSeconds(Number(wants)), fromClientMs: wholeSeconds(Number(sends)) }
}

function wholeSeconds(ms: number): number {
  if (ms === 0) return 0
  return Math.min(Math.max(1, Math.floor(ms / 1000)) * 1000, stompLimits.heartBeatMsMax)
}

export class HeartBeats {
  readonly #peer: HeartBeatPeer
  readonly #clock: Clock
  readonly #quietMs: number
  readonly #listening: Timer | undefined
  #sending: Timer | undefined
  #silentTicks = 0

  /** Begins now: what was sent before does not count. */
  constructor(peer: HeartBeatPeer, clock: Clock, { toClientMs, fromClientMs }: HeartBeatIntervals) {
    this.#peer = peer
    this.#clock = clock
    this.#quietMs = toClientMs / 2
    if (toClientMs > 0) this.#sending = clock.after(this.#quietMs, this.#onQuiet)
    if (fromClientMs > 0) this.#listening = clock.every(fromClientMs, () => this.#listen())
  }

  /** Bytes came from the peer. */
  onReceived(): void {
    this.#silentTicks = 0
  }

  stop(): void {
    this.#sending?.stop()
    this.#listening?.stop()
  }

  /** Half an interval after something was sent, which need not have been the last. */
  readonly #onQuiet = (): void => {
    const leftMs = this.#quietMs - (this.#clock.monotonic() - this.#peer.sentAt)
    if (leftMs <= 0) this.#peer.sendHeartBeat()
    this.#sending = this.#clock.after(leftMs > 0 ? leftMs : this.#quietMs, this.#onQuiet)
  }

  #listen(): void {
    if (this.#peer.isExcusedFromHeartBeats) this.#silentTicks = 0
    else if (++this.#silentTicks > stompLimits.silentHeartBeatsMax) this.#peer.onHeartBeatsMissed()
  }
}
