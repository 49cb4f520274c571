// One view of a connection: told when it has changed.
import type { LiveSource } from './live-source.ts'

export class LiveView {
  /** Its place among the views of its connection. */
  readonly index: number
  /** When it is to be made, in the time of `Clock.monotonic`. */
  dueAt = 0
  isBeingMade = false
  readonly #source: LiveSource
  /** Hash of what was told last. */
  #told: string | undefined

  constructor(index: number, source: LiveSource) {
    this.index = index
    this.#source = source
  }

  /** The event of it; undefined when it is as it was. Never rejects. */
  async make(): Promise<string | undefined> {
    this.isBeingMade = true
    const isFirst = this.#told === undefined
    const { data, hash, dueAt } = await (isFirst ? this.#source.make() : this.#source.join())
    this.isBeingMade = false
    this.dueAt = dueAt
    if (hash === this.#told) return undefined
    this.#told = hash
    return `event: view\ndata: {"view":${this.index},${data}}\n\n`
  }
}
