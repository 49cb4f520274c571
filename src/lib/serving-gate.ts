// Whether this process may serve now: until a moment that whoever has its lease moves on. It is asked where bytes
// leave, with a clock that runs while the process stands still, so a process that was stopped sends nothing more,
// whichever of its timers is late. A broker without a cluster has none.
import type { Clock } from './clock.ts'

/** Something that had to wait at the gate. It is told once, unless it is forgotten before. */
export interface GateWaiter {
  onGateOpened(): void
  /** It never opens again. */
  onGateLost(): void
}

export class ServingGate {
  readonly #clock: Clock
  readonly #waiting = new Set<GateWaiter>()
  #until = -Infinity
  #isShut = true
  #isLost = false

  /** Shut until `openUntil`. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Asked before a byte leaves. */
  get isOpen(): boolean {
    this.lookAt(this.#clock.monotonic())
    return !this.#isShut
  }

  /** As of the last look, for whoever asks more often than a clock should be read. */
  get isShut(): boolean {
    return this.#isShut
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** A look at the time that somebody has read. Monotonic milliseconds. */
  lookAt(now: number): void {
    if (now >= this.#until) this.#isShut = true
  }

  /** From now on it is open until `until`, or until later where that was said before. Monotonic milliseconds. */
  openUntil(until: number): void {
    if (this.#isLost || until < this.#until) return
    this.#until = until
    this.#isShut = this.#clock.monotonic() >= until
    if (this.#isShut) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const each of waiting) each.onGateOpened()
  }

  /** Nothing leaves any more: what waits never will. */
  lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#isShut = true
    this.#until = -Infinity
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const each of waiting) each.onGateLost()
  }

  /** To be called while it is shut. */
  wait(waiter: GateWaiter): void {
    if (this.#isLost) waiter.onGateLost()
    else this.#waiting.add(waiter)
  }

  forget(waiter: GateWaiter): void {
    this.#waiting.delete(waiter)
  }
}
