// One run of the checker: writers, copiers and readers of both protocols at once, over a broker that is killed
// meanwhile.
import type { Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'
import { Book } from './book.ts'
import { type ReadRecord, readCommitted } from './committed-reader.ts'
import { Copier } from './copier.ts'
import { type Contents, judgeCopies, judgeTail, judgeWritten, placeOf } from './judge.ts'
import { Link, type LinkContext } from './link.ts'
import { QueueReader } from './queue-reader.ts'
import { Writer } from './writer.ts'

export interface CheckOptions {
  readonly seed: number
  readonly broker: TestBroker
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
    links: { port: () => broker.kafkaPort, answered: 0 },
    name: (what) => `${what}-${seed}`,
    isDone: false,
  }
  await using link = new Link(run.links)
  const topics = ['in', 'out', 'copy'].map(run.name)
  await createTopics(link, topics)
  const queue = new QueueReader(broker, run.name('tasks'))
  await queue.open()
  const tails = await work(run, options)
  const contents = await readAll(link, topics)
  const [from = '', out = '', to = ''] = topics
  const written = new Map([...contents].filter(([place]) => !place.startsWith(`${to}/`)))
  written.set(placeOf(run.name('tasks'), 0), await queue.finish())
  const faults = [...run.book.faults, ...judgeWritten(run.book, written)]
  for (let at = 0; at < partitions; at++) {
    const place = placeOf(from, at)
    faults.push(...judgeCopies(contents.get(place), contents.get(placeOf(to, at)), place))
    faults.push(...judgeTail(tails[at]!, contents.get(placeOf(out, at)) ?? [], placeOf(out, at)))
  }
  const count = (fate: string): number => run.book.entries.filter((e) => e.fate === fate).length
  const [committed, aborted, unknown] = ['committed', 'aborted', 'unknown'].map(count)
  const copied = contents.get(placeOf(to, 0))!.length
  return { seed, faults, committed: committed!, aborted: aborted!, unknown: unknown!, copied }
}

/** Returns what was read in the partitions of one topic meanwhile. */
async function work(run: Run, options: CheckOptions): Promise<ReadRecord[][]> {
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
  const killing = killNowAndThen(run, options)
  const copying = copiers.map((copier) => copier.run())
  await Promise.all(writers.map((writer) => writer.run(options.transactions)))
  areWritersDone = true
  await Promise.all(copying)
  run.isDone = true
  await Promise.all([...reading, killing])
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

/** After some number of answers, so that it hits anything. */
async function killNowAndThen(run: Run, { broker, kills, seed }: CheckOptions): Promise<void> {
  const random = seededRandom(seed + 1)
  for (let left = kills; left > 0 && !run.isDone; left--) {
    const until = run.links.answered + 20 + random.below(400)
    await waitFor('it is time', () => run.isDone || run.links.answered >= until, 120_000)
    if (run.isDone) return
    await broker.kill()
    await startAgain(broker)
  }
}

/** A machine with much else to do may take longer than a start is given. */
async function startAgain(broker: TestBroker): Promise<void> {
  for (let times = 0; times < 3; times++) {
    try {
      return await broker.restart()
    } catch {
      await broker.kill()
    }
  }
  throw new Error(`It does not start again:\n${broker.output.slice(-4000)}`)
}

async function createTopics(link: Link, names: readonly string[]): Promise<void> {
  const topics = names.map((name) => {
    return { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] }
  })
  await link.insist('createTopics', { topics, timeoutMs: 10_000, validateOnly: false }, 7)
}

/** All that is committed, once nothing is open any more. */
async function readAll(link: Link, topics: readonly string[]): Promise<Contents> {
  const contents = new Map<string, ReadRecord[]>()
  for (const topic of topics) {
    for (let partition = 0; partition < partitions; partition++) {
      contents.set(placeOf(topic, partition), await readPartition(link, topic, partition))
    }
  }
  return contents
}

async function readPartition(link: Link, topic: string, partition: number): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  let offset = 0
  await waitFor(
    `the end of ${topic} ${partition}, where no transaction is open`,
    async () => {
      const page = await readCommitted(link, { topic, partition, offset })
      records.push(...page.records)
      offset = page.next
      return offset === page.highWatermark
    },
    120_000,
  )
  return records
}
