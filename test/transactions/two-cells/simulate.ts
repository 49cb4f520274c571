// One run: producers that share transactional ids or have their own, readers of committed records, and two cells that
// are killed and restarted one by one or together, until all is up again and nothing is open any more.
import assert from 'node:assert/strict'
import type { Random } from '../../../src/lib/random.ts'
import { RecordView } from '../../../src/record/message/record-view.ts'
import { seededRandom } from '../../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { textOf } from '../../support/queue-under-test.ts'
import { Book } from '../book.ts'
import type { ReadRecord } from '../committed-reader.ts'
import { judgeTail, judgeWritten, placeOf } from '../judge.ts'
import { Cluster } from './cluster.ts'
import { jobCount, jobsQueue, resultsQueue } from './desk.ts'
import { judgeExtras } from './judge-extras.ts'
import { type Life, type Place, queue } from './life.ts'
import type { Planted } from './mistakes.ts'
import { type Extras, Producer, timeoutMs } from './producer.ts'
import { readPlace } from './read-place.ts'

export interface RunOptions {
  readonly seed: number
  /** Of each producer. */
  readonly transactions: number
  readonly planted?: Planted
}

export interface RunResult {
  readonly seed: number
  readonly faults: readonly string[]
  readonly committed: number
  readonly aborted: number
  readonly unknown: number
  readonly stops: number
  readonly records: number
  /** Jobs that were done with AMQP. */
  readonly results: number
}

const turnsMax = 400_000
const turnsPerMs = 20
/** Longer than any transaction may be open, and a sweep. */
const endMs = timeoutMs * 2 + 20_000

export async function simulate(options: RunOptions): Promise<RunResult> {
  const run = new Run(options)
  try {
    return await run.run()
  } finally {
    run.end()
  }
}

class Run {
  readonly #options: RunOptions
  readonly #random: Random
  readonly #clock = new VirtualClock()
  readonly #cluster: Cluster
  readonly #book = new Book()
  readonly #tails = new Map<Place, ReadRecord[]>()
  readonly #extras: Extras = {
    counted: new Set(),
    jobs: new Map(),
    held: new Map(),
    faults: [],
  }
  #stops = 0
  #isDone = false

  constructor(options: RunOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#cluster = new Cluster(this.#clock, this.#random, options.planted)
  }

  end(): void {
    for (const cell of [0, 1]) this.#cluster.stop(cell)
  }

  async run(): Promise<RunResult> {
    const cluster = this.#cluster
    await this.#pump(cluster.begin())
    this.#tempt()
    const killing = this.#killNowAndThen()
    const tails = cluster.places.map((place) => this.#follow(place))
    await this.#pump(
      Promise.all(this.#producers().map((each) => each.run(this.#options.transactions))),
    )
    this.#isDone = true
    cluster.onMoment = () => undefined
    cluster.network.isCalm = true
    await this.#pump(Promise.all([killing, ...tails]))
    for (const cell of [0, 1]) void cluster.start(cell)
    await this.#pump(cluster.network.wait(endMs))
    return this.#judge()
  }

  #producers(): Producer[] {
    const ids = [
      { transactionalId: 'alone', version: 2, count: 1 },
      { transactionalId: 'shared', version: 2, count: 2 },
      { transactionalId: 'old', version: 1, count: 1 },
      { transactionalId: 'old and shared', version: 1, count: 2 },
    ] as const
    return ids.flatMap(({ transactionalId, version, count }, at) =>
      Array.from({ length: count }, (_, index) => {
        const common = { cluster: this.#cluster, book: this.#book, random: this.#random }
        const own = { extras: this.#extras, hasDesk: count === 1, name: `${at}.${index}` }
        return new Producer({ ...common, ...own, transactionalId, version })
      }),
    )
  }

  /** At any moment, and for any time; sometimes both. */
  async #killNowAndThen(): Promise<void> {
    const { network } = this.#cluster
    while (!this.#isDone) {
      await network.wait(this.#random.below(1500))
      const which = this.#random.below(3)
      if (which !== 1) this.#stop(0)
      if (which !== 0) this.#stop(1)
      await network.wait(this.#random.below(400))
      // One that was stopped meanwhile starts again, too; a start may be cut short.
      for (const cell of [0, 1]) void this.#cluster.start(cell)
    }
  }

  /** When a transaction is prepared, and when markers are written. */
  #tempt(): void {
    this.#cluster.onMoment = () => {
      if (this.#random.below(25) > 0) return
      const cell = this.#random.below(2)
      this.#clock.after(this.#random.below(8), () => this.#isDone || this.#stop(cell))
    }
  }

  #stop(cell: number): void {
    this.#stops++
    this.#cluster.stop(cell)
  }

  async #follow(place: Place): Promise<void> {
    const records: ReadRecord[] = []
    this.#tails.set(place, records)
    for (let offset = 0; !this.#isDone;) {
      await this.#cluster.network.wait(10 + this.#random.below(100))
      offset = await this.#read(place, offset, records)
    }
  }

  /** One read, which a crash may cut short. */
  async #read(place: Place, offset: number, records: ReadRecord[]): Promise<number> {
    const life = this.#cluster.lifeOf(place.cell)
    if (life === undefined) return offset
    const found: ReadRecord[] = []
    const reading = readPlace(life.it.broker.store, life.partition(place), {
      offset,
      records: found,
      hidesAborted: place.topic === queue,
    })
    const next = await Promise.race([
      reading,
      new Promise<undefined>((resolve) => void life.whenDead(() => resolve(undefined))),
    ])
    if (next === undefined) return offset
    records.push(...found)
    return next
  }

  async #judge(): Promise<RunResult> {
    const faults: string[] = []
    const contents = new Map<string, ReadRecord[]>()
    for (const place of this.#cluster.places) {
      const name = placeOf(place.topic, place.partition)
      const records = await this.#readAll(place, faults)
      contents.set(name, records)
      faults.push(...judgeTail(this.#tails.get(place) ?? [], records, name))
    }
    faults.push(...judgeWritten(this.#book, contents), ...this.#openOnes())
    faults.push(...(await this.#judgeQueue(contents)))
    const left = await this.#empty(jobsQueue, faults)
    const results = await this.#empty(resultsQueue, faults)
    const offsetOf = (groupId: string): number => {
      const offset = this.#cluster.lifeOf(0)!.places.offsetOf(groupId)
      return offset === 'unstable' ? -1 : offset
    }
    const found = { contents, offsetOf, jobCount, left, results }
    faults.push(...judgeExtras(this.#book, this.#extras, found))
    const count = (fate: string): number =>
      this.#book.entries.filter((entry) => entry.fate === fate).length
    const records = [...contents.values()].reduce((sum, { length }) => sum + length, 0)
    return {
      seed: this.#options.seed,
      faults,
      committed: count('committed'),
      aborted: count('aborted') + count('open'),
      unknown: count('unknown'),
      stops: this.#stops,
      records,
      results: results.length,
    }
  }

  async #readAll(place: Place, faults: string[]): Promise<ReadRecord[]> {
    const partition = this.#cluster.partition(place)!
    const { highWatermark, lastStableOffset } = partition
    if (lastStableOffset !== highWatermark) {
      const where = placeOf(place.topic, place.partition)
      faults.push(`hanging: ${where} is stable to ${lastStableOffset} of ${highWatermark}`)
    }
    const records: ReadRecord[] = []
    for (let offset = 0; offset < lastStableOffset;) {
      const next = await this.#pump(this.#read(place, offset, records))
      assert.ok(next > offset, `nothing at ${offset} of ${lastStableOffset} in ${place.topic}`)
      offset = next
    }
    return records
  }

  #openOnes(): string[] {
    const faults: string[] = []
    for (const { id, state, ending } of this.#cluster.lifeOf(0)!.coordinator.list()) {
      const isOver = state === 'Empty' || state.startsWith('Complete')
      if (!isOver || ending !== undefined) faults.push(`not ended: '${id}' is ${state}`)
    }
    for (const place of this.#cluster.places) {
      const count = this.#cluster.partition(place)?.transactions?.openCount ?? 0
      if (count > 0) faults.push(`open: ${count} in ${placeOf(place.topic, place.partition)}`)
    }
    return faults
  }

  /** All of a queue of jobs or results, whose counts must agree. */
  async #empty(name: string, faults: string[]): Promise<string[]> {
    const { desk } = this.#cluster.lifeOf(0)!
    const { readyCount, messageCount } = desk.queue(name)
    const texts: string[] = []
    for (;;) {
      const job = await this.#pump(desk.take(name, () => false))
      if (job === undefined) break
      texts.push(job.text)
    }
    if (texts.length !== readyCount || texts.length !== messageCount) {
      faults.push(`${name} has ${texts.length}, of ${messageCount} messages, ${readyCount} ready`)
    }
    return texts
  }

  /** A consumer of the queue gets what a reader of its log sees. */
  async #judgeQueue(contents: ReadonlyMap<string, readonly ReadRecord[]>): Promise<string[]> {
    const { it } = this.#cluster.lifeOf(0)!
    const texts: string[] = []
    for (let turns = 0; it.readyCount(queue) > 0 && turns < 1000; turns++) {
      texts.push(...takeAll(it))
      await this.#pump(this.#cluster.network.wait(1))
    }
    const seen = contents.get(placeOf(queue, 0))!.map(({ value }) => value)
    if (texts.join() === seen.join()) return []
    return [`a consumer of the queue gets '${texts.join()}', a reader of its log '${seen.join()}'`]
  }

  async #pump<T>(promise: Promise<T>): Promise<T> {
    const pumped = { isSettled: false }
    const settle = (): void => {
      pumped.isSettled = true
    }
    promise.then(settle, settle)
    let idle = 0
    for (let turns = 1; !pumped.isSettled; turns++) {
      assert.ok(turns < turnsMax, 'it does not come to an end')
      idle = this.#clock.endOneTurn() ? 0 : idle + 1
      // Turns take time.
      if (turns % turnsPerMs === 0) this.#clock.pass(1)
      if (idle > 1 || this.#clock.dueCount > 0) this.#clock.nextTimer()
      await new Promise(setImmediate)
    }
    return promise
  }
}

/** What can be had at once. */
function takeAll({ broker }: Life['it']): string[] {
  const found = broker.getVHost('/').findQueue(queue)
  assert.ok(found?.kind === 'queue')
  const view = new RecordView()
  const texts: string[] = []
  while (found.take(view, true) === 'record') {
    texts.push(textOf(view))
    found.drop(view.offset)
  }
  return texts
}
