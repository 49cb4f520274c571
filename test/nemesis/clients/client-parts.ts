// What all clients of the nemesis share: where nodes are, what they have seen, and when they are to stop.
import { setTimeout as delay } from 'node:timers/promises'
import type { History, Sent } from '../history.ts'

export interface Address {
  readonly amqp: number
  readonly kafka: number
}

export class ClientParts {
  readonly addresses: readonly Address[]
  readonly history: History
  /** Publishers stop first, then everybody else. */
  isSending = true
  isRunning = true
  readonly #sentById = new Map<string, Sent>()
  #order = 0
  #lastTick = Date.now()
  #serving = 0
  #openCount = 0

  constructor(addresses: readonly Address[], history: History) {
    this.addresses = addresses
    this.history = history
    setInterval(() => (this.#lastTick = Date.now()), tickMs).unref()
  }

  nextOrder(): number {
    return this.#order++
  }

  /** When what is handled now was there at the earliest: this thread may have been busy. */
  arrivedAt(): number {
    const now = Date.now()
    return Math.min(now, this.#lastTick + tickMs)
  }

  /** Notes a message before it is sent. */
  sends(from: string, seq: number, to: string): Sent {
    const sent: Sent = { from, seq, to, outcome: 'unknown' }
    this.history.sent.push(sent)
    this.#sentById.set(`${from}:${seq}`, sent)
    return sent
  }

  wrong(what: string): void {
    if (this.history.wrongs.length < 100) this.history.wrongs.push(what)
  }

  /** The address that was good last comes first, or the one that is so many further, then the others. */
  *tries(further = 0): Generator<number> {
    const count = this.addresses.length
    for (let step = 0; step < count; step++) yield (this.#serving + further + step) % count
  }

  /** By how many nodes the next connection begins after the last good one: so some are passed on. */
  nextFurther(): number {
    return this.#openCount++ % spread
  }

  onServed(index: number): void {
    this.#serving = index
  }

  /** Until the clients are to end, calls `work` again whenever it fails. */
  async persist(isWanted: () => boolean, work: () => Promise<void>): Promise<void> {
    while (isWanted()) {
      try {
        await work()
      } catch {
        // Nodes come and go: that is what is tried here.
      }
      if (isWanted()) await delay(retryMs)
    }
  }
}

const tickMs = 20
const spread = 3
const retryMs = 100
