// One run of the checker: writers, copiers and readers of both protocols at once, over a broker that is killed
// meanwhile.
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { Book } from './book.ts'
import type { CheckedBroker } from './checked-broker.ts'
import { type ReadRecord, readCommitted } from './committed-reader.ts'
import { Copier } from './copier.ts'
import { Crew, emptied } from './crew.ts'
import { judgeCopies, judgeTail, judgeWritten, placeOf } from './judge.ts'
import { killNowAndThen } from './killer.ts'
import { Link, type LinkContext } from './link.ts'
import { QueueReader } from './queue-reader.ts'
import { createTopics, readTopic } from './read-all.ts'
import { Writer } from './writer.ts'

export interface CheckOptions {
  readonly seed: number
  readonly broker: CheckedBroker
  /** How often it is killed. */
  readonly kills: number
  readonly transactions: number
}

export interface Checked {
  readonly seed: number
  readonly faults: readonly string[]
  readonly committed: number
  readonly aborted: number
  readonly unknown: number
  readonly copied: number
  /** Jobs that workers did over both protocols. */
  readonly done: number
}

const partitions = 3
const writerCount = 4
const copierCount = 2

/** What the actors of a run share. */
interface Run {
  readonly random: Random
  readonly book: Book
  readonly links: LinkContext
  readonly name: (what: string) => string
  isDone: boolean
}

export async function checkSeed(options: CheckOptions): Promise<Checked> {
  const { seed, broker } = options
  const run: Run = {
    random: seededRandom(seed),
    book: new Book(),
    links: {
      port: () => broker.kafkaPort,
      amqpPort: () => broker.port,
      leaders: broker.leaders,
      answered: 0,
      onSent: undefined,
    },
    name: (what) => `${what}-${seed}`,
    isDone: false,
  }
  await using link = new Link(run.links)
  const topics = ['in', 'out', 'copy'].map(run.name)
  await createTopics(link, topics, partitions)
  const tasks = new QueueReader(broker, run.name('tasks'))
  await tasks.open()
  const crew = new Crew({ ...run, broker, transactions: options.transactions })
  await crew.open()
  const tails = await work(run, crew, options)
  if (options.kills > 0 && run.random.below(2) === 0) {
    await broker.crash(run.random)
  }
  const [from = [], out = [], to = []] = await Promise.all(
    topics.map((topic) => readTopic(link, topic, partitions)),
  )
  const written = new Map<string, readonly ReadRecord[]>()
  for (const [at, records] of from.entries()) written.set(placeOf(topics[0]!, at), records)
  for (const [at, records] of out.entries()) written.set(placeOf(topics[1]!, at), records)
  written.set(placeOf(run.name('tasks'), 0), await tasks.finish())
  const faults = [...run.book.faults, ...judgeWritten(run.book, written), ...(await crew.judge())]
  await emptied(broker, run.name('tasks'), faults)
  for (let at = 0; at < partitions; at++) {
    faults.push(...judgeCopies(from[at], to[at], placeOf(topics[0]!, at)))
    faults.push(...judgeTail(tails[at]!, out[at] ?? [], placeOf(topics[1]!, at)))
  }
  return { seed, faults, ...countsOf(run, crew), copied: to.flat().length }
}

function countsOf({ book }: Run, { jobs }: Crew): Omit<Checked, 'seed' | 'faults' | 'copied'> {
  const entries = [...book.entries, ...jobs.entries.map(({ entry }) => entry)]
  const count = (fate: string): number => entries.filter((entry) => entry.fate === fate).length
  const done = jobs.entries
    .filter(({ entry }) => entry.fate === 'committed')
    .reduce((sum, { jobs: { length } }) => sum + length, 0)
  return {
    committed: count('committed'),
    aborted: count('aborted'),
    unknown: count('unknown'),
    done,
  }
}

/** Returns what was read in the partitions of one topic meanwhile. */
async function work(run: Run, crew: Crew, options: CheckOptions): Promise<ReadRecord[][]> {
  const { random, book, links, name } = run
  const versionOf = (at: number): 1 | 2 => (at % 2 === 0 ? 2 : 1)
  const topics = [
    { name: name('in'), partitions },
    { name: name('out'), partitions },
    { name: name('tasks'), partitions: 1 },
  ]
  const common = { random, book, links, topics }
  const writers = Array.from({ length: writerCount }, (_, at) => {
    return new Writer({ ...common, id: name(`writer${at}`), version: versionOf(at) })
  })
  let areWritersDone = false
  const copiers = Array.from({ length: copierCount }, (_, at) => {
    const own = Array.from({ length: partitions }, (_each, index) => index)
    return new Copier({
      id: name(`copier${at}`),
      version: versionOf(at),
      group: name('group'),
      from: name('in'),
      to: name('copy'),
      partitions: own.filter((index) => index % copierCount === at),
      random,
      links,
      isSourceDone: () => areWritersDone,
    })
  })
  const tails = Array.from({ length: partitions }, () => [] as ReadRecord[])
  const reading = tails.map((tail, partition) => follow(run, partition, tail))
  const killer = { ...options, links, isDone: () => run.isDone }
  const killing = killNowAndThen(
    { ...killer, random: seededRandom(options.seed + 1) },
    options.kills,
  )
  const copying = copiers.map((copier) => copier.run())
  const writing = writers.map((writer) => writer.run(options.transactions))
  const working = async (): Promise<void> => {
    await Promise.all([...writing, crew.work()])
    areWritersDone = true
    await Promise.all(copying)
    run.isDone = true
  }
  await Promise.all([working(), ...reading, killing])
  for (const actor of [...writers, ...copiers]) await actor[Symbol.asyncDispose]()
  return tails
}

async function follow(run: Run, partition: number, tail: ReadRecord[]): Promise<void> {
  await using link = new Link(run.links)
  for (let offset = 0; !run.isDone;) {
    const page = await readCommitted(link, { topic: run.name('out'), partition, offset })
    tail.push(...page.records)
    offset = page.next
  }
}
