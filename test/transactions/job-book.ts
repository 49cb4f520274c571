// What is known of jobs in a queue that workers do in transactions over both protocols: what came of each in which
// transaction, and who holds it now.
import { type Book, TransactionEntry } from './book.ts'

/** One transaction of a worker. */
export class WorkEntry {
  readonly entry: TransactionEntry
  /** What it took from the queue, and acked. */
  readonly jobs: string[] = []
  /** Before this moment the broker must not give up on it, as `performance.now` has it. */
  readonly safeUntil: number

  constructor(entry: TransactionEntry, safeUntil: number) {
    this.entry = entry
    this.safeUntil = safeUntil
  }

  get name(): string {
    return `${this.entry.writer} ${this.entry.number}`
  }

  /** What becomes of a job, in the queue and in the topic. */
  resultOf(job: string): string {
    return `${job} by ${this.name}`
  }
}

export class JobBook {
  readonly entries: WorkEntry[] = []
  readonly #book: Book
  /** Acked in a transaction that nobody has asked to end: neither ready nor gone. */
  readonly #held = new Map<string, WorkEntry>()
  readonly #givenBack = new Set<string>()

  constructor(book: Book) {
    this.#book = book
  }

  begin(worker: string, timeoutMs: number): WorkEntry {
    const number = this.entries.filter(({ entry }) => entry.writer === worker).length
    const entry = new TransactionEntry(worker, number)
    const work = new WorkEntry(entry, performance.now() + timeoutMs)
    this.entries.push(work)
    return work
  }

  /** Somebody gets it. */
  onTaken(
    worker: string,
    { value: job, isRedelivered }: { value: string; isRedelivered: boolean },
  ): void {
    const holder = this.#held.get(job)
    if (holder !== undefined && performance.now() < holder.safeUntil) {
      this.#book.faults.push(`${worker} gets '${job}', which ${holder.name} holds`)
    }
    if (this.#givenBack.has(job) && !isRedelivered) {
      this.#book.faults.push(`${worker} gets '${job}' as if it were new`)
    }
  }

  /** The broker has taken over the acks. */
  onHeld(work: WorkEntry): void {
    for (const job of work.jobs) this.#held.set(job, work)
  }

  /** From now on it may end in any way. */
  release(work: WorkEntry): void {
    for (const job of work.jobs) if (this.#held.get(job) === work) this.#held.delete(job)
  }

  /** An abort of what was held has been answered. */
  onGivenBack(work: WorkEntry): void {
    for (const job of work.jobs) this.#givenBack.add(job)
  }
}
