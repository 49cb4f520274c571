// Between which offsets of a partition there may be records whose headers say when they are to be delivered, until
// when, or which goes first. Share groups hand batches out as they are stored: only of these they look at each record.
//
// The log's keyed state has it, rounded up, so that a start knows it without reading and few writes are needed.
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'

const keyPrefix = 'deliveries/'
const valueSize = 16

export class DeliveryExtent {
  readonly #log: Log
  #from = 0
  /** Behind the last one. */
  #end = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** Whether some of first … last may be such records. */
  covers(first: number, last: number): boolean {
    return last >= this.#from && first < this.#end
  }

  /** Records first … last may be such. Without room for it that is known until the broker ends. Within an atom. */
  add(first: number, last: number, store: LogStore): void {
    if (first >= this.#from && last < this.#end) return
    // What was known is gone with the records.
    if (this.#end <= this.#log.startOffset) this.#from = first
    const step = topicLimits.deliveryExtentStep
    this.#end = (Math.floor(last / step) + 1) * step
    const value = Buffer.allocUnsafe(valueSize)
    writeInt64(value, 0, this.#from)
    writeInt64(value, 8, this.#end)
    store.putState(this.#key, value, this.#log)
  }

  restore(value: Buffer): void {
    this.#from = readInt64(value, 0)
    this.#end = readInt64(value, 8)
  }

  /** The log is gone. Within an atom. */
  forget(store: LogStore): void {
    if (this.#end > 0) store.putState(this.#key, undefined)
  }

  get #key(): string {
    return `${keyPrefix}${this.#log.id}`
  }
}

/** Which log a key of the log's keyed state is for; undefined for other keys. */
export function parseDeliveriesKey(key: string): number | undefined {
  return key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : undefined
}
