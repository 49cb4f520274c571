// A store whose cell has another owner leaves nothing running in a process that goes on: no timer, no request.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellOwner, cellRoot } from '../../../test/support/cell-owner.ts'
import { createLogWithCursor, source } from '../../../test/support/log-engines.ts'
import { LogModel } from '../../../test/support/log-model.ts'
import { modelConverter, tinyLimits, Workload } from '../../../test/support/store-workload.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryCells } from '../../testing/memory-cells.ts'
import { MemoryObjects } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { FileLogStore } from '../file/file-log-store.ts'
import { openFileLogStore } from '../file/open-file-log-store.ts'
import type { LogError } from '../log-error.ts'
import type { Log } from '../log.ts'

const stepMs = 5
/** Where nothing is to happen. */
const idleStepMs = 100
const minuteMs = 60_000

/** A cell with an owner that works on it, in virtual time. */
class Cell {
  readonly clock = new VirtualClock()
  readonly random
  readonly cells: MemoryCells
  readonly objects: MemoryObjects
  readonly failures: LogError[] = []
  onFailed: () => void = () => undefined
  owner!: CellOwner
  store!: FileLogStore
  work: Workload | undefined
  #volatile!: Log

  constructor(seed: number) {
    const { clock } = this
    this.random = seededRandom(seed)
    this.cells = new MemoryCells({ clock, random: this.random, lostShare: 0.1, lostMsMax: 50 })
    this.objects = new MemoryObjects({ clock })
  }

  async open(): Promise<void> {
    const { clock, random, cells, objects } = this
    this.owner = await CellOwner.open({ table: cells.claim(1), objects, clock, random })
    const opening = this.owner.openDisk().then((disk) =>
      openFileLogStore({
        path: cellRoot,
        disk,
        local: this.owner.files.local,
        clock,
        turn: new Turn(clock),
        durability: 'fsync',
        converter: modelConverter,
        random,
        limits: { ...tinyLimits, volatileMemoryMax: 2000 },
        events: {
          onFailed: (error) => {
            this.failures.push(error as LogError)
            this.onFailed()
          },
        },
      }),
    )
    const { store } = await this.pass(Infinity, opening)
    this.store = store
    store.beginAtom()
    this.#volatile = createLogWithCursor(store, true)
    store.endAtom()
    const model = this.work?.confirmed.copy() ?? new LogModel()
    this.work = new Workload({ random, store, model, counter: this.work?.counter ?? 0 })
  }

  /** The next owner finds rows that it has no copy of. */
  async openNext(): Promise<void> {
    while ((this.work?.pending.length ?? 0) > 0) await this.pass(stepMs)
    this.store.abandon()
    this.owner.die()
    await this.open()
  }

  /** Lets so much time pass, or as much as something takes. */
  async pass(ms: number): Promise<void>
  async pass<T>(ms: number, until: Promise<T>): Promise<T>
  async pass(ms: number, until?: Promise<unknown>): Promise<unknown> {
    const state = { isOver: false }
    void until?.finally(() => (state.isOver = true)).catch(() => undefined)
    const step = until === undefined && ms >= minuteMs ? idleStepMs : stepMs
    for (let left = ms; left > 0 && !state.isOver; left -= step) {
      this.clock.advance(step)
      await new Promise(setImmediate)
    }
    return until
  }

  /** Commits, bodies in files of their own and bytes that are spilled. */
  async workFor(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.workOnce()
      await this.pass(stepMs)
    }
  }

  workOnce(): void {
    this.work?.step()
    this.store.beginAtom()
    this.#volatile.append(source('', 'x'.repeat(100)), -1)
    this.store.endAtom()
    if (this.random.next() < 0.05) {
      const size = 100 + this.random.below(2000)
      this.store.writeAside(Buffer.alloc(size), (id) => this.store.dropAside(id))
    }
    for (const log of this.store.logs.values()) {
      if (this.random.next() < 0.1) void this.#read(log)
    }
  }

  async #read(log: Log): Promise<void> {
    const runs = await this.store.readRuns(log, log.startOffset, 5000)
    for (const run of runs) run.release()
  }

  async workUntilFailed(): Promise<void> {
    for (let n = 0; n < 2000 && this.failures.length === 0; n++) await this.workFor(stepMs)
    assert.deepEqual(
      this.failures.map(({ code }) => code),
      ['fenced'],
    )
  }

  /** What was asked of the database and the store of objects so far. */
  get operationCount(): number {
    return this.cells.statementCount + this.objects.requestCount
  }

  /** What waits for its time or for the end of the turn. */
  get waitingCount(): number {
    return this.clock.timerCount + this.clock.turnSize
  }
}

async function assertSilent(cell: Cell, seed: number): Promise<void> {
  // What was on its way comes to its end.
  await cell.pass(5000)
  const where = `seed ${seed}`
  assert.equal(cell.waitingCount, 0, where)
  const { operationCount } = cell
  await cell.pass(minuteMs)
  assert.equal(cell.operationCount, operationCount, where)
  assert.equal(cell.failures.length, 1, where)
}

test('a store that is fenced and abandoned schedules nothing more', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const cell = new Cell(seed)
    await cell.open()
    await cell.workFor(cell.random.below(3000))
    await cell.openNext()
    await cell.workFor(cell.random.below(1000))
    if (seed % 2 === 0) await cell.pass(minuteMs, cell.store.openSnapshot())
    assert.ok(cell.waitingCount > 0, 'it looks after its files')
    const next = cell.cells.claim(1)
    cell.onFailed = () => cell.store.abandon()
    await cell.workUntilFailed()
    // Whoever has not heard of it goes on.
    for (let n = 0; n < 20; n++) cell.workOnce()
    await cell.pass(minuteMs, cell.store.close())
    await assertSilent(cell, seed)
    await next.close()
  }
})

test('neither does one whose store of objects is away, once its owner has closed what it has', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const cell = new Cell(seed)
    await cell.open()
    await cell.workFor(1000)
    cell.objects.onRequest = () => ({ end: 'fail' })
    await cell.workFor(1000)
    cell.cells.claim(1)
    cell.onFailed = () => cell.store.abandon()
    await cell.workUntilFailed()
    cell.owner.die()
    await assertSilent(cell, seed)
  }
})

test('one that is not abandoned goes on trying', async () => {
  const cell = new Cell(1)
  await cell.open()
  await cell.workFor(1000)
  cell.cells.claim(1)
  await cell.workUntilFailed()
  await cell.pass(minuteMs)
  assert.ok(cell.waitingCount > 0)
})
