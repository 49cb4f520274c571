// The cells of a cluster in one process and in virtual time: cell 0 is the home of all topics, and a network between
// them that loses, delays and repeats what is said, as long as it is told to.
import type { RecordCalls } from '../../src/broker/spread/record-calls.ts'
import type { Topic } from '../../src/broker/topic/topic.ts'
import { whenDurable } from '../../src/broker/when-durable.ts'
import type { Random } from '../../src/lib/random.ts'
import { readWholeFile } from '../../src/log/file/file-operations.ts'
import { decodeManifest, encodeManifest, laterThan } from '../../src/log/file/manifest.ts'
import { FaultDisk } from '../../src/testing/fault-disk.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { MortalClock } from '../transactions/two-cells/mortal-clock.ts'
import { SpreadCell } from './spread-cell.ts'

interface Place {
  disk: FaultDisk
  life: SpreadCell | undefined
  /** Of the process that starts, too. */
  clock: MortalClock | undefined
}

interface WorldOptions {
  readonly cellCount?: number
  /** Of records in the memory of a cell. */
  readonly tailCacheSizeMax?: number
}

/** What was said may have arrived or not. */
class NoAnswer extends Error {}

const turnsPerStep = 20
const longMs = 2000
const longStepMs = 20

export class SpreadWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: Random
  /** Nothing is lost, late or repeated. */
  isCalm = true
  /** How often each call arrived. */
  readonly arrived: Map<keyof RecordCalls, number> = new Map()
  readonly #cells: Place[]

  readonly #tailCacheSizeMax: number

  constructor(seed: number, options: WorldOptions = {}) {
    const { cellCount = 2, tailCacheSizeMax = 1_000_000 } = options
    this.#tailCacheSizeMax = tailCacheSizeMax
    this.random = seededRandom(seed)
    this.#cells = Array.from({ length: cellCount }, () => ({
      disk: new FaultDisk(this.clock),
      life: undefined,
      clock: undefined,
    }))
  }

  get cellCount(): number {
    return this.#cells.length
  }

  get home(): SpreadCell {
    return this.cell(0)
  }

  find(number: number): SpreadCell | undefined {
    return this.#cells[number]?.life
  }

  cell(number: number): SpreadCell {
    const life = this.find(number)
    if (life === undefined) throw new Error(`cell ${number} is down`)
    return life
  }

  /** All cells, and the topic `t`. */
  async open(partitionCount: number): Promise<Topic> {
    await this.startAll()
    const { topic, ticket } = this.home.topics.create({
      name: 't',
      partitionCount,
      configs: {},
      isProvisional: false,
      spread: this.cellCount,
    })
    await this.pump(whenDurable(ticket))
    await this.followAll()
    return topic
  }

  async startAll(): Promise<void> {
    for (const number of this.#cells.keys()) await this.pump(this.start(number))
  }

  /** Cells get their parts of what is at home. */
  async followAll(): Promise<void> {
    for (const { life } of this.#cells.slice(1)) {
      for (const { topic } of life === undefined ? [] : this.home.topics.seen(false)) {
        if (topic !== undefined) await this.pump(life!.follow(topic))
      }
    }
  }

  async start(number: number): Promise<void> {
    const cell = this.#cells[number]!
    if (cell.clock !== undefined) return
    const calls = number === 0 ? (from: SpreadCell) => this.#callsFrom(from) : undefined
    const { disk } = cell
    const tailCacheSizeMax = this.#tailCacheSizeMax
    const options = { number, disk, clock: this.clock, tailCacheSizeMax, calls }
    const life = await SpreadCell.start(options, (clock) => {
      cell.clock = clock
    })
    if (life.clock === cell.clock && !life.isDead) cell.life = life
  }

  /** Power fails, or somebody kills the process, also while it starts. */
  stop(number: number): void {
    const cell = this.#cells[number]!
    if (cell.clock === undefined) return
    cell.clock.isDead = true
    cell.life?.die()
    cell.disk = this.random.below(2) === 0 ? cell.disk.crash(this.random) : cell.disk.kill()
    cell.life = undefined
    cell.clock = undefined
  }

  /** The files of a cell that is down, to be put back later. */
  image(number: number): FaultDisk {
    return this.#cells[number]!.disk.copy()
  }

  /** A cell that is down is made of a backup, by a machine whose clock stands still. */
  async putBack(number: number, image: FaultDisk): Promise<void> {
    const disk = image.copy()
    const path = '/data/MANIFEST'
    const content = decodeManifest((await this.pump(readWholeFile(disk, path)))!)!
    await this.pump(disk.replace(path, encodeManifest(laterThan(content, 0, this.random))))
    this.replaceDisk(number, disk)
  }

  /** Of a cell that is down. */
  replaceDisk(number: number, disk: FaultDisk): void {
    this.#cells[number]!.disk = disk
  }

  end(): void {
    for (const number of this.#cells.keys()) this.stop(number)
  }

  /** Lets time pass until it is settled. */
  async pump<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const done = work.finally(() => (state.isDone = true))
    done.catch(() => undefined)
    await this.until('an end', () => state.isDone, 300_000)
    return done
  }

  /** A long time passes in larger steps. */
  async pass(ms: number): Promise<void> {
    const step = ms > longMs ? longStepMs : 1
    for (let passed = 0; passed < ms; passed += step) {
      for (let turn = 0; turn < turnsPerStep; turn++) {
        this.clock.endTurn()
        await Promise.resolve()
      }
      await new Promise((resolve) => setImmediate(resolve))
      this.clock.advance(step)
    }
  }

  async until(what: string, condition: () => boolean, msMax = 60_000): Promise<void> {
    for (let ms = 0; ms < msMax; ms++) {
      if (condition()) return
      await this.pass(1)
    }
    throw new Error(`It never came: ${what}`)
  }

  #callsFrom(from: SpreadCell): RecordCalls {
    return {
      watch: (cell, args, signal) => {
        return this.#call('watch', { from, cell }, ({ records }) => records.watch(args, signal))
      },
      read: (cell, args) => {
        return this.#call('read', { from, cell }, ({ records }) => records.read(args))
      },
      append: (cell, args, body) => {
        // As it is on the wire: nobody else has it.
        const sent = Buffer.from(body)
        return this.#call('append', { from, cell }, async ({ records }) =>
          records.append(args, Buffer.from(sent)),
        )
      },
      hold: (cell, args) => {
        return this.#call('hold', { from, cell }, async ({ records }) => records.hold(args))
      },
    }
  }

  #call<T>(
    name: keyof RecordCalls,
    { from, cell }: { readonly from: SpreadCell; readonly cell: number },
    work: (to: SpreadCell) => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const lose = (): void => reject(new NoAnswer())
      const arrive = async (isTold: boolean): Promise<void> => {
        // Whoever has the cell by then.
        const to = this.find(cell)
        if (to === undefined) return isTold ? lose() : undefined
        this.arrived.set(name, (this.arrived.get(name) ?? 0) + 1)
        to.whenDead(lose)
        let give: () => void
        try {
          const result = await work(to)
          give = () => resolve(result)
        } catch (error) {
          give = () => reject(error)
        }
        if (to.isDead || !isTold) return
        this.#later(from, this.#isLost() ? lose : give)
      }
      this.#later(from, () => void arrive(true))
      if (this.#isRepeated()) this.#later(from, () => void arrive(false))
    })
  }

  #later(from: SpreadCell, work: () => void): void {
    this.clock.after(this.#delayMs(), () => {
      if (!from.isDead || !this.isCalm) work()
    })
  }

  #isLost(): boolean {
    return !this.isCalm && this.random.below(10) === 0
  }

  #isRepeated(): boolean {
    return !this.isCalm && this.random.below(10) === 0
  }

  #delayMs(): number {
    if (this.isCalm || this.random.below(20) > 0) return this.random.below(4)
    return this.random.below(3000)
  }
}
