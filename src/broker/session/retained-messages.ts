// The retained messages of one virtual host: the last one of each topic, in a queue that is like others and can be looked
// at, searched and purged as they can, and an index of topics in memory.
//
// Invariant: a message takes the place of the one before it in the atom that publishes it. The index may name messages
// that have left the queue by themselves; whoever looks one up finds out.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Absence } from '../../log/reading.ts'
import type { Run } from '../../log/run.ts'
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { readExpiration } from '../../record/message/content-header.ts'
import { topicOfRecord } from '../../record/message/published-topic.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Admission } from '../admission.ts'
import { BrokerError } from '../broker-error.ts'
import type { MessageState } from '../queue/message-state.ts'
import type { Queue } from '../queue/queue.ts'
import { type TopicBranch, TopicTree } from './topic-tree.ts'

export interface RetainedContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly admission: Admission
  /** The queue, if there is one. */
  findQueue(): Queue | undefined
  /** The queue, made if there is none. Not within an atom. */
  openQueue(): Queue
}

/** Where the message of a topic is. */
export interface Retained {
  readonly offset: number
  /** Bytes of its body. */
  readonly size: number
  /** In milliseconds since the Unix epoch; Infinity for never. */
  readonly expiresAt: number
}

export class RetainedMessages implements Disposable {
  readonly #context: RetainedContext
  #tree = new TopicTree<Retained>()
  /** Topics whose messages expire. */
  readonly #expiring = new Set<string>()
  /** Messages that others have taken their places of while a client of another protocol had them: by offset, the size. */
  readonly #stale = new Map<number, number>()
  #queue: Queue | undefined
  #size = 0
  #sweep: Timer | undefined

  constructor(context: RetainedContext) {
    this.#context = context
    this.#queue = context.findQueue()
  }

  get count(): number {
    return this.#tree.size
  }

  /** Bytes of their bodies. */
  get size(): number {
    return this.#size
  }

  get queue(): Queue | undefined {
    return this.#queue
  }

  /** Reads what an earlier process kept. To be run before anybody publishes. */
  *restore(): Steps<void> {
    const log = this.#queue?.log
    if (log === undefined) return
    let offset = log.floor
    while (offset < log.endOffset) {
      const runs = this.#context.store.readRuns(log, offset, sessionLimits.retainedReadSize)
      let found = runs instanceof Promise ? undefined : runs
      if (runs instanceof Promise) yield runs.then((read) => void (found = read))
      if (found === undefined || found.length === 0) return
      for (const run of found) {
        this.#indexRun(run)
        offset = run.lastOffset + 1
        run.release()
        yield
      }
    }
    this.#removeAll(() => this.#removeStale())
  }

  /**
   * To be called before a message is published that is to be retained. Throws `resource_exhausted`, `memory_exhausted`.
   * Not within an atom.
   */
  prepare(topic: string): void {
    if (this.#tree.get(topic) === undefined) this.#admit()
    if (this.#queue === undefined || this.#queue.isDeleted) this.#queue = this.#context.openQueue()
  }

  /** Within the atom that publishes it. */
  set(topic: string, source: RecordSource): void {
    const queue = this.#queue
    if (queue === undefined || queue.isDeleted) return
    queue.publish(source, -1)
    const { header, headerStart, headerEnd, bodyStart, bodyEnd } = source
    const expiresAt = this.#context.clock.now() + ttlOf(header, headerStart, headerEnd)
    const retained = { offset: queue.log.endOffset - 1, size: bodyEnd - bodyStart, expiresAt }
    this.#remove(this.#put(topic, retained))
    this.#noteExpiry(topic, expiresAt)
  }

  /** Within the atom that publishes the empty message. */
  clear(topic: string): void {
    const before = this.#tree.delete(topic)
    this.#size -= before?.size ?? 0
    this.#remove(before)
    this.#expiring.delete(topic)
  }

  /** What a topic has; undefined for nothing, or what has expired. */
  find(topic: string): Retained | undefined {
    const retained = this.#tree.get(topic)
    const isThere = retained !== undefined && this.isThere(retained)
    return isThere ? retained : undefined
  }

  /** What a filter has; some of it may have expired. */
  match(filter: string): Generator<readonly [topic: string, retained: Retained]> {
    return this.#tree.match(filter)
  }

  /** What is one level below `parent`; undefined: the first level. */
  branchesOf(parent: string | undefined): Generator<TopicBranch<Retained>> {
    return this.#tree.branchesOf(parent)
  }

  /** Whether it has neither expired nor left the queue by itself. */
  isThere({ offset, expiresAt }: Retained): boolean {
    const queue = this.#queue
    if (queue === undefined || queue.isDeleted || expiresAt <= this.#context.clock.now())
      return false
    return queue.levels[0]?.cursor.acked.isAcked(offset) === false
  }

  /** The same, and undefined now and then while it finds nothing. */
  search(filter: string): Generator<readonly [topic: string, retained: Retained] | undefined> {
    return this.#tree.search(filter)
  }

  /**
   * Shows the topic's message to `look`, which may see it only during the call. A promise when it is not in memory: settled
   * when it is worth another try.
   */
  read(topic: string, look: (record: RecordView) => void): 'read' | 'gone' | Promise<void> {
    const retained = this.#tree.get(topic)
    const queue = this.#queue
    if (retained === undefined || queue === undefined) return 'gone'
    if (!this.isThere(retained)) return 'gone'
    const view = new RecordView()
    const reading = queue.log.read(retained.offset, view)
    if (typeof reading === 'object') return this.#load(queue, reading)
    if (reading !== 'record' || view.offset !== retained.offset) return 'gone'
    look(view)
    return 'read'
  }

  /** The queue is gone, and everything in it. */
  onQueueDeleted(queue: Queue): void {
    if (queue !== this.#queue) return
    this.#queue = undefined
    this.#tree = new TopicTree()
    this.#size = 0
    this.#expiring.clear()
    this.#stale.clear()
  }

  [Symbol.dispose](): void {
    this.#sweep?.stop()
  }

  /** One more topic, whose place in the index stays until somebody takes it away. */
  #admit(): void {
    if (this.#tree.size >= sessionLimits.retainedMax) {
      throw new BrokerError(
        'resource_exhausted',
        'there are as many retained messages as there may be',
      )
    }
    this.#context.admission.admitDeclaration()
  }

  #indexRun(run: Run): void {
    const view = new RecordView()
    let at = batchHeaderSize
    while (at >= 0 && at < run.size) {
      at = this.#queue?.log.readFrom(run, at, view) ?? -1
      this.#index(view)
    }
  }

  #index(view: RecordView): void {
    const queue = this.#queue
    if (
      queue === undefined ||
      view.offset < 0 ||
      queue.levels[0]?.cursor.acked.isAcked(view.offset) !== false
    ) {
      return
    }
    const { buffer, headerStart, headerEnd, timestamp } = view
    const expiresAt = timestamp + ttlOf(buffer, headerStart, headerEnd)
    const size = view.bodyEnd - view.bodyStart
    const topic = topicOfRecord(view)
    const before = this.#put(topic, { offset: view.offset, size, expiresAt })
    if (before !== undefined) this.#stale.set(before.offset, before.size)
    this.#noteExpiry(topic, expiresAt)
  }

  /** Returns what was there. */
  #put(topic: string, retained: Retained): Retained | undefined {
    const before = this.#tree.set(topic, retained)
    this.#size += retained.size - (before?.size ?? 0)
    return before
  }

  #load(queue: Queue, absence: Absence): Promise<void> {
    return new Promise((resolve) => {
      this.#context.store.load(queue.log, absence, (error) => {
        if (error !== undefined) queue.onDamaged(absence.offset, error)
        resolve()
      })
    })
  }

  #noteExpiry(topic: string, expiresAt: number): void {
    if (expiresAt === Infinity) {
      this.#expiring.delete(topic)
      return
    }
    if (this.#expiring.size < sessionLimits.retainedExpiringMax) this.#expiring.add(topic)
    this.#sweepLater()
  }

  #sweepLater(): void {
    this.#sweep ??= this.#context.clock.every(sessionLimits.retainedSweepMs, () =>
      this.#removeAll(() => {
        this.#removeExpired()
        this.#removeStale()
      }),
    )
  }

  /** In one atom. */
  #removeAll(remove: () => void): void {
    if (this.#expiring.size + this.#stale.size > 0) {
      const { store } = this.#context
      store.beginAtom()
      remove()
      store.endAtom()
    }
    if (this.#expiring.size + this.#stale.size > 0) return
    this.#sweep?.stop()
    this.#sweep = undefined
  }

  #removeExpired(): void {
    const now = this.#context.clock.now()
    for (const topic of this.#expiring) {
      if ((this.#tree.get(topic)?.expiresAt ?? 0) <= now) this.clear(topic)
    }
  }

  /** What came back, or was acked. */
  #removeStale(): void {
    const stale = [...this.#stale]
    this.#stale.clear()
    for (const [offset, size] of stale) this.#remove({ offset, size })
  }

  /** Within an atom. One that a client of another protocol has goes when that gives it back. */
  #remove(retained: Pick<Retained, 'offset' | 'size'> | undefined): void {
    const queue = this.#queue
    const part = queue?.parts[0]
    if (retained === undefined || queue === undefined || part === undefined) return
    const { offset, size } = retained
    if (part.cursor.acked.isAcked(offset)) return
    const isReady =
      queue.readyCount === queue.messageCount || this.#stateOf(queue, offset) === 'ready'
    if (isReady) {
      part.removeReady([{ offset, size }])
      return
    }
    this.#stale.set(offset, size)
    this.#sweepLater()
  }

  #stateOf(queue: Queue, offset: number): MessageState | undefined {
    const now = this.#context.clock.now()
    return queue.parts[0]?.statesIn(offset, offset, now)(offset)
  }
}

function ttlOf(header: Buffer, start: number, end: number): number {
  const expiration = readExpiration(header, start, end)
  return expiration === undefined ? Infinity : Number(expiration)
}
