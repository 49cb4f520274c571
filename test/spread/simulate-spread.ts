// One run: publishers at the home and producers at leaders, readers of streams and a queue with a source at the home,
// and cells that are killed and restarted at any moment, while calls between them are lost, late and repeated. In the
// end all is up, and nothing that was confirmed is missing, doubled or in another order.
import { Queue } from '../../src/broker/queue/queue.ts'
import { partitionOfKey } from '../../src/broker/topic/murmur2.ts'
import type { Partition } from '../../src/broker/topic/partition.ts'
import { whenDurable } from '../../src/broker/when-durable.ts'
import { table } from '../../src/record/message/field-table.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { messageTo } from '../support/noting-client.ts'
import { textOf } from '../support/queue-under-test.ts'
import type { SpreadCell } from './spread-cell.ts'
import { SpreadWorld } from './spread-world.ts'
import { produce, StreamInTest } from './stream-in-test.ts'

export interface SpreadRun {
  readonly faults: readonly string[]
  readonly confirmed: number
  readonly produced: number
  readonly streamed: number
  readonly taken: number
  readonly stops: number
}

const partitionCount = 4
const stepsPerRun = 400

export async function simulateSpread(seed: number): Promise<SpreadRun> {
  const run = new Run(seed)
  try {
    return await run.run()
  } finally {
    run.world.end()
  }
}

class Run {
  readonly world: SpreadWorld
  readonly #faults: string[] = []
  /** Texts that were confirmed, by partition, in their order. */
  readonly #confirmed: string[][] = Array.from({ length: partitionCount }, () => [])
  /** Published and not confirmed when the home went: they may be there. */
  readonly #unknown = new Set<string>()
  /** Of what producers sent to leaders, by partition. */
  readonly #produced: string[][] = Array.from({ length: partitionCount }, () => [])
  #streams: { readonly of: SpreadCell; readonly stream: StreamInTest }[] = []
  readonly #streamed: [number, string][][][] = []
  /** Offsets that the queue gave out, by partition. */
  readonly #taken = new Map<string, number>()
  #number = 0
  #stops = 0

  constructor(seed: number) {
    // Most is read from the disk.
    this.world = new SpreadWorld(seed, { cellCount: 3, tailCacheSizeMax: 4500 })
  }

  async run(): Promise<SpreadRun> {
    const { world } = this
    await world.open(partitionCount)
    await world.pump(this.#declare(world.home))
    world.isCalm = false
    for (let step = 0; step < stepsPerRun; step++) {
      await this.#step()
      await world.pass(1 + world.random.below(10))
    }
    world.isCalm = true
    await this.#settle()
    await this.#judge()
    return {
      faults: this.#faults,
      confirmed: this.#confirmed.flat().length,
      produced: this.#produced.flat().length,
      streamed: this.#streamed.flat(2).length,
      taken: this.#taken.size,
      stops: this.#stops,
    }
  }

  async #step(): Promise<void> {
    const { random } = this.world
    const choice = random.below(100)
    if (choice < 45) this.#publish()
    else if (choice < 65) this.#produce()
    else if (choice < 75) this.#take()
    else if (choice < 82) this.#read()
    else if (choice < 88) this.#stop(random.below(3))
    else await this.#start(random.below(3))
  }

  /** Several messages in one commit. */
  #publish(): void {
    const { world } = this
    const home = world.find(0)
    if (home === undefined) return
    for (let count = 1 + world.random.below(4); count > 0; count--) {
      const key = `k${world.random.below(8)}`
      const text = `m${this.#number++}`
      const size = world.random.below(30) === 0 ? 1_100_000 : world.random.below(300)
      const headers = table({ 'x-key': key })
      home.intake.offer(messageTo('t', text.padEnd(size), { headers }), 1)
      const partition = partitionOfKey(Buffer.from(key), partitionCount)
      this.#unknown.add(text)
      const { ticket } = home.intake
      // A large one has its ticket later, or never.
      if (size < 1_000_000) ticket?.whenDurable(() => this.#onConfirmed(home, partition, text))
    }
  }

  #onConfirmed(home: SpreadCell, partition: number, text: string): void {
    if (home.isDead) return
    this.#unknown.delete(text)
    this.#confirmed[partition]!.push(text)
  }

  /** A producer at a leader, which tries no more when that goes. */
  #produce(): void {
    const { world } = this
    const number = world.random.below(partitionCount)
    const leader = this.#leaderOf(number)
    if (leader === undefined) return
    const text = `p${this.#number++}`
    const { ticket } = produce(leader.partition, [text])
    ticket?.whenDurable(() => {
      if (!leader.cell.isDead) this.#produced[number]!.push(text)
    })
  }

  /** The queue at home gives some of its messages out, and they are acked. */
  #take(): void {
    const home = this.world.find(0)
    const queue = home?.broker.getVHost('/').findQueue('q')
    if (home === undefined || !(queue instanceof Queue)) return
    const view = new RecordView()
    for (let count = 0; count < 10 && queue.takeReady(view) === 'record'; count++) {
      const text = textOf(view).trim()
      this.#taken.set(text, (this.#taken.get(text) ?? 0) + 1)
      queue.settle(view.offset, 'ack')
    }
  }

  #read(): void {
    const home = this.world.find(0)
    const topic = home?.topics.find('t')?.topic
    if (home === undefined || topic === undefined || this.#streams.length >= 3) return
    const stream = new StreamInTest(home.broker, topic, { kind: 'first' })
    this.#streams.push({ of: home, stream })
    this.#streamed.push(stream.got)
  }

  #stop(number: number): void {
    if (this.world.find(number) === undefined) return
    this.#stops++
    this.world.stop(number)
    if (number === 0) this.#streams = []
  }

  async #start(number: number): Promise<void> {
    await this.world.pump(this.world.start(number))
  }

  async #declare(home: SpreadCell): Promise<void> {
    const vhost = home.broker.getVHost('/')
    const args = table({ 'x-source': 't', 'x-source-offset': 'first' })
    const asked = {
      name: 'q',
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: args,
      connection: {},
    }
    const sourceStart = await home.broker.findSourceStart(vhost, asked)
    await whenDurable(home.broker.declareQueue(vhost, { ...asked, sourceStart }).ticket)
  }

  /** All is up, everything has come where it belongs, and all has been read. */
  async #settle(): Promise<void> {
    const { world } = this
    for (let number = 0; number < world.cellCount; number++) await this.#start(number)
    const { transits } = world.home.broker.spread!
    await world.until('nothing is on its way', () => transits.size === 0, 120_000)
    await world.pass(1000)
    this.#streams = []
    this.#read()
    const { stream } = this.#streams[0]!
    await world.until('all is read', () => stream.count === this.#recordCount(), 120_000)
    const queue = world.home.queue('q')
    await world.until('all is taken', () => {
      this.#take()
      return queue.readyCount === 0
    })
  }

  #recordCount(): number {
    let count = 0
    for (let number = 0; number < partitionCount; number++) {
      count += this.#leaderOf(number)!.partition.log.stableEnd
    }
    return count
  }

  #leaderOf(number: number): { cell: SpreadCell; partition: Partition } | undefined {
    for (let at = 0; at < this.world.cellCount; at++) {
      const cell = this.world.find(at)
      const partition = cell?.topics.find('t')?.led(number)
      if (cell !== undefined && partition !== undefined) return { cell, partition }
    }
    return undefined
  }

  async #judge(): Promise<void> {
    const whole = this.#streams[0]!.stream.got
    for (let number = 0; number < partitionCount; number++) {
      const texts = (whole[number] ?? []).map(([, text]) => text.trim())
      if (new Set(texts).size < texts.length) this.#fault(`doubled in partition ${number}`)
      this.#judgeOrder(number, texts, this.#confirmed[number]!)
      this.#judgeOrder(number, texts, this.#produced[number]!)
      const published = texts
        .filter((text) => text.startsWith('m'))
        .map((text) => Number(text.slice(1)))
      const sorted = published.toSorted((a, b) => a - b)
      if (published.join() !== sorted.join()) this.#fault(`another order in partition ${number}`)
      for (const text of texts) {
        if (!this.#taken.has(text)) this.#fault(`the queue never had ${text}`)
      }
      for (const got of this.#streamed) this.#judgeStream(got[number] ?? [], whole[number] ?? [])
    }
    await Promise.resolve()
  }

  #judgeOrder(number: number, texts: readonly string[], expected: readonly string[]): void {
    let at = 0
    for (const text of expected) {
      const found = texts.indexOf(text, at)
      if (found < 0) this.#fault(`${text} is missing in partition ${number}, or not in its place`)
      else at = found
    }
  }

  /** A reader that was there before has seen the same. */
  #judgeStream(
    got: readonly (readonly [number, string])[],
    whole: readonly (readonly [number, string])[],
  ): void {
    for (const [index, [offset, text]] of got.entries()) {
      const [expected, its] = whole[index] ?? []
      if (offset !== expected || text !== its) {
        this.#fault(
          `a reader had ${text.trim()} at ${offset}, where ${its?.trim()} is at ${expected}`,
        )
        return
      }
    }
  }

  #fault(text: string): void {
    this.#faults.push(text)
  }
}
