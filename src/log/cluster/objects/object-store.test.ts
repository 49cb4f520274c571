// What every store of objects does, whichever it is.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { storeKinds, type StoreUnderTest } from '../../../../test/support/object-stores.ts'
import { systemClock } from '../../../lib/clock.ts'
import { crc32c } from '../../../lib/crc32c.ts'
import { systemRandom } from '../../../lib/random.ts'
import { FaultDisk } from '../../../testing/fault-disk.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { objectKey } from './object-key.ts'
import { bufferSource, fileSource } from './object-source.ts'

const atOnce = { patienceMs: 0 }

function bytesOf(size: number, seed = 1): Buffer {
  const block = seededRandom(seed).bytes(65_521)
  return Buffer.alloc(size, block)
}

function keyOf(name: string): string {
  return objectKey({ cell: 1, epoch: 1 }, name, systemRandom)
}

for (const kind of storeKinds()) {
  describe(`objects: ${kind.name}`, () => {
    let store: StoreUnderTest
    before(async () => (store = await kind.open()))
    after(() => store.close())

    test('what is put is read, as a whole and in parts', async () => {
      const { objects } = store
      const bytes = bytesOf(100_000)
      const key = keyOf('wal-7')
      const put = await objects.put(key, bufferSource(bytes))
      assert.deepEqual(put, { size: 100_000, crc32c: crc32c(bytes) })
      assert.deepEqual(await objects.getRange(key, 0, 100_000), bytes)
      assert.deepEqual(await objects.getRange(key, 0, 1), bytes.subarray(0, 1))
      assert.deepEqual(await objects.getRange(key, 70_000, 30_000), bytes.subarray(70_000))
      assert.deepEqual(await objects.getRange(key, 5, 0), Buffer.alloc(0))
      const facts = await objects.head(key)
      assert.equal(facts?.key, key)
      assert.equal(facts?.size, 100_000)
    })

    test('an object may be empty', async () => {
      const key = keyOf('empty')
      await store.objects.put(key, bufferSource(Buffer.alloc(0)))
      assert.equal((await store.objects.head(key))?.size, 0)
    })

    test('a large object goes from a file in parts and is one object', async () => {
      const disk = new FaultDisk(systemClock)
      const { partSize } = kind
      const bytes = bytesOf(2 * partSize + 5)
      disk.setContent('/file', bytes)
      const file = await disk.open('/file', 'read')
      const key = keyOf('large')
      const put = await store.objects.put(key, fileSource(file, bytes.length))
      await file.close()
      assert.deepEqual(put, { size: bytes.length, crc32c: crc32c(bytes) })
      assert.equal((await store.objects.head(key))?.size, bytes.length)
      const from = partSize - 10
      const found = await store.objects.getRange(key, from, partSize + 15)
      assert.ok(found.equals(bytes.subarray(from)))
    })

    test('the same bytes may be put again', async () => {
      const key = keyOf('again')
      const bytes = bytesOf(1000)
      await store.objects.put(key, bufferSource(bytes))
      await store.objects.put(key, bufferSource(bytes))
      assert.deepEqual(await store.objects.getRange(key, 0, 1000), bytes)
    })

    test('the store says of what is not there that it is missing', async () => {
      const key = keyOf('missing')
      await assert.rejects(store.objects.getRange(key, 0, 1, atOnce), { kind: 'missing' })
      assert.equal(await store.objects.head(key), undefined)
      // Nor is its name taken for that of another one.
      await store.objects.put(`${key}-longer`, bufferSource(bytesOf(1)))
      assert.equal(await store.objects.head(key), undefined)
    })

    test('bytes that an object does not have are an error and not its end', async () => {
      const key = keyOf('short')
      await store.objects.put(key, bufferSource(bytesOf(100)))
      await assert.rejects(store.objects.getRange(key, 50, 51, atOnce), { kind: 'io' })
      await assert.rejects(store.objects.getRange(key, 100, 1, atOnce), { kind: 'io' })
    })

    test('what is deleted is gone, and may be deleted again', async () => {
      const keys = Array.from({ length: 12 }, (_, index) => keyOf(`old-${index}`))
      await Promise.all(keys.map((key) => store.objects.put(key, bufferSource(bytesOf(10)))))
      await store.objects.delete([...keys, keyOf('never-there')])
      await store.objects.delete(keys)
      for (const key of keys) assert.equal(await store.objects.head(key), undefined)
      await store.objects.delete([])
    })

    test('a list has pages, in order, of the keys with a prefix', async () => {
      const names = ['c7/e1/a', 'c7/e1/b', 'c7/e1/c', 'c7/e2/a', 'c7/e2/b']
      const others = ['c70/e1/a', 'c6/e1/a', 'x7/e1/a']
      for (const key of [...names, ...others].toReversed()) {
        await store.objects.put(key, bufferSource(bytesOf(key.length)))
      }
      const found: string[] = []
      let next: string | undefined
      do {
        const page = await store.objects.list('c7/', { after: next, countMax: 2 })
        assert.ok(page.objects.length <= 2)
        for (const { key, size, modifiedAt } of page.objects) {
          assert.equal(size, key.length)
          assert.ok(Math.abs(page.storeTime - modifiedAt) < 60_000, `${page.storeTime}`)
          found.push(key)
        }
        next = page.next
      } while (next !== undefined)
      assert.deepEqual(found, names)
      const rest = await store.objects.list('c7/', { after: 'c7/e1/c' })
      assert.deepEqual(
        rest.objects.map(({ key }) => key),
        ['c7/e2/a', 'c7/e2/b'],
      )
      assert.equal(rest.next, undefined)
    })

    test('whoever asked may give up', async () => {
      const asked = new AbortController()
      const waiting = store.objects.getRange(keyOf('never'), 0, 1, { signal: asked.signal })
      asked.abort()
      await assert.rejects(waiting, { kind: 'io' })
    })
  })
}
