// Takes jobs from a queue with AMQP, writes each result to a queue with AMQP and to a topic with Kafka, and counts
// its jobs in a group's offset, all in one transaction (docs/exactly-once.md). It commits, aborts, begins anew,
// waits until the broker gives up on it, and goes on after others have taken its id, with either protocol.
import type { Random } from '../../src/lib/random.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Book } from './book.ts'
import type { JobBook, WorkEntry } from './job-book.ts'
import { JoinedChannel } from './joined-channel.ts'
import { Link, type LinkContext } from './link.ts'
import { stableOffsets } from './stable-offsets.ts'
import { type Place, RefusedError, TinyProducer } from './tiny-producer.ts'

export interface WorkerOptions {
  readonly id: string
  readonly version: 1 | 2
  readonly jobsQueue: string
  readonly resultsQueue: string
  readonly resultsTopic: string
  /** Of the group's offset that counts its jobs; others count in others. */
  readonly partition: number
  readonly partitions: number
  readonly random: Random
  readonly links: LinkContext
  readonly book: Book
  readonly jobs: JobBook
}

/** Of 100 transactions; in the others somebody else takes over. */
const shares = { commit: 52, abort: 16, leave: 10, outlast: 4 } as const
const jobsMax = 3
const timeoutMs = 30_000
/** Of those that the broker is to give up on. */
const shortTimeoutMs = 1500

/** The connection of AMQP is gone: nobody knows what of the last commit has happened. */
class GoneError extends Error {}

export class Worker implements AsyncDisposable {
  readonly #options: WorkerOptions
  readonly #producer: TinyProducer<Link>
  #channel: JoinedChannel | undefined
  readonly #ghosts: Promise<unknown>[] = []
  #timeoutMs = timeoutMs

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#producer = new TinyProducer(new Link(options.links), options.id, options.version)
  }

  async run(count: number): Promise<void> {
    await this.#begin()
    for (let number = 0; number < count; number++) await this.#transaction()
    await Promise.all(this.#ghosts)
    // Nothing of its is open any more, and nothing is unacked.
    await this.#begin()
    await this.#leaveChannel()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leaveChannel()
    await this.#producer.link[Symbol.asyncDispose]()
  }

  async #transaction(): Promise<void> {
    const { jobs, id, random } = this.#options
    const isToOutlast = random.below(100) < shares.outlast
    if (isToOutlast) await this.#begin(shortTimeoutMs)
    const work = jobs.begin(id, this.#timeoutMs)
    try {
      await this.#work(work)
      if (isToOutlast) await this.#outlast(work)
      else await this.#finish(work)
    } catch (error) {
      const isUsual = error instanceof RefusedError || error instanceof GoneError
      if (!isUsual) throw error
      if (work.entry.fate === 'open') work.entry.fate = 'aborted'
      jobs.release(work)
      await this.#begin()
    } finally {
      if (isToOutlast) await this.#begin()
    }
  }

  /** With a new epoch; whoever had the id is fenced, and what was open is aborted. */
  async #begin(ownTimeoutMs: number = timeoutMs): Promise<void> {
    await this.#producer.init(ownTimeoutMs)
    this.#timeoutMs = ownTimeoutMs
    await this.#leaveChannel()
  }

  async #leaveChannel(): Promise<void> {
    const channel = this.#channel
    this.#channel = undefined
    await channel?.[Symbol.asyncDispose]()
  }

  async #work(work: WorkEntry): Promise<void> {
    const { random, resultsTopic, partitions, partition, id } = this.#options
    const channel = await this.#joined()
    const before = await this.#done()
    await this.#take(work, channel)
    // What was handed over may be all or the beginning of the transaction, or its end.
    const isFirst = random.below(2) === 0
    if (isFirst) await this.#handOver(work, channel)
    for (const job of work.jobs) {
      await this.#producer.send(resultsTopic, random.below(partitions), work.resultOf(job))
    }
    const offset = before + work.jobs.length
    await this.#producer.sendOffsets(id, [{ topic: resultsTopic, partition, offset }])
    if (!isFirst) await this.#handOver(work, channel)
  }

  async #take(work: WorkEntry, channel: JoinedChannel): Promise<void> {
    const { random, jobsQueue, resultsQueue, jobs, id } = this.#options
    for (let left = 1 + random.below(jobsMax); left > 0; left--) {
      const delivery = await over(channel.get(jobsQueue))
      if (delivery === undefined) return
      jobs.onTaken(id, delivery)
      work.jobs.push(delivery.value)
      channel.ack(delivery.tag)
      channel.publish(resultsQueue, work.resultOf(delivery.value))
    }
  }

  async #handOver(work: WorkEntry, channel: JoinedChannel): Promise<void> {
    // A transaction that the broker gave up on meanwhile was aborted; the producer is told so.
    if ((await over(channel.commit())) === 'refused') throw new GoneError()
    this.#options.jobs.onHeld(work)
  }

  async #finish(work: WorkEntry): Promise<void> {
    const { random, jobs } = this.#options
    const { entry } = work
    const chance = random.below(100 - shares.outlast)
    const { commit, abort, leave } = shares
    if (random.below(4) === 0) await this.#leaveChannel()
    jobs.release(work)
    if (chance < commit) {
      entry.fate = 'unknown'
      await this.#producer.end(true)
      entry.fate = 'committed'
    } else if (chance < commit + abort) {
      entry.fate = 'aborted'
      await this.#producer.end(false)
      jobs.onGivenBack(work)
    } else if (chance < commit + abort + leave) {
      entry.fate = 'aborted'
      await this.#begin()
      jobs.onGivenBack(work)
    } else await this.#takeOver(work)
  }

  /** The broker aborts it, and its producer cannot commit it any more. */
  async #outlast(work: WorkEntry): Promise<void> {
    const { jobs, id, book } = this.#options
    await waitFor('the transaction is aborted', () => this.#isOver(), 120_000)
    jobs.release(work)
    work.entry.fate = 'aborted'
    await this.#producer.end(true)
    book.faults.push(`${id} ${work.entry.number}: committed after its time was over`)
  }

  async #isOver(): Promise<boolean> {
    const { id } = this.#options
    const request = { transactionalIds: [id] }
    const answer = await this.#producer.link.insist('describeTransactions', request, 0)
    return answer.transactionStates[0]?.transactionState === 'CompleteAbort'
  }

  /** A second producer begins with the id, before or while the first one or what joined it goes on. */
  async #takeOver(work: WorkEntry): Promise<void> {
    const { random, links } = this.#options
    const { entry } = work
    const zombie = this.#channel
    this.#channel = undefined
    entry.fate = 'aborted'
    const ghost = this.#producer.ghost(new Link(links))
    const renew = (): Promise<void> => this.#producer.init(timeoutMs)
    const [isLate, isChannel] = [random.below(2) === 0, random.below(2) === 0]
    if (isLate) {
      await renew()
      this.#ghosts.push(this.#haunt(ghost, entry.number, 'late'))
      if (zombie !== undefined) this.#ghosts.push(this.#rise(zombie, entry.number, 'late'))
    } else if (zombie !== undefined && isChannel) {
      await Promise.all([renew(), this.#rise(zombie, entry.number, 'meanwhile')])
      await ghost.link[Symbol.asyncDispose]()
    } else {
      entry.fate = 'unknown'
      const [hasCommitted] = await Promise.all([
        this.#haunt(ghost, entry.number, 'meanwhile'),
        renew(),
      ])
      if (hasCommitted) entry.fate = 'committed'
      await zombie?.[Symbol.asyncDispose]()
    }
    this.#timeoutMs = timeoutMs
  }

  /** Says whether it could commit. */
  async #haunt(
    ghost: TinyProducer<Link>,
    number: number,
    when: 'late' | 'meanwhile',
  ): Promise<boolean> {
    try {
      await ghost.end(true)
      if (when === 'late') this.#fault(number, 'a fenced producer has committed')
      return true
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      return false
    } finally {
      await ghost.link[Symbol.asyncDispose]()
    }
  }

  /** The channel hands over one more piece of work, which nobody is going to commit. */
  async #rise(zombie: JoinedChannel, number: number, when: 'late' | 'meanwhile'): Promise<void> {
    const { resultsQueue, jobsQueue, jobs, id } = this.#options
    try {
      const delivery = await zombie.get(jobsQueue)
      if (delivery !== undefined) {
        jobs.onTaken(id, delivery)
        zombie.ack(delivery.tag)
      }
      zombie.publish(resultsQueue, `nothing by a zombie of ${id} ${number}`)
      const isHeld = (await zombie.commit()) === 'held'
      if (isHeld && when === 'late')
        this.#fault(number, 'a fenced channel has handed over its work')
    } catch {
      // The broker was killed.
    } finally {
      await zombie[Symbol.asyncDispose]()
    }
  }

  #fault(number: number, what: string): void {
    this.#options.book.faults.push(`${this.#options.id} ${number}: ${what}`)
  }

  /** How many jobs it has done. */
  async #done(): Promise<number> {
    const { id, resultsTopic, partition } = this.#options
    const at = { group: id, topic: resultsTopic, partitions: [partition] }
    const [place] = await stableOffsets(this.#producer.link, at)
    return (place as Place).offset
  }

  async #joined(): Promise<JoinedChannel> {
    const { id, links } = this.#options
    this.#channel ??= await waitFor(
      'a connection for a transaction',
      () => JoinedChannel.open(links, id).catch(() => undefined),
      120_000,
    )
    return this.#channel
  }
}

async function over<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw new GoneError('the connection is gone', { cause: error })
  }
}
