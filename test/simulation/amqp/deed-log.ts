// The deeds of one channel in the order they were sent, which is the order in which the broker handles them:
// when one is known to have happened, so have those before it. But while publishers are blocked, their
// messages wait and everything else goes on.
import type { Deed } from '../model/deed.ts'

export class DeedLog {
  readonly #deeds: Deed[] = []
  readonly #publishes = new Set<Deed>()
  readonly #wasBlockedSince: (moment: number) => boolean
  readonly #actions = new Map<Deed, () => void>()
  /** Deeds before these have happened, or are durable. */
  #doneEnd = 0
  #durableEnd = 0

  constructor(wasBlockedSince: (moment: number) => boolean) {
    this.#wasBlockedSince = wasBlockedSince
  }

  /** Where the next deed goes. */
  get position(): number {
    return this.#deeds.length
  }

  add(deed: Deed, kind: 'publish' | 'other'): void {
    this.#deeds.push(deed)
    if (kind === 'publish') this.#publishes.add(deed)
  }

  /** Calls back when `deed` has happened. */
  afterDone(deed: Deed, action: () => void): void {
    const before = this.#actions.get(deed)
    this.#actions.set(deed, () => {
      before?.()
      action()
    })
  }

  /** Something other than a publish that came after those before `position` has happened. */
  onAnswered(position: number): void {
    for (const deed of this.#deeds.slice(this.#doneEnd, position)) {
      const isParked = this.#publishes.has(deed) && this.#wasBlockedSince(deed.sentAt)
      if (!isParked) this.#onDone(deed)
    }
  }

  /** Deeds before `position` have happened. */
  onDone(position: number): void {
    for (; this.#doneEnd < position; this.#doneEnd++) {
      this.#onDone(this.#deeds[this.#doneEnd] as Deed)
    }
  }

  /** Deeds before `position` survive. */
  onDurable(position: number): void {
    this.onDone(position)
    for (; this.#durableEnd < position; this.#durableEnd++) {
      this.#deeds[this.#durableEnd]?.toDurable('the broker has confirmed what came after it')
    }
  }

  /** Nothing more will happen. */
  onGone(): void {
    for (const deed of this.#deeds.slice(this.#doneEnd)) deed.toDoubtful()
    this.#actions.clear()
  }

  #onDone(deed: Deed): void {
    deed.toDone('the broker has answered what came after it')
    this.#actions.get(deed)?.()
    this.#actions.delete(deed)
  }
}
