// Hands out producer ids that are never used twice. They are reserved in blocks: only the end of
// a block is written, and an id is given only when its block is durable.
import type { Commit } from '../../log/commit.ts'
import type { LogStore } from '../../log/log-store.ts'

const stateKey = 'producer-ids'
const blockSize = 1000

export class ProducerIds {
  readonly #store: LogStore
  #next: number
  #blockEnd: number
  /** Makes the current block durable. */
  #ticket: Commit | undefined

  /** `state` is the log's keyed state at the start. */
  constructor(store: LogStore, state: ReadonlyMap<string, Buffer>) {
    this.#store = store
    const stored = state.get(stateKey)
    this.#next = stored === undefined ? 0 : stored.readDoubleBE(0)
    this.#blockEnd = this.#next
  }

  /** The next id. */
  async take(): Promise<number> {
    if (this.#next === this.#blockEnd) this.#reserve()
    const id = this.#next++
    const ticket = this.#ticket
    if (ticket !== undefined && ticket.state !== 'finished') {
      await new Promise<void>((resolve) => {
        ticket.addListener({ onCommitFinished: () => resolve() })
      })
    }
    return id
  }

  #reserve(): void {
    this.#blockEnd += blockSize
    const value = Buffer.alloc(8)
    value.writeDoubleBE(this.#blockEnd)
    this.#ticket = this.#store.beginAtom()
    this.#store.putState(stateKey, value)
    this.#store.endAtom()
  }
}
