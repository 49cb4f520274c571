// A model of a compacted topic over crashes: power goes at any operation of the disk, while keys are updated and
// deleted over both protocols, compaction and cleaning go on, and time passes. After each start a reader must see
// the newest record of each key, or that it was deleted; offsets never change; tombstones stay for their time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { threadInProcess } from '../../../test/support/compacted-topic.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { OpenedBatch } from '../../crossing/opened-batch.ts'
import { toKafkaBatch } from '../../crossing/to-kafka-batch.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { recordLimits } from '../../limits/record.ts'
import type { FileLogStore } from '../../log/file/file-log-store.ts'
import { openFileLogStore } from '../../log/file/open-file-log-store.ts'
import { foldTopology } from '../../meta/fold-topology.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { encodeAddress } from '../../record/message/address.ts'
import { encodeContentHeader } from '../../record/message/content-header.ts'
import { table } from '../../record/message/field-table.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Broker } from '../broker.ts'
import type { CompactionCounters } from '../counters/broker-counters.ts'
import type { Partition } from '../topic/partition.ts'
import type { Topic } from '../topic/topic.ts'
import { Compaction } from './compaction.ts'

const keyCount = 12
const deleteRetentionMs = 20_000
const configs = {
  'cleanup.policy': 'compact',
  'segment.ms': '1000',
  'min.cleanable.dirty.ratio': '0.1',
  'delete.retention.ms': String(deleteRetentionMs),
}

interface Written {
  readonly offset: number
  readonly key: string
  /** Null: a tombstone. */
  readonly value: string | null
  readonly at: number
}

/** What was written, in the order of offsets, and how much of it is confirmed. */
class Model {
  written: Written[] = []
  confirmedEnd = 0
  counter = 0

  /** After a start: what was not confirmed and is not there never was. */
  cutAt(endOffset: number): void {
    assert.ok(endOffset >= this.confirmedEnd, `${this.confirmedEnd} confirmed, ${endOffset} there`)
    this.written = this.written.filter(({ offset }) => offset < endOffset)
    this.confirmedEnd = endOffset
  }

  check(found: readonly Written[], now: number): void {
    const byOffset = new Map(this.written.map((each) => [each.offset, each]))
    const latest = new Map<string, number>()
    for (const { offset, key, value } of found) {
      const written = byOffset.get(offset)
      assert.deepEqual({ key, value }, { key: written?.key, value: written?.value }, `at ${offset}`)
      assert.ok(offset > (latest.get(key) ?? -1), `${offset} comes after a later one`)
      latest.set(key, offset)
    }
    const confirmed = this.written.filter(({ offset }) => offset < this.confirmedEnd)
    for (const [key, newest] of new Map(confirmed.map((each) => [each.key, each]))) {
      const offset = latest.get(key)
      if (offset !== undefined) {
        assert.ok(offset >= newest.offset, `${key}: ${offset} instead of ${newest.offset}`)
      } else {
        assert.equal(newest.value, null, `${key} of ${newest.offset} is lost`)
        assert.ok(now - newest.at >= deleteRetentionMs, `the tombstone of ${key} went early`)
      }
    }
  }
}

/** One life of a broker. */
class Life {
  readonly clock: VirtualClock
  readonly store: FileLogStore
  readonly partition: Partition
  readonly compaction: Compaction
  readonly #counters: CompactionCounters
  readonly #model: Model
  readonly #random: Random

  constructor(parts: {
    clock: VirtualClock
    store: FileLogStore
    broker: Broker
    topic: Topic
    model: Model
    random: Random
  }) {
    const { clock, store, broker, topic, model, random } = parts
    this.clock = clock
    this.store = store
    this.partition = topic.partitions[0]!
    this.#model = model
    this.#random = random
    this.#counters = broker.counters.compaction
    this.compaction = new Compaction({
      store,
      clock,
      random,
      slices: broker.slices,
      worker: new BatchWorker(clock, threadInProcess),
      settings: broker.ownSettings,
      counters: broker.counters.compaction,
      topics: () => broker.topics(),
      onTrouble: (_topic, error) => assert.fail(error),
    })
  }

  get passCount(): number {
    return this.#counters.passes
  }

  step(): void {
    const choice = this.#random.next()
    if (choice < 0.6) this.#produce()
    else if (choice < 0.8) this.#publish()
    else if (choice < 0.9) this.clock.advance(this.#random.below(3000))
    else void this.compaction.run()
  }

  async read(): Promise<Written[]> {
    const { log, startOffset } = this.partition
    const found: Written[] = []
    for (let at = startOffset; at < log.durableEnd;) {
      const runs = await this.store.readRuns(log, at, 4000)
      if (runs.length === 0) break
      for (const run of runs) {
        const bytes = run.isForeign ? run.bytes() : (toKafkaBatch(log, run) as Buffer)
        const batch = new OpenedBatch(bytes, recordLimits.decompressedSizeMax)
        for (let isMore = batch.goTo(at); isMore; isMore = batch.advance()) {
          const { offset, timestamp } = batch.record
          const key = String(batch.record.key())
          const value = batch.record.value()?.toString() ?? null
          found.push({ offset, key, value, at: timestamp })
        }
        at = run.lastOffset + 1
        run.release()
      }
    }
    return found
  }

  #next(): Omit<Written, 'offset'> {
    const key = `key ${this.#random.below(keyCount)}`
    const isDeleting = this.#random.next() < 0.2
    const text = `${this.#model.counter++}`.padEnd(20 + this.#random.below(200), 'x')
    return { key, value: isDeleting ? null : text, at: this.clock.now() }
  }

  #produce(): void {
    const builder = new RecordBatchBuilder(0)
    const records = Array.from({ length: 1 + this.#random.below(5) }, () => this.#next())
    for (const [offset, { key, value, at }] of records.entries()) {
      const bytes = value === null ? null : Buffer.from(value)
      builder.append({ offset, timestamp: at, key: Buffer.from(key), value: bytes, headers: [] })
    }
    const compression = this.#random.next() < 0.3 ? 'gzip' : 'none'
    const produced = this.partition.produce(builder.finish({ compression }))
    assert.ok(produced !== 'large')
    this.#note(records, produced.baseOffset)
    produced.ticket?.whenDurable(() => this.#confirm())
  }

  #publish(): void {
    const { key, value, at } = this.#next()
    const body = Buffer.from(value ?? '')
    const headers = value === null ? { headers: table({ 'x-tombstone': true }) } : {}
    const header = encodeContentHeader(body.length, headers)
    const source = sourceFrom({ address: encodeAddress('exchange', key), header, body })
    this.store.beginAtom()
    const offset = this.partition.log.append(source, -1)
    const ticket = this.store.endAtom()
    this.#note([{ key, value, at }], offset)
    ticket?.whenDurable(() => this.#confirm())
  }

  #note(records: readonly Omit<Written, 'offset'>[], baseOffset: number): void {
    for (const [order, record] of records.entries()) {
      this.#model.written.push({ ...record, offset: baseOffset + order })
    }
  }

  #confirm(): void {
    this.#model.confirmedEnd = Math.max(this.#model.confirmedEnd, this.partition.log.durableEnd)
  }
}

class World {
  disk = new FaultDisk(systemClock)
  #now = new VirtualClock().now()
  readonly #model = new Model()
  readonly #random: Random
  #clock = new VirtualClock()
  passCount = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  async start(): Promise<Life> {
    const clock = new VirtualClock(this.#now)
    this.#clock = clock
    const turn = new Turn(clock)
    const random = this.#random
    const limits = { walFileSizeMax: 8000, tailCacheSizeMax: 3000, indexCacheSizeMax: 500 }
    const { store, recovered } = await this.pump(
      openFileLogStore({
        path: '/data',
        disk: this.disk,
        durability: 'fsync',
        clock,
        turn,
        random: seededRandom(1),
        limits,
        events: { onTrouble: (error) => assert.fail(error) },
      }),
    )
    const onDamaged = (_owner: unknown, _offset: number, error: Error): void => assert.fail(error)
    const broker = new Broker({ store, turn, clock, random, vhosts: [], onDamaged })
    broker.restore(foldTopology(recovered.topology), recovered.logs)
    store.setTopologySource(() => broker.topologyEntries())
    broker.restoreState(recovered.state)
    const topics = broker.topicsOf(broker.getVHost('/'))
    const name = 't'
    const known = topics.find(name)
    if (known === undefined) {
      topics.create({ name, partitionCount: 1, configs, isProvisional: false })
      await this.#until(() => store.uncommittedSize === 0)
    }
    const topic = topics.find(name) as unknown as Topic
    const life = new Life({ clock, store, broker, topic, model: this.#model, random })
    this.#model.cutAt(life.partition.log.endOffset)
    await this.#check(life)
    return life
  }

  /** Until power fails. */
  async live(life: Life): Promise<void> {
    const operations = { left: 20 + this.#random.below(250) }
    this.disk.onOperation = () => (operations.left-- > 0 ? undefined : 'hold')
    while (operations.left > 0) {
      life.step()
      for (let turns = this.#random.below(12); turns > 0; turns--) await this.#turn()
      if (this.#random.next() < 0.3) this.#clock.nextTimer()
    }
    this.passCount += life.passCount
    this.#now = life.clock.now()
    this.disk = this.disk.crash(this.#random)
  }

  /** Once all is compacted that can be, only the newest are left, and what ends the log. */
  async end(): Promise<void> {
    const life = await this.start()
    const { log } = life.partition
    for (let round = 0; round < 4; round++) {
      life.clock.advance(deleteRetentionMs)
      await this.pump(life.compaction.run())
    }
    await this.#check(life)
    const found = await this.pump(life.read())
    const last = found.filter(({ offset }) => offset >= log.durableEnd - 5)
    assert.ok(
      found.length <= keyCount + last.length,
      `${found.length} of ${log.durableEnd} are left`,
    )
    await this.pump(life.compaction.close())
    await this.pump(life.store.close())
  }

  async pump<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false }
    const settled = (): void => void (state.isSettled = true)
    promise.then(settled, settled)
    await this.#until(() => state.isSettled)
    return promise
  }

  async #check(life: Life): Promise<void> {
    this.#model.check(await this.pump(life.read()), life.clock.now())
  }

  async #until(condition: () => boolean): Promise<void> {
    for (let round = 1; !condition(); round++) {
      assert.ok(round < 200_000, 'it does not come')
      await this.#turn()
      if (round % 50 === 0) this.#clock.nextTimer()
    }
  }

  async #turn(): Promise<void> {
    this.#clock.endOneTurn()
    await new Promise(setImmediate)
  }
}

const seedCount = Number(process.env['PABAL_COMPACTION_SEEDS'] ?? 5)
const firstSeed = Number(process.env['PABAL_COMPACTION_SEED'] ?? 1)

test(`a compacted topic has the newest of each key over crashes (${seedCount} seeds)`, async () => {
  let passCount = 0
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const world = new World(seed)
    try {
      for (let life = 0; life < 6; life++) await world.live(await world.start())
      await world.end()
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
    passCount += world.passCount
  }
  assert.ok(passCount > seedCount, `${passCount} passes`)
})
