// Data folders of random work are carried into a cell of a cluster, worked on there, and carried back: a broker finds
// there what it would have found before. Stopped at any moment and run again, it comes to the same.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellOwner, cellRoot } from '../../../test/support/cell-owner.ts'
import { applyModelEntry, LogModel } from '../../../test/support/log-model.ts'
import { Workload } from '../../../test/support/store-workload.ts'
import { foundIn, openWorkloadStore } from '../../../test/support/workload-store.ts'
import { systemClock } from '../../lib/clock.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { HastyClock } from '../../testing/hasty-clock.ts'
import { MemoryCells } from '../../testing/memory-cells.ts'
import { MemoryObjects } from '../../testing/memory-objects.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { encodeAsideHeader } from '../file/aside-file.ts'
import type { Disk } from '../file/disk.ts'
import type { OpenedFileLogStore } from '../file/open-file-log-store.ts'
import { type CarriedFolder, carryFolder, type CarryReport } from './carry-folder.ts'

const advice = { notEmpty: 'name an empty one', damaged: 'repair it' }

interface Opened extends OpenedFileLogStore {
  readonly clock: HastyClock
}

async function open(disk: Disk, path: string): Promise<Opened> {
  const clock = new HastyClock()
  const local = { disk: new FaultDisk(systemClock), path: '/local' }
  const opened = await openWorkloadStore(disk, clock, { path, local })
  return { ...opened, clock }
}

/** What a broker would find in a folder of this machine; the folder stays as it is. */
async function contentOfFolder(disk: FaultDisk): Promise<string> {
  const opened = await open(disk.copy(), '/data')
  const found = await foundIn(opened)
  await opened.store.close()
  return found
}

async function work(opened: Opened, seed: number, stepCount = 300): Promise<void> {
  const random = seededRandom(seed)
  const { store, clock } = opened
  const model = new LogModel()
  for (const { bytes } of opened.recovered.topology) applyModelEntry(model.topology, bytes)
  const workload = new Workload({ random, store, model, counter: seed * 10_000 })
  // What is confirmed is told to a model that does not know what was there before.
  for (const { id, endOffset } of store.logs.values()) {
    model.logs.set(id, { end: endOffset, start: 0, mark: 0, bodies: new Map(), notes: new Map() })
  }
  for (let n = 0; n < stepCount; n++) {
    workload.step()
    if (random.next() < 0.2) await new Promise(setImmediate)
    if (random.next() < 0.1) clock.tick()
  }
}

/** A cluster of one cell in memory. */
class Cluster {
  readonly objects: MemoryObjects
  readonly cells: MemoryCells
  readonly #clock = new HastyClock()
  readonly #random = seededRandom(1)

  constructor() {
    this.objects = new MemoryObjects({ clock: this.#clock })
    this.cells = new MemoryCells({ clock: this.#clock, random: this.#random })
  }

  async claim(): Promise<{ owner: CellOwner; folder: CarriedFolder }> {
    const { objects } = this
    const clocks = { clock: this.#clock, random: this.#random }
    const table = this.cells.claim(1)
    const owner = await CellOwner.open({ table, objects, ...clocks, isCaching: false })
    return { owner, folder: { disk: await owner.openDisk(), path: cellRoot, name: 'cell 1' } }
  }
}

function folderOn(disk: Disk): CarriedFolder {
  return { disk, path: '/data', name: '/data' }
}

function newDisk(): FaultDisk {
  const disk = new FaultDisk(systemClock)
  disk.capacity = 20_000_000
  return disk
}

function carry(from: CarriedFolder, to: CarriedFolder): Promise<CarryReport> {
  return carryFolder({ from, to, command: 'pabal cluster import', advice })
}

/** A folder as its broker left it: stopped, or killed in the middle of something. */
async function folderOfWork(seed: number, stepCount?: number): Promise<FaultDisk> {
  const disk = newDisk()
  const opened = await open(disk, '/data')
  await work(opened, seed, stepCount)
  if (seed % 3 === 0) await opened.store.close()
  else opened.store.abandon()
  const left = seed % 3 === 2 ? disk.crash(seededRandom(seed)) : disk.kill()
  left.capacity = disk.capacity
  return left
}

test('what is carried into a cell, worked on and carried back is the same', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const disk = await folderOfWork(seed)
    const before = await contentOfFolder(disk)
    const cluster = new Cluster()
    const taken = await cluster.claim()
    const report = await carry(folderOn(disk), taken.folder)
    assert.ok(report.recordCount > 0)
    taken.owner.die()
    const serving = await cluster.claim()
    const node = await open(serving.folder.disk, cellRoot)
    assert.equal(await foundIn(node), before, `seed ${seed}`)
    await work(node, seed + 100)
    if (seed % 2 === 0) await node.store.close()
    else node.store.abandon()
    serving.owner.die()
    const last = await cluster.claim()
    const target = newDisk()
    await carry(last.folder, folderOn(target))
    const after = await contentOfFolder(target)
    assert.notEqual(after, before)
    const again = await open(last.folder.disk, cellRoot)
    assert.equal(after, await foundIn(again), `seed ${seed}`)
    again.store.abandon()
    last.owner.die()
  }
})

test('each copy of a folder has an id of its own, which it keeps', async () => {
  const disk = await folderOfWork(3)
  const ids: string[] = []
  for (let copy = 0; copy < 2; copy++) {
    const target = newDisk()
    await carry(folderOn(disk), folderOn(target))
    // Run again, it finds that all of it is there.
    await carry(folderOn(disk), folderOn(target))
    for (let start = 0; start < 2; start++) {
      const { store } = await open(target, '/data')
      ids.push(store.copyId)
      await store.close()
    }
  }
  const [first, , second] = ids
  assert.deepEqual(ids, [first, first, second, second])
  assert.equal(new Set([...ids, (await open(disk, '/data')).store.copyId]).size, 3)
})

test('a carry that was stopped anywhere is run again', async () => {
  const disk = await folderOfWork(2, 1500)
  const before = await contentOfFolder(disk)
  let unfinishedCount = 0
  for (let dies = 1; ; dies += 2) {
    const cluster = new Cluster()
    const { owner, folder } = await cluster.claim()
    const isOver = Promise.withResolvers<boolean>()
    cluster.objects.onRequest = () => {
      if (cluster.objects.requestCount < dies) return undefined
      owner.die()
      isOver.resolve(false)
      return { end: 'fail' }
    }
    carry(folderOn(disk), folder).then(
      () => isOver.resolve(true),
      () => isOver.resolve(false),
    )
    const isDone = await isOver.promise
    cluster.objects.onRequest = () => undefined
    owner.die()
    const next = await cluster.claim()
    if (!isDone) {
      const names = await next.folder.disk.list(cellRoot)
      if (!names.includes('MANIFEST') && names.length > 0) {
        unfinishedCount++
        const refusal = /"pabal cluster import" was making .* and has not got there/
        await assert.rejects(open((await cluster.claim()).folder.disk, cellRoot), refusal)
      }
      await carry(folderOn(disk), (await cluster.claim()).folder)
    }
    const opened = await open((await cluster.claim()).folder.disk, cellRoot)
    assert.equal(await foundIn(opened), before, `stopped after ${dies}`)
    opened.store.abandon()
    if (isDone) break
  }
  assert.ok(unfinishedCount > 3, `${unfinishedCount}`)
})

test('what is not whole is not carried, and nothing is written over', async () => {
  const disk = await folderOfWork(3)
  const { folder } = await new Cluster().claim()
  const damaged = disk.copy()
  const [sealed = ''] = damaged.paths.filter((path) => path.endsWith('.log'))
  const bytes = Buffer.from(damaged.contentOf(sealed))
  bytes.fill(1, 200, 260)
  damaged.setContent(sealed, bytes)
  await assert.rejects(carry(folderOn(damaged), folder), /\/data is damaged: .*\. repair it/)
  assert.deepEqual(await folder.disk.list(cellRoot), [])
  await carry(folderOn(disk), folder)
  const other = await folderOfWork(6)
  await assert.rejects(
    carry(folderOn(other), folder),
    /there is something in cell 1 already \(MANIFEST\): name an empty one/,
  )
  await assert.rejects(carry(folderOn(newDisk()), folder), /\/data has no data/)
})

test('a copy that lost something is not taken for whole', async () => {
  const disk = await folderOfWork(3)
  // A body that no message needs is carried, too: it is the next start that removes it.
  const body = Buffer.from('nobody')
  const bytes = Buffer.concat([encodeAsideHeader(999, body, 0), body])
  await disk.replace('/data/aside/0000000999.body', bytes)
  const cluster = new Cluster()
  const { folder } = await cluster.claim()
  cluster.objects.onRequest = (operation, key) => {
    // The store forgets what it has taken.
    if (operation === 'get' && key.endsWith('.log'))
      cluster.objects.setContent(key, rot(cluster, key))
    return undefined
  }
  await assert.rejects(carry(folderOn(disk), folder), /cell 1 is damaged/)
})

function rot({ objects }: Cluster, key: string): Buffer {
  const bytes = Buffer.from(objects.contentOf(key) ?? Buffer.alloc(0))
  return bytes.fill(0, Math.min(100, bytes.length), Math.min(200, bytes.length))
}
