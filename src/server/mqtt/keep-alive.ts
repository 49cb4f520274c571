// Ends a connection whose client says nothing for one and a half times its keep alive [MQTT-3.1.2-22].
import type { Clock } from '../../lib/clock.ts'
import { Deadline } from '../../lib/deadline.ts'
import { mqttLimits } from '../../limits/mqtt.ts'

export interface KeepAlivePeer {
  /** Nothing is read of it for reasons of ours. */
  readonly isExcusedFromKeepAlive: boolean
  onKeepAliveMissed(): void
}

export class KeepAlive {
  readonly #peer: KeepAlivePeer
  readonly #ms: number
  readonly #deadline: Deadline

  constructor(peer: KeepAlivePeer, clock: Clock, seconds: number) {
    this.#peer = peer
    this.#ms = seconds * 1000 * mqttLimits.keepAliveFactor
    this.#deadline = new Deadline(clock, () => this.#onPassed())
    this.#deadline.set(this.#ms)
  }

  onReceived(): void {
    this.#deadline.set(this.#ms)
  }

  stop(): void {
    this.#deadline.clear()
  }

  #onPassed(): void {
    if (this.#peer.isExcusedFromKeepAlive) this.#deadline.set(this.#ms)
    else this.#peer.onKeepAliveMissed()
  }
}
