// The buckets of one exchange, and the logs that they are made of. A log that has become empty waits for
// another bucket of its class, so that the topology changes seldom, however fast buckets come and go.
import { brokerLimits } from '../../limits/broker.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { DelayRow, TopologyChange } from '../../meta/topology-change.ts'
import { bucketClassCount, bucketStart, usualClass } from './bucket-classes.ts'
import { Bucket } from './bucket.ts'

/** A log that an earlier process left; which bucket it is shows when something is read. */
export interface LeftLog {
  readonly bucketClass: number
  readonly cursor: LogCursor
}

export interface CalendarOptions {
  readonly store: LogStore
  readonly vhost: string
  readonly exchange: string
  /** Whether its messages are gone with the process. */
  readonly isVolatile: boolean
  /** Keeps changes with the atom. */
  readonly putTopology: (changes: readonly TopologyChange[]) => void
}

export class Calendar {
  /** Those that nobody has looked at since the start. */
  readonly left: LeftLog[] = []
  readonly #options: CalendarOptions
  readonly #buckets = new Set<Bucket>()
  /** Those that take further messages, by class and start. */
  readonly #open: Map<number, Bucket>[] = Array.from({ length: bucketClassCount }, () => new Map())
  /** Logs without a message, by class. */
  readonly #spares: LogCursor[][] = Array.from({ length: bucketClassCount }, () => [])

  constructor(options: CalendarOptions) {
    this.#options = options
  }

  get buckets(): Iterable<Bucket> {
    return this.#buckets
  }

  find(bucketClass: number, dueAt: number): Bucket | undefined {
    return this.#open[bucketClass]!.get(bucketStart(bucketClass, dueAt))
  }

  /** The bucket, of `classMax` at most, in which messages may wait that are due at this time and came before. */
  findOvertaken(dueAt: number, classMax: number): Bucket | undefined {
    for (let bucketClass = classMax; bucketClass >= usualClass; bucketClass--) {
      const bucket = this.find(bucketClass, dueAt)
      if (bucket?.isToBeMoved === true && bucket.latestDueAt >= dueAt) return bucket
    }
    return undefined
  }

  /** Makes a bucket for a message of this time. Within an atom. */
  create(bucketClass: number, dueAt: number): Bucket {
    const cursor = this.#spares[bucketClass]!.pop() ?? this.#createLog(bucketClass)
    return this.add(bucketClass, dueAt, cursor)
  }

  /** A bucket whose messages are there. */
  add(bucketClass: number, dueAt: number, cursor: LogCursor): Bucket {
    const bucket = new Bucket(bucketClass, dueAt, cursor)
    this.#buckets.add(bucket)
    const open = this.#open[bucketClass]!
    // There may be one that has been made since the start.
    if (!open.has(bucket.start)) open.set(bucket.start, bucket)
    return bucket
  }

  /** An empty bucket is not needed any more. Within an atom. */
  remove(bucket: Bucket): void {
    if (!this.#buckets.delete(bucket)) return
    const open = this.#open[bucket.bucketClass]!
    if (open.get(bucket.start) === bucket) open.delete(bucket.start)
    this.addSpare(bucket.bucketClass, bucket.cursor)
  }

  /** A log without a message, which is deleted when there are enough of them. Within an atom. */
  addSpare(bucketClass: number, cursor: LogCursor): void {
    const spares = this.#spares[bucketClass]!
    if (spares.length < brokerLimits.delaySpareLogsMax) {
      spares.push(cursor)
      return
    }
    this.#options.store.deleteLog(cursor.log)
    this.#put('delete', bucketClass, cursor)
  }

  /** Deletes all logs; the deletion of the exchange covers their rows. Within an atom. */
  deleteLogs(): void {
    for (const [, cursor] of this.#cursors()) this.#options.store.deleteLog(cursor.log)
    this.left.length = 0
    this.#buckets.clear()
    for (const open of this.#open) open.clear()
    for (const spares of this.#spares) spares.length = 0
  }

  /** Everything that the topology keeps of it. */
  *rows(): Generator<DelayRow> {
    if (this.#options.isVolatile) return
    for (const [bucketClass, cursor] of this.#cursors()) yield this.#row(bucketClass, cursor)
  }

  *#cursors(): Generator<readonly [bucketClass: number, cursor: LogCursor]> {
    for (const { bucketClass, cursor } of this.left) yield [bucketClass, cursor]
    for (const { bucketClass, cursor } of this.#buckets) yield [bucketClass, cursor]
    for (const [bucketClass, spares] of this.#spares.entries()) {
      for (const cursor of spares) yield [bucketClass, cursor]
    }
  }

  #createLog(bucketClass: number): LogCursor {
    const { store, isVolatile } = this.#options
    const cursor = store.createCursor(store.createLog({ isVolatile }))
    this.#put('put', bucketClass, cursor)
    return cursor
  }

  #put(op: 'put' | 'delete', bucketClass: number, cursor: LogCursor): void {
    if (this.#options.isVolatile) return
    this.#options.putTopology([{ kind: 'delay', op, row: this.#row(bucketClass, cursor) }])
  }

  #row(bucketClass: number, cursor: LogCursor): DelayRow {
    const { vhost, exchange } = this.#options
    return { vhost, exchange, bucketClass, logId: cursor.log.id, cursorId: cursor.id }
  }
}
