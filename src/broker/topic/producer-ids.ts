// Hands out producer ids that are never used twice. They are reserved in blocks: only the end of
// a block is written, and an id is given only when its block is durable. A backup does not know which were
// given after it was taken; so each epoch of the log, and a restored one has a later one than all before,
// begins above those of the last.
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import { BrokerError } from '../broker-error.ts'
import { whenDurable } from '../when-durable.ts'

const stateKey = 'producer-ids'
const blockSize = 1000
/** Epochs have 31 bits: whatever they are, ids are exact as numbers. */
const idsPerEpoch = 2 ** 22

export class ProducerIds {
  readonly #store: LogStore
  #next: number
  #blockEnd: number
  /** Of the current block. */
  #ticket: Ticket | undefined

  /** `state` is the log's keyed state at the start. */
  constructor(store: LogStore, state: ReadonlyMap<string, Buffer>) {
    this.#store = store
    const stored = state.get(stateKey)
    this.#next = Math.max(stored?.readDoubleBE(0) ?? 0, store.epoch * idsPerEpoch)
    this.#blockEnd = this.#next
  }

  /** The next id. Throws `resource_exhausted` when none can be reserved. */
  async take(): Promise<number> {
    if (this.#next === this.#blockEnd) this.#reserve()
    const id = this.#next++
    if (this.#ticket?.isDurable === false) await whenDurable(this.#ticket)
    return id
  }

  #reserve(): void {
    const blockEnd = this.#blockEnd + blockSize
    const value = Buffer.alloc(8)
    value.writeDoubleBE(blockEnd)
    this.#store.beginAtom()
    const isKept = this.#store.putState(stateKey, value)
    this.#ticket = this.#store.endAtom()
    if (!isKept) throw new BrokerError('resource_exhausted', 'No room for more producer ids.')
    this.#blockEnd = blockEnd
  }
}
