// How far named consumers of streams have come, per partition: the first offset that is not settled.
// Changes are in memory at once and in the log a moment later, many together; after a crash a
// consumer gets again what it acked in that moment.
import type { Clock, Timer } from '../../lib/clock.ts'
import { topicLimits } from '../../limits/topic.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Log } from '../../log/log.ts'
import { preconditionFailed } from '../broker-error.ts'

const keyPrefix = 'stream-offset/'

export class ConsumerOffsets {
  readonly #store: LogStore
  readonly #clock: Clock
  /** By log id, then by the consumer's name. */
  readonly #offsets = new Map<number, Map<string, number>>()
  /** Keys that the log does not have as they are. */
  readonly #dirty = new Map<string, number>()
  #timer: Timer | undefined

  constructor(store: LogStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  find(log: Log, name: string): number | undefined {
    return this.#offsets.get(log.id)?.get(name)
  }

  /** Throws `precondition_failed` when there are too many names for another one. */
  checkRoom(log: Log, name: string): void {
    const offsets = this.#offsets.get(log.id)
    const countMax = topicLimits.consumerNamesPerPartitionMax
    if (offsets === undefined || offsets.has(name) || offsets.size < countMax) return
    throw preconditionFailed(`a stream remembers at most ${countMax} consumer names`)
  }

  /** Moves a consumer, forward or back. Throws `precondition_failed` when there are too many names. */
  set(log: Log, name: string, offset: number): void {
    if (log.isDeleted) return
    let offsets = this.#offsets.get(log.id)
    if (offsets === undefined) this.#offsets.set(log.id, (offsets = new Map()))
    if (offsets.get(name) === offset) return
    this.checkRoom(log, name)
    offsets.set(name, offset)
    this.#dirty.set(keyOf(log.id, name), offset)
    this.#flushLater()
  }

  /** Moves a consumer forward only: of two with one name, the one that is ahead counts. */
  raise(log: Log, name: string, offset: number): void {
    if (offset > (this.find(log, name) ?? -1)) this.set(log, name, offset)
  }

  /** The log goes. Within an atom. */
  forget(log: Log): void {
    for (const name of this.#offsets.get(log.id)?.keys() ?? []) {
      const key = keyOf(log.id, name)
      this.#dirty.delete(key)
      this.#store.putState(key, undefined)
    }
    this.#offsets.delete(log.id)
  }

  /** Puts back an entry of the log's keyed state, if it is one of these and its log is known. */
  restore(key: string, value: Buffer, logs: { has(logId: number): boolean }): void {
    if (!key.startsWith(keyPrefix)) return
    const slash = key.indexOf('/', keyPrefix.length)
    const logId = Number(key.slice(keyPrefix.length, slash))
    if (!logs.has(logId)) return
    const offsets = this.#offsets.get(logId) ?? new Map<string, number>()
    this.#offsets.set(logId, offsets)
    offsets.set(key.slice(slash + 1), value.readDoubleBE(0))
  }

  /** Writes what changed, as far as there is room. */
  flush(): void {
    this.#timer?.stop()
    this.#timer = undefined
    if (this.#dirty.size === 0) return
    this.#store.beginAtom()
    for (const [key, offset] of this.#dirty) {
      const value = Buffer.alloc(8)
      value.writeDoubleBE(offset)
      if (!this.#store.putState(key, value)) break
      this.#dirty.delete(key)
    }
    this.#store.endAtom()
    // There is no room for the rest, until other keys are forgotten.
    if (this.#dirty.size > 0) this.#flushLater()
  }

  #flushLater(): void {
    this.#timer ??= this.#clock.after(topicLimits.consumerOffsetsFlushMs, () => this.flush())
  }
}

function keyOf(logId: number, name: string): string {
  return `${keyPrefix}${logId}/${name}`
}
