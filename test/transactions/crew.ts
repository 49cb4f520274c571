// Workers with a queue of jobs, and what must have come of all of them in the end.
import { type ChannelModel, connect } from 'amqplib'
import type { Random } from '../../src/lib/random.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Book } from './book.ts'
import type { CheckedBroker } from './checked-broker.ts'
import { JobBook } from './job-book.ts'
import { judgeJobs } from './judge-jobs.ts'
import { Link, type LinkContext } from './link.ts'
import { createTopics, readTopic } from './read-all.ts'
import { stableOffsets } from './stable-offsets.ts'
import { Worker } from './worker.ts'

export interface CrewOptions {
  readonly broker: CheckedBroker
  readonly random: Random
  readonly links: LinkContext
  readonly book: Book
  readonly name: (what: string) => string
  /** Of each worker. */
  readonly transactions: number
}

const workerCount = 3
const partitions = 2
const jobsPerTransaction = 1.5

export class Crew {
  readonly jobs: JobBook
  readonly #options: CrewOptions
  readonly #all: readonly string[]

  constructor(options: CrewOptions) {
    this.#options = options
    this.jobs = new JobBook(options.book)
    const count = Math.ceil(options.transactions * workerCount * jobsPerTransaction)
    this.#all = Array.from({ length: count }, (_, at) => `job ${at}`)
  }

  /** Before anybody is killed: there are jobs. */
  async open(): Promise<void> {
    const { broker, links } = this.#options
    await using link = new Link(links)
    await createTopics(link, [this.#topic], Math.max(partitions, workerCount))
    await withConnection(broker, async (connection) => {
      const channel = await connection.createConfirmChannel()
      for (const queue of [this.#jobs, this.#results]) {
        await channel.assertQueue(queue, { durable: true })
      }
      for (const job of this.#all) {
        channel.sendToQueue(this.#jobs, Buffer.from(job), { persistent: true })
      }
      await channel.waitForConfirms()
    })
  }

  async work(): Promise<void> {
    const { random, links, book, transactions } = this.#options
    const workers = this.#workerNames.map((id, at) => {
      const names = {
        jobsQueue: this.#jobs,
        resultsQueue: this.#results,
        resultsTopic: this.#topic,
      }
      const place = { partition: at, partitions }
      const version = at % 2 === 0 ? 2 : 1
      return new Worker({ id, version, ...names, ...place, random, links, book, jobs: this.jobs })
    })
    await Promise.all(workers.map((worker) => worker.run(transactions)))
    for (const worker of workers) await worker[Symbol.asyncDispose]()
  }

  /** When nobody works any more, and nobody is killed. */
  async judge(): Promise<string[]> {
    const { broker, links } = this.#options
    await using link = new Link(links)
    const faults: string[] = []
    const read = await readTopic(link, this.#topic, partitions)
    const inTopic = read.flat().map(({ value }) => value)
    const offsets = new Map<string, number>()
    for (const [partition, group] of this.#workerNames.entries()) {
      const at = { group, topic: this.#topic, partitions: [partition] }
      const [place] = await stableOffsets(link, at)
      offsets.set(group, place?.offset ?? -1)
    }
    const left = await emptied(broker, this.#jobs, faults)
    const inQueue = await emptied(broker, this.#results, faults)
    const found = { jobs: this.#all, left, inQueue, inTopic, offsets }
    return [...faults, ...judgeJobs(this.jobs, found)]
  }

  get #jobs(): string {
    return this.#options.name('jobs')
  }

  get #results(): string {
    return this.#options.name('results')
  }

  get #topic(): string {
    return this.#options.name('done')
  }

  get #workerNames(): string[] {
    const { name } = this.#options
    return Array.from({ length: workerCount }, (_, at) => name(`worker${at}`))
  }
}

/** Everything in a queue, whose counts must say so before and after. */
export async function emptied(
  broker: CheckedBroker,
  queue: string,
  faults: string[],
): Promise<string[]> {
  const found: string[] = []
  await withConnection(broker, async (connection) => {
    const channel = await connection.createChannel()
    const { messageCount: before } = await channel.checkQueue(queue)
    for (;;) {
      const message = await channel.get(queue, { noAck: false })
      if (message === false) break
      channel.ack(message)
      found.push(message.content.toString())
    }
    const { messageCount: after } = await channel.checkQueue(queue)
    if (before !== found.length || after !== 0) {
      faults.push(
        `${queue} counts ${before} messages, gives ${found.length}, and counts ${after} then`,
      )
    }
  })
  return found
}

async function withConnection(
  { url }: CheckedBroker,
  action: (connection: ChannelModel) => Promise<void>,
): Promise<void> {
  const connection = await waitFor(
    'a connection',
    () => connect(url).catch(() => undefined),
    120_000,
  )
  try {
    await action(connection)
  } finally {
    await connection.close()
  }
}
