// A producer with one transaction after the other, as a client of Kafka has them: it tries again what was not
// answered, begins anew after errors, and now and then sleeps for so long that others take its place.
import { BrokerError } from '../../../src/broker/broker-error.ts'
import { TransactionError } from '../../../src/broker/transaction/transaction-error.ts'
import type { TransactionJoin } from '../../../src/broker/transaction/transaction-join.ts'
import type {
  ProducerIdentity,
  TransactionVersion,
} from '../../../src/broker/transaction/transaction.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { Random } from '../../../src/lib/random.ts'
import { RecordBatchBuilder } from '../../../src/record/batch/batch-builder.ts'
import { KafkaRefusal } from '../../../src/server/kafka/error-code.ts'
import type { Book, TransactionEntry } from '../book.ts'
import type { Cluster } from './cluster.ts'
import { jobsQueue, type TakenJob } from './desk.ts'
import type { Life, Place } from './life.ts'
import { NoAnswer } from './network.ts'

export interface ProducerOptions {
  readonly cluster: Cluster
  readonly book: Book
  readonly random: Random
  /** Several may have one id: then they fence each other. */
  readonly transactionalId: string
  readonly name: string
  readonly version: TransactionVersion
  /** What belongs to transactions beside records. */
  readonly extras: Extras
  /** It has a connection of AMQP, too; its id is its own. */
  readonly hasDesk: boolean
}

/** What transactions have beside records. */
export interface Extras {
  /** Those that count themselves in the offset of a group. */
  readonly counted: Set<TransactionEntry>
  /** Jobs that were handed over. */
  readonly jobs: Map<TransactionEntry, string[]>
  /** Those that a transaction has that nobody has asked to end, and until when it may not end by itself. */
  readonly held: Map<string, { readonly entry: TransactionEntry; readonly safeUntil: number }>
  readonly faults: string[]
}

/** A transaction, and until when the broker must not give up on it. */
interface Begun {
  readonly entry: TransactionEntry
  readonly safeUntil: number
}

/** A connection of AMQP. */
interface Channel {
  readonly life: Life
  readonly join: TransactionJoin
}

/** What becomes of a job. */
export function resultOf({ writer, number }: TransactionEntry, job: string): string {
  return `${job} by ${writer} ${number}`
}

/** The group whose offset counts the transactions of a producer. */
export function groupOf(name: string): string {
  return `group of ${name}`
}

export const timeoutMs = 4000
const patienceMs = 700
const insistMax = 30

/** It can do nothing more in this transaction. */
class Failed extends Error {}

/** The broker has said so. */
class Refused extends Failed {}

export class Producer {
  readonly #options: ProducerOptions
  #identity: ProducerIdentity | undefined
  /** Next sequences by partition. */
  #sequences = new Map<Place, number>()
  #channel: Channel | undefined

  constructor(options: ProducerOptions) {
    this.#options = options
  }

  async run(transactions: number): Promise<void> {
    const { book, name, random, cluster } = this.#options
    for (let count = 0; count < transactions; count++) {
      const entry = book.begin(name)
      try {
        await this.#transact(entry)
      } catch (error) {
        if (!(error instanceof Failed)) throw error
        this.#release(entry)
        this.#begin(undefined)
        await cluster.network.wait(random.below(300))
      }
    }
  }

  async #transact(entry: TransactionEntry): Promise<void> {
    const { random, cluster } = this.#options
    if (this.#identity === undefined) await this.#init()
    const safeUntil = cluster.clock.now() + timeoutMs
    for (let left = random.below(6); left >= 0; left--) {
      if (random.below(60) === 0) await cluster.network.wait(timeoutMs * 2)
      await this.#writeSome(entry, cluster.places[random.below(cluster.places.length)]!)
    }
    if (random.below(2) === 0) await this.#count(entry)
    if (this.#channel !== undefined && random.below(2) === 0)
      await this.#work(this.#channel, { entry, safeUntil })
    // It crashes, or closes without an end.
    if (random.below(12) === 0) throw new Failed()
    await this.#end(entry, random.below(4) > 0)
  }

  async #init(): Promise<void> {
    const { transactionalId } = this.#options
    const asked = { transactionalId, timeoutMs, claimed: undefined }
    this.#begin(
      await this.#insist(() => {
        return this.#options.cluster.ask((at) => at.initProducer(asked), patienceMs * 4)
      }),
    )
    if (this.#options.hasDesk) await this.#openChannel()
  }

  /** Whoever cannot does without. */
  async #openChannel(): Promise<void> {
    const { cluster, transactionalId } = this.#options
    this.#channel = undefined
    try {
      this.#channel = await cluster.work((life) => {
        return Promise.resolve({ life, join: life.desk.join(transactionalId) })
      })
    } catch (error) {
      if (!isPassing(error)) throw error
    }
  }

  /** One more in the offset of its group. */
  async #count(entry: TransactionEntry): Promise<void> {
    const { cluster, version, transactionalId, name, extras } = this.#options
    const from = { ...this.#identity!, transactionalId }
    const groupId = groupOf(name)
    const offset = (await this.#insist(() => cluster.offsetOf(groupId))) + 1
    extras.counted.add(entry)
    if (version === 1) await this.#insist(() => cluster.addGroup(from, groupId))
    await this.#insist(() => cluster.commitOffset({ from, version, groupId, offset }))
  }

  /** Takes jobs, and hands over their acks and results. Not again when it is not answered. */
  async #work({ life, join }: Channel, { entry, safeUntil }: Begun): Promise<void> {
    const { cluster, random, extras } = this.#options
    const count = 1 + random.below(2)
    const isDone = await this.#insist(() => {
      return cluster.work((at) =>
        at === life ? this.#handOver(at, { join, entry, count }) : lost(),
      )
    }, 1)
    if (!isDone) throw new Failed()
    for (const job of extras.jobs.get(entry) ?? []) extras.held.set(job, { entry, safeUntil })
  }

  async #handOver(
    life: Life,
    { join, entry, count }: { join: TransactionJoin; entry: TransactionEntry; count: number },
  ): Promise<boolean> {
    const { extras } = this.#options
    const { desk } = life
    const taken: TakenJob[] = []
    for (let left = count; left > 0; left--) {
      const job = await desk.take(jobsQueue, () => life.isDead)
      if (job === undefined) break
      taken.push(job)
      this.#checkHeld(job.text)
    }
    const jobs = taken.map(({ text }) => text)
    extras.jobs.set(entry, jobs)
    try {
      await whenDurable(
        desk.handOver(
          join,
          taken,
          jobs.map((job) => resultOf(entry, job)),
        ),
      )
      return true
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== 'precondition_failed') throw error
      desk.giveBack(taken)
      return false
    }
  }

  #checkHeld(job: string): void {
    const { extras, name, cluster } = this.#options
    const holder = extras.held.get(job)
    if (holder === undefined || cluster.clock.now() >= holder.safeUntil) return
    const { writer, number } = holder.entry
    extras.faults.push(`${name} gets '${job}', which ${writer} ${number} holds`)
  }

  #release(entry: TransactionEntry): void {
    const { extras } = this.#options
    for (const job of extras.jobs.get(entry) ?? []) extras.held.delete(job)
  }

  #begin(identity: ProducerIdentity | undefined): void {
    const before = this.#identity
    this.#identity = identity
    const isSame = identity?.epoch === before?.epoch && identity?.producerId === before?.producerId
    if (!isSame) this.#sequences = new Map()
  }

  /** Clients of version 2 have several batches for a partition on their way. */
  async #writeSome(entry: TransactionEntry, place: Place): Promise<void> {
    const { version, random } = this.#options
    const count = version === 2 && random.below(3) === 0 ? 2 : 1
    const writing = Array.from({ length: count }, () => this.#write(entry, place))
    for (const result of await Promise.allSettled(writing)) {
      if (result.status === 'rejected') throw result.reason
    }
  }

  async #write(entry: TransactionEntry, place: Place): Promise<void> {
    const { cluster, version, transactionalId, random } = this.#options
    const from = { ...this.#identity!, transactionalId }
    if (version === 1) await this.#addPartition(place)
    const count = 1 + random.below(2)
    const notes = Array.from({ length: count }, () => entry.note(place.topic, place.partition))
    const first = this.#sequences.get(place) ?? 0
    const values = notes.map(({ value }) => value)
    const now = cluster.clock.now()
    const batch = (): Buffer => batchOf(values, { ...from, first, now })
    this.#sequences.set(place, first + count)
    await this.#insist(() => cluster.write({ from, version, place, batch }))
    for (const note of notes) note.isStored = true
  }

  async #addPartition(place: Place): Promise<void> {
    const { cluster, transactionalId } = this.#options
    const from = { ...this.#identity!, transactionalId }
    const work = (): Promise<void> => cluster.addPartition(from, place)
    await this.#insist(work)
  }

  async #end(entry: TransactionEntry, isCommit: boolean): Promise<void> {
    const { cluster, version, transactionalId, random } = this.#options
    const asked = { from: this.#identity!, isCommit, version }
    let tries = 0
    // Of version 1 an end that comes late could end the next transaction: its clients wait for it.
    const patience = version === 1 ? undefined : patienceMs
    // Some crash when they are not answered: then nobody asks for the same again.
    const triesMax = random.below(3) === 0 ? 1 : insistMax
    if (isCommit) entry.fate = 'unknown'
    this.#release(entry)
    try {
      const next = await this.#insist(() => {
        tries++
        return cluster.ask((at) => at.end(transactionalId, asked), patience)
      }, triesMax)
      entry.fate = isCommit ? 'committed' : 'aborted'
      this.#begin(next)
    } catch (error) {
      // Refused at once: nobody has decided to commit it.
      if (tries === 1 && error instanceof Refused) entry.fate = 'aborted'
      throw error
    }
  }

  /** Tries again what may have happened. */
  async #insist<T>(work: () => Promise<T>, triesMax = insistMax): Promise<T> {
    const { cluster, random } = this.#options
    for (let tries = 0; tries < triesMax; tries++) {
      try {
        return await work()
      } catch (error) {
        if (!isPassing(error)) throw new Refused()
        await cluster.network.wait(5 + random.below(100))
      }
    }
    throw new Failed()
  }
}

function lost(): Promise<boolean> {
  return Promise.reject(new NoAnswer())
}

/** What a producer is told when it has been fenced, or its transaction ended. */
const refusals: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'TRANSACTION_ABORTABLE',
])

/** Throws what no client should see. */
function isPassing(error: unknown): boolean {
  if (error instanceof NoAnswer) return true
  if (error instanceof TransactionError) return error.code === 'concurrent_transactions'
  if (error instanceof BrokerError) return error.code === 'out_of_order_sequence'
  if (error instanceof KafkaRefusal && refusals.has(error.error)) return false
  throw error
}

function batchOf(
  values: readonly string[],
  { producerId, epoch, first, now }: ProducerIdentity & { first: number; now: number },
): Buffer {
  const builder = new RecordBatchBuilder(0)
  for (const [offset, value] of values.entries()) {
    builder.append({ offset, timestamp: now, key: null, value: Buffer.from(value), headers: [] })
  }
  const producerEpoch = epoch
  return builder.finish({ producerId, producerEpoch, baseSequence: first, isTransactional: true })
}
