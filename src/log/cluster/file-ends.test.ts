// What is kept of a file beside its name are bytes of the file, and all that a start reads of most files.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellOwner, cellRoot } from '../../../test/support/cell-owner.ts'
import { createLogWithCursor, source } from '../../../test/support/log-engines.ts'
import { modelConverter, tinyLimits } from '../../../test/support/store-workload.ts'
import { Turn } from '../../lib/turn.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { MemoryCells } from '../../testing/memory-cells.ts'
import { MemoryObjects } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { fileHeaderSize } from '../file/file-format.ts'
import type { FileLogStore } from '../file/file-log-store.ts'
import { openFileLogStore } from '../file/open-file-log-store.ts'
import { summaryStride } from '../file/segment-directory.ts'
import type { FinishedFile } from './cell-table.ts'
import { copyFromEnds, readEnds } from './file-ends.ts'
import { bufferSource } from './objects/object-source.ts'

const stepMs = 5

class Cell {
  readonly #clock = new VirtualClock()
  readonly #random = seededRandom(1)
  readonly #cells = new MemoryCells({ clock: this.#clock, random: this.#random })
  readonly objects = new MemoryObjects({ clock: this.#clock })
  owner!: CellOwner
  store!: FileLogStore

  /** By an owner whose machine has nothing. */
  async open(): Promise<void> {
    const [clock, random, { objects }] = [this.#clock, this.#random, this]
    const table = this.#cells.claim(1)
    const owner = await CellOwner.open({ table, objects, clock, random })
    this.owner = owner
    const opening = owner.openDisk().then((disk) =>
      openFileLogStore({
        path: cellRoot,
        disk,
        local: owner.files.local,
        clock,
        turn: new Turn(clock),
        durability: 'fsync',
        converter: modelConverter,
        random,
        limits: tinyLimits,
      }),
    )
    this.store = (await this.during(opening)).store
  }

  /** Messages that nobody takes, until so many files are objects. */
  async fill(fileCount: number): Promise<ReadonlyMap<string, FinishedFile>> {
    const { store } = this
    store.beginAtom()
    const log = createLogWithCursor(store, false)
    store.endAtom()
    for (;;) {
      store.beginAtom()
      log.append(source('', 'x'.repeat(500)), -1)
      store.endAtom()
      await this.#pass()
      const finished = await this.during(this.owner.table.finishedFiles())
      if (finished.size >= fileCount) return finished
    }
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const state = { isOver: false }
    void work.finally(() => (state.isOver = true)).catch(() => undefined)
    while (!state.isOver) await this.#pass()
    return work
  }

  async #pass(): Promise<void> {
    this.#clock.advance(stepMs)
    await new Promise(setImmediate)
  }
}

test('a start asks the store of objects for files from the checkpoint on, and for no others', async () => {
  const cell = new Cell()
  await cell.open()
  const finished = await cell.fill(40)
  const sealed = [...finished].filter(([, { ends }]) => ends !== undefined)
  assert.ok(sealed.length > 30, `${sealed.length} of ${finished.size} have a directory`)
  cell.store.abandon()
  cell.owner.die()
  const read = new Set<string>()
  cell.objects.onRequest = (operation, key) => {
    if (operation === 'get') read.add(key)
    return undefined
  }
  await cell.open()
  const again = sealed.filter(([, { key }]) => read.has(key))
  assert.ok(again.length <= 3, `${again.length} files are read`)
  cell.store.abandon()
  cell.owner.die()
})

test('the ends of a file are its bytes; what lies between them is not there', async () => {
  const cell = new Cell()
  await cell.open()
  const finished = await cell.fill(5)
  let count = 0
  for (const { key, size, crc32c } of finished.values()) {
    const bytes = cell.objects.contentOf(key) ?? assert.fail()
    const ends = await readEnds(bufferSource(bytes))
    if (ends === undefined) continue
    count++
    const tailFrom = size - ends.tail.length
    for (let from = 0; from < size; from += 7) {
      const buffer = Buffer.alloc(Math.min(20, size - from))
      const isKept = from + buffer.length <= fileHeaderSize || from >= tailFrom
      assert.equal(copyFromEnds({ key, size, crc32c, ends }, buffer, from), isKept, `at ${from}`)
      if (isKept) assert.deepEqual(buffer, bytes.subarray(from, from + buffer.length))
    }
  }
  assert.ok(count > 0)
  cell.store.abandon()
  cell.owner.die()
})

test('of a file with a large directory the header is kept', async () => {
  const cell = new Cell()
  await cell.open()
  const [file] = [...(await cell.fill(1)).values()]
  const small = cell.objects.contentOf(file?.key ?? '') ?? assert.fail()
  const bytes = withSummaryOf(small, clusterLimits.keptTailSizeMax / summaryStride)
  const ends = (await readEnds(bufferSource(bytes))) ?? assert.fail()
  assert.deepEqual(ends, { head: bytes.subarray(0, fileHeaderSize), tail: Buffer.alloc(0) })
  const last = Buffer.alloc(1)
  assert.equal(
    copyFromEnds({ key: '', size: bytes.length, crc32c: 0, ends }, last, bytes.length - 1),
    false,
  )
  cell.store.abandon()
  cell.owner.die()
})

/** The file with a directory of so many extents and no references to bodies. */
function withSummaryOf(file: Buffer, extentCount: number): Buffer {
  const tail = Buffer.from(file.subarray(-60))
  const start = tail.readUInt32BE(36)
  tail.writeUInt32BE(extentCount, 40)
  tail.writeUInt32BE(0, 44)
  return Buffer.concat([file.subarray(0, start), Buffer.alloc(extentCount * summaryStride), tail])
}

test('a file without a directory has no ends', async () => {
  for (const size of [0, 1, 59, 60, 64, 5000]) {
    assert.equal(await readEnds(bufferSource(Buffer.alloc(size, 'x'))), undefined)
  }
})
