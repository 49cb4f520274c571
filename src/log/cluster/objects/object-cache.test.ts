import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../lib/clock.ts'
import { crc32c } from '../../../lib/crc32c.ts'
import { systemRandom } from '../../../lib/random.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { MiB } from '../../../limits/units.ts'
import { FaultDisk } from '../../../testing/fault-disk.ts'
import { MemoryObjects } from '../../../testing/memory-objects.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import type { BlockIndexLimits } from './block-index.ts'
import { type NamedObject, ObjectCache } from './object-cache.ts'
import { bufferSource } from './object-source.ts'
import { patientObjects } from './patient-objects.ts'
import { RequestPatience, type RequestTrouble } from './request-patience.ts'

const folder = '/cache'
const blockSize = objectLimits.cacheBlockSize
/** More than a peek reads. */
const aPiece = objectLimits.peekPieceSize + 1
const content = Buffer.alloc(10 * MiB, seededRandom(1).bytes(65_521))

class Caching {
  readonly store = new MemoryObjects({ clock: systemClock })
  readonly disk = new FaultDisk(systemClock)
  readonly localTroubles: Error[] = []
  readonly troubles: RequestTrouble[] = []
  readonly patience = new RequestPatience({
    clock: systemClock,
    random: systemRandom,
    onTrouble: (trouble) => this.troubles.push(trouble),
  })

  open(limits: Partial<BlockIndexLimits> = {}): Promise<ObjectCache> {
    return ObjectCache.open({
      objects: patientObjects(this.store, this.patience),
      patience: this.patience,
      disk: this.disk,
      folder,
      limits,
      onLocalTrouble: (error) => this.localTroubles.push(error),
    })
  }

  async put(size: number, key = 'c1/e1/object'): Promise<NamedObject> {
    const bytes = content.subarray(0, size)
    await this.store.put(key, bufferSource(bytes))
    this.store.requestCount = 0
    return { key, size, crc32c: crc32c(bytes) }
  }

  async expectRead(
    cache: ObjectCache,
    object: NamedObject,
    [from, size]: readonly [from: number, size: number],
  ): Promise<void> {
    const target = Buffer.alloc(size)
    const expected = content.subarray(from, Math.min(from + size, object.size))
    assert.equal(await cache.read(object, target, from), expected.length)
    assert.ok(target.subarray(0, expected.length).equals(expected), `${size} from ${from}`)
  }
}

test('a block is fetched once, however many read it, and stays', async () => {
  const caching = new Caching()
  const object = await caching.put(10 * MiB)
  const cache = await caching.open()
  const reads = Array.from({ length: 50 }, (_, index) =>
    caching.expectRead(cache, object, [index * 1000, 70_000]),
  )
  await Promise.all(reads)
  assert.equal(caching.store.requestCount, 1)
  await cache.close()
  await caching.expectRead(cache, object, [blockSize - 10, 10])
  assert.equal(caching.store.requestCount, 1)
  // Over two borders: two more blocks.
  await caching.expectRead(cache, object, [blockSize - 10, 10 + blockSize + aPiece])
  assert.equal(caching.store.requestCount, 3)
  await cache.close()
  await caching.expectRead(cache, object, [10 * MiB - 5, 100])
  await caching.expectRead(cache, object, [10 * MiB, 100])
  assert.equal(caching.store.requestCount, 3)
  await cache.close()
})

test('blocks outlive the process, and foreign files in their folder do not', async () => {
  const caching = new Caching()
  const object = await caching.put(5 * MiB)
  const cache = await caching.open()
  await caching.expectRead(cache, object, [0, 5 * MiB])
  await cache.close()
  caching.disk.setContent(`${folder}/foreign`, Buffer.from('x'))
  const next = await caching.open()
  assert.equal(caching.disk.paths.length, 2)
  await caching.expectRead(next, object, [3 * MiB, 2 * MiB])
  assert.equal(caching.store.requestCount, 2)
  assert.equal(next.stats.fetches, 0)
})

test('what is damaged, torn, mixed up or gone is fetched again', async () => {
  const caching = new Caching()
  const { disk } = caching
  const object = await caching.put(3 * MiB)
  const cache = await caching.open()
  const damages: readonly ((path: string) => void)[] = [
    (path) => disk.remove(path),
    (path) => disk.setContent(path, Buffer.alloc(0)),
    (path) => disk.setContent(path, disk.contentOf(path).subarray(0, 2 * MiB)),
    (path) => {
      const bytes = disk.contentOf(path)
      bytes[2 * MiB + 10_000]! ^= 1
      disk.setContent(path, bytes)
    },
    (path) => {
      // Two pieces in each other's place.
      const bytes = disk.contentOf(path)
      const size = objectLimits.cachePieceSize + 4
      const third = Buffer.from(bytes.subarray(2 * size, 3 * size))
      bytes.copy(bytes, 2 * size, 32 * size, 33 * size)
      third.copy(bytes, 32 * size)
      disk.setContent(path, bytes)
    },
    () => disk.makeUnreadable(disk.paths[0]!, 2 * MiB + 10_000),
  ]
  await caching.expectRead(cache, object, [0, 3 * MiB])
  for (const [index, damage] of damages.entries()) {
    await cache.close()
    assert.equal(disk.paths.length, 1, `damage ${index}`)
    damage(disk.paths[0]!)
    await caching.expectRead(cache, object, [2 * MiB, MiB])
    assert.equal(caching.store.requestCount, index + 2, `damage ${index}`)
    assert.equal(caching.localTroubles.length, index + 1)
  }
  await cache.close()
})

test('a piece that is whole is read from a file that is damaged elsewhere', async () => {
  const caching = new Caching()
  const object = await caching.put(3 * MiB)
  const cache = await caching.open()
  await caching.expectRead(cache, object, [0, aPiece])
  await cache.close()
  const [path = ''] = caching.disk.paths
  caching.disk.setContent(path, caching.disk.contentOf(path).subarray(0, MiB))
  await caching.expectRead(cache, object, [1000, 100_000])
  assert.equal(caching.store.requestCount, 1)
})

test('bytes and files are bounded: the least recently used go', async () => {
  const caching = new Caching()
  const keys = ['a', 'b', 'c', 'd']
  const objects: NamedObject[] = []
  for (const key of keys) objects.push(await caching.put(MiB, key))
  const [a, b, c, d] = objects as [NamedObject, NamedObject, NamedObject, NamedObject]
  for (const limits of [{ sizeMax: 3.5 * MiB }, { filesMax: 3 }]) {
    const cache = await caching.open(limits)
    for (const object of [a, b, c]) await caching.expectRead(cache, object, [0, aPiece])
    await cache.close()
    await caching.expectRead(cache, a, [0, aPiece])
    await caching.expectRead(cache, d, [0, aPiece])
    await cache.close()
    assert.equal(caching.disk.paths.length, 3)
    const { fetches } = cache.stats
    for (const object of [a, c, d]) await caching.expectRead(cache, object, [0, aPiece])
    assert.equal(cache.stats.fetches, fetches)
    await caching.expectRead(cache, b, [0, aPiece])
    assert.equal(cache.stats.fetches, fetches + 1)
    for (const object of objects) cache.forget(object)
    await cache.close()
    assert.deepEqual([caching.disk.paths.length, cache.stats.size], [0, 0])
  }
})

test('without a local disk reads go on', async () => {
  const caching = new Caching()
  const object = await caching.put(5 * MiB)
  caching.disk.capacity = MiB
  const cache = await caching.open()
  for (let count = 0; count < 3; count++) await caching.expectRead(cache, object, [0, 5 * MiB])
  await cache.close()
  assert.ok(caching.localTroubles.length > 0)
  // What did not fit leaves nothing behind.
  assert.ok(caching.disk.usedSize <= MiB + 1000)
  caching.disk.onOperation = () => new Error('EIO')
  const next = await caching.open()
  await caching.expectRead(next, object, [0, 5 * MiB])
  await next.close()
})

test('few small reads fetch pieces of a block, and more of them the block', async () => {
  const caching = new Caching()
  const object = await caching.put(8 * MiB)
  const cache = await caching.open()
  const { peekPieceSize: piece, peeksPerBlock } = objectLimits
  await caching.expectRead(cache, object, [0, 64])
  await caching.expectRead(cache, object, [8 * MiB - 60, 60])
  // The same piece, at the same time or later.
  await Promise.all([1000, 2000].map((from) => caching.expectRead(cache, object, [from, 64])))
  await caching.expectRead(cache, object, [8 * MiB - 1000, 1000])
  assert.equal(caching.store.requestCount, 2)
  assert.equal(cache.stats.fetchedSize, 2 * piece)
  for (let count = 1; count < peeksPerBlock; count++) {
    await caching.expectRead(cache, object, [count * piece, 64])
  }
  assert.equal(caching.store.requestCount, peeksPerBlock + 1)
  await caching.expectRead(cache, object, [2 * MiB, 64])
  await caching.expectRead(cache, object, [3 * MiB, 64])
  await cache.close()
  assert.equal(caching.store.requestCount, peeksPerBlock + 2)
  assert.equal(cache.stats.size >= blockSize, true)
})

test('a piece whose bytes were found damaged is fetched again', async () => {
  const caching = new Caching()
  const object = await caching.put(8 * MiB)
  const cache = await caching.open()
  await caching.expectRead(cache, object, [0, 64])
  cache.forget(object)
  await caching.expectRead(cache, object, [0, 64])
  assert.equal(caching.store.requestCount, 2)
  await cache.close()
})

test('only so many blocks are fetched at a time', async () => {
  const caching = new Caching()
  const objects: NamedObject[] = []
  for (let index = 0; index < 20; index++) objects.push(await caching.put(1000, `object-${index}`))
  const cache = await caching.open()
  let count = 0
  let countMax = 0
  const { store } = caching
  const getRange = store.getRange.bind(store)
  store.getRange = async (...range) => {
    countMax = Math.max(countMax, ++count)
    await new Promise(setImmediate)
    const bytes = await getRange(...range)
    count--
    return bytes
  }
  await Promise.all(objects.map((object) => caching.expectRead(cache, object, [0, 1000])))
  await cache.close()
  assert.equal(countMax, objectLimits.cacheFetchesMax)
})

test('other bytes than those that were put are never given, and told', async () => {
  const caching = new Caching()
  const object = await caching.put(1000)
  const right = caching.store.contentOf(object.key)!
  const wrong = Buffer.from(right)
  wrong[500]! ^= 1
  caching.store.setContent(object.key, wrong)
  const cache = await caching.open()
  const { store } = caching
  store.onRequest = () => {
    if (store.requestCount === 3) store.setContent(object.key, right)
    return undefined
  }
  await caching.expectRead(cache, object, [0, 1000])
  assert.equal(caching.troubles.length, 2)
  assert.match(caching.troubles[0]?.error.message ?? '', /other bytes/)
  await cache.close()
})

test('a store that fails for a while is no failure of a read', async () => {
  const caching = new Caching()
  const object = await caching.put(5 * MiB)
  let left = 4
  const ends = ['missing', 'fail', 'short', 'lose'] as const
  caching.store.onRequest = () => (left > 0 ? { end: ends[--left] } : undefined)
  const cache = await caching.open()
  await caching.expectRead(cache, object, [0, 5 * MiB])
  assert.equal(caching.troubles.length, 4)
  await cache.close()
})

test('what was just put is kept without being fetched', async () => {
  const caching = new Caching()
  const object = await caching.put(5 * MiB)
  const cache = await caching.open()
  await cache.keep(object, bufferSource(content.subarray(0, object.size)))
  await caching.expectRead(cache, object, [0, 5 * MiB])
  await cache.close()
  assert.equal(caching.store.requestCount, 0)
  assert.equal(cache.stats.hits, 2)
})
