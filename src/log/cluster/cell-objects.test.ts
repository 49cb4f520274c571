import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { clusterLimits } from '../../limits/cluster.ts'
import { objectLimits } from '../../limits/objects.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { MemoryObjects } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { CellObjects } from './cell-objects.ts'
import { ObjectCache } from './objects/object-cache.ts'
import { bufferSource, SourceError } from './objects/object-source.ts'
import { RequestPatience } from './objects/request-patience.ts'

const bytes = Buffer.from('a sealed file')

class Cell {
  readonly clock = new VirtualClock()
  readonly store = new MemoryObjects({ clock: this.clock })
  readonly disk = new FaultDisk(systemClock)
  readonly random = seededRandom(1)
  readonly troubles: Error[] = []
  readonly names = new Set<string>()

  async own(epoch: number): Promise<CellObjects> {
    const { clock, random, disk, store: objects } = this
    const patience = new RequestPatience({ clock, random })
    const cache = await ObjectCache.open({ objects, patience, disk, folder: '/cache' })
    const onTrouble = (error: Error): void => void this.troubles.push(error)
    const owner = { cell: 3, epoch }
    const cellObjects = new CellObjects({ owner, objects, cache, clock, random, onTrouble })
    cellObjects.sweepFor({
      readNames: () => Promise.resolve(this.names),
      isStillOwner: () => Promise.resolve(true),
    })
    return cellObjects
  }

  /** Hours go by, with a sweep in each. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= clusterLimits.sweepIntervalMs) {
      this.clock.advance(clusterLimits.sweepIntervalMs)
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    }
  }

  /** Whether a file of these bytes is there. */
  has(key: string): boolean {
    return this.store.contentOf(key) !== undefined
  }
}

test('objects without a name go after the grace, though the cell changes its owner each day', async () => {
  const cell = new Cell()
  const aDayMs = 86_400_000
  let owner = await cell.own(1)
  const named = await owner.put('wal/0000000001.log', bufferSource(bytes))
  cell.names.add(named.key)
  owner.onNamed(named.key)
  // Its owner is gone before it gives it a name.
  const { key } = await owner.put('wal/0000000002.log', bufferSource(bytes))
  // It is seen so from the first sweep on.
  const days = objectLimits.orphanGraceMs / aDayMs + 1
  for (let day = 1; day <= days; day++) {
    owner.close()
    owner = await cell.own(1 + day)
    await cell.pass(aDayMs)
    assert.ok(cell.has(named.key))
    assert.equal(cell.has(key), day < days, `day ${day}`)
    if (day === days - 1) assert.ok(cell.store.keys.some((key) => key.startsWith('c3/orphans/')))
  }
  owner.close()
  assert.deepEqual(cell.troubles, [])
})

test('what has no name yet is not swept while its owner lives', async () => {
  const cell = new Cell()
  const owner = await cell.own(1)
  const { key } = await owner.put('wal/0000000001.log', bufferSource(bytes))
  await cell.pass(2 * objectLimits.orphanGraceMs)
  assert.ok(cell.has(key))
  owner.close()
})

test('a file that is removed while it is copied is no trouble', async () => {
  const cell = new Cell()
  const owner = await cell.own(1)
  // It is read once for the store, and then for the copy.
  let readCount = 0
  const source = {
    size: bytes.length,
    read: (): Promise<Buffer> =>
      readCount++ === 0
        ? Promise.resolve(bytes)
        : Promise.reject(new SourceError('wal/0000000001.log is removed')),
  }
  await owner.put('wal/0000000001.log', source)
  assert.equal(readCount, 2)
  assert.deepEqual(cell.troubles, [])
  owner.close()
})

test('a sweep that fails is told, and the next one goes on', async () => {
  const cell = new Cell()
  const owner = await cell.own(1)
  cell.store.onRequest = () => ({ end: 'fail' })
  await cell.pass(3 * clusterLimits.sweepIntervalMs)
  assert.equal(cell.troubles.length, 3)
  cell.store.onRequest = () => undefined
  await cell.pass(clusterLimits.sweepIntervalMs)
  assert.equal(cell.troubles.length, 3)
  owner.close()
})
