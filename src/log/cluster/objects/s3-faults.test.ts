// Each thing that an S3 store can do wrong: it is tried again and told, and never taken for an end, a gap or a success.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type DoubleUnderTest,
  type DoubleUnderTestOptions,
  openOverDouble,
  partSize,
} from '../../../../test/support/object-stores.ts'
import {
  type DoubleFault,
  type DoubleOperation,
  seededFaults,
} from '../../../s3-double/double-faults.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { bufferSource } from './object-source.ts'

const bytes = seededRandom(3).bytes(50_000)
const key = 'c1/e1/one'
const slowDown = { kind: 'error', status: 503, code: 'SlowDown' } as const

/** Short only where the fault is a long wait: a machine under load is slow too. */
function msMaxFor({ kind }: DoubleFault): DoubleUnderTestOptions {
  return kind === 'slow' || kind === 'no-answer' ? { requestMsMax: 400 } : {}
}

async function withDouble(
  options: DoubleUnderTestOptions,
  work: (store: DoubleUnderTest) => Promise<void>,
): Promise<void> {
  const store = await openOverDouble(options)
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

/** The next requests of an operation have this fault, `count` of them. */
function failNext(
  { double }: DoubleUnderTest,
  operation: DoubleOperation,
  { fault, count = 2 }: { fault: DoubleFault; count?: number },
): void {
  let left = count
  double.onRequest = (found) => (found === operation && left-- > 0 ? fault : undefined)
}

const readFaults: readonly DoubleFault[] = [
  slowDown,
  { kind: 'error', status: 500, code: 'InternalError' },
  { kind: 'error', status: 403, code: 'AccessDenied' },
  { kind: 'slow', ms: 10_000 },
  { kind: 'missing' },
  { kind: 'page' },
  { kind: 'cut' },
  { kind: 'cut-after' },
  { kind: 'no-answer' },
  { kind: 'truncated' },
  { kind: 'short' },
]

describe('a get', { concurrency: 12 }, () => {
  for (const fault of readFaults) {
    const name = fault.kind === 'error' ? `${fault.status} ${fault.code}` : fault.kind
    test(`is tried again after "${name}"`, () =>
      withDouble(msMaxFor(fault), async (store) => {
        await store.objects.put(key, bufferSource(bytes))
        failNext(store, 'get', { fault })
        const found = await store.objects.getRange(key, 1000, 40_000)
        assert.ok(found.equals(bytes.subarray(1000, 41_000)))
        const told = store.troubles.map(({ request, tries }) => `${request}, try ${tries}`)
        for (const tries of [1, 2]) assert.ok(told.includes(`get ${key}, try ${tries}`))
      }))
  }
})

describe('a get whose patience is over', { concurrency: 12 }, () => {
  const kinds = [
    [{ kind: 'missing' }, 'missing'],
    [{ kind: 'page' }, 'io'],
    [{ kind: 'short' }, 'io'],
    [{ kind: 'truncated' }, 'io'],
    [slowDown, 'io'],
    [{ kind: 'error', status: 403, code: 'AccessDenied' }, 'hopeless'],
    [{ kind: 'error', status: 403, code: 'QuotaExceeded' }, 'full'],
  ] as const
  for (const [fault, kind] of kinds) {
    const name = fault.kind === 'error' ? fault.code : fault.kind
    test(`"${name}" is "${kind}"`, () =>
      withDouble({}, async (store) => {
        await store.objects.put(key, bufferSource(bytes))
        failNext(store, 'get', { fault, count: 1000 })
        const limits = { patienceMs: 200 }
        await assert.rejects(store.objects.getRange(key, 0, 100, limits), { kind })
      }))
  }

  test('a bucket that is not there is hopeless', () =>
    withDouble({ buckets: ['another'] }, async ({ objects }) => {
      const limits = { patienceMs: 0 }
      await assert.rejects(objects.getRange(key, 0, 1, limits), { kind: 'hopeless' })
    }))
})

const writeFaults: readonly DoubleFault[] = [
  slowDown,
  { kind: 'slow', ms: 10_000 },
  { kind: 'cut' },
  { kind: 'cut-after' },
  { kind: 'no-answer' },
  { kind: 'empty' },
]

describe('a put', { concurrency: 12 }, () => {
  for (const knowsChecksums of [true, false]) {
    const store = knowsChecksums ? 'a store' : 'a store without checksums'
    for (const fault of writeFaults) {
      test(`is tried again after "${fault.kind}" of ${store}`, () =>
        withDouble({ ...msMaxFor(fault), knowsChecksums }, async (store) => {
          failNext(store, 'put', { fault })
          await store.objects.put(key, bufferSource(bytes))
          store.double.onRequest = () => undefined
          const found = await store.objects.getRange(key, 0, bytes.length)
          assert.ok(found.equals(bytes))
          assert.ok(store.troubles.length >= 2)
        }))
    }
  }

  test('is read again where the store has no checksum', () =>
    withDouble({ knowsChecksums: false }, async (store) => {
      failNext(store, 'get', { fault: { kind: 'damaged' }, count: 1 })
      await store.objects.put(key, bufferSource(bytes))
      assert.match(store.troubles[0]?.error.message ?? '', /other bytes/)
      assert.equal(store.troubles.length, 1)
    }))

  test('whose object cannot be found afterwards is put again', () =>
    withDouble({}, async (store) => {
      failNext(store, 'head', { fault: { kind: 'missing' }, count: 1 })
      await store.objects.put(key, bufferSource(bytes))
      assert.match(store.troubles[0]?.error.message ?? '', /not there/)
    }))
})

describe('a put in parts', { concurrency: 4 }, () => {
  const large = Buffer.alloc(2 * partSize + 5, bytes)
  const cases: readonly (readonly [DoubleOperation, DoubleFault, partCount: number])[] = [
    ['begin', slowDown, 3],
    ['part', slowDown, 5],
    ['part', { kind: 'cut-after' }, 5],
    ['part', { kind: 'cut' }, 5],
    // Another upload: this one can never be completed.
    ['part', { kind: 'empty' }, 6],
    ['complete', slowDown, 3],
    ['complete', { kind: 'cut' }, 3],
    // Done, though nobody said so: no part is sent again.
    ['complete', { kind: 'cut-after' }, 3],
    ['complete', { kind: 'error', status: 404, code: 'NoSuchUpload' }, 9],
    ['head', slowDown, 3],
  ]
  for (const [operation, fault, partCount] of cases) {
    const name = fault.kind === 'error' ? fault.code : fault.kind
    test(`comes through "${name}" of a request to ${operation}`, () =>
      withDouble({}, async (store) => {
        failNext(store, operation, { fault })
        const { onRequest } = store.double
        let parts = 0
        store.double.onRequest = (operation, key) => {
          if (operation === 'part') parts++
          return onRequest(operation, key)
        }
        await store.objects.put(key, bufferSource(large))
        assert.equal(parts, partCount)
        store.double.onRequest = () => undefined
        const found = await store.objects.getRange(key, 0, large.length)
        assert.ok(found.equals(large))
        assert.ok(store.troubles.length > 0)
      }))
  }

  test('of a store without checksums finds a part without its bytes', () =>
    withDouble({ knowsChecksums: false }, async (store) => {
      failNext(store, 'part', { fault: { kind: 'empty' }, count: 1 })
      await store.objects.put(key, bufferSource(large))
      assert.match(store.troubles[0]?.error.message ?? '', /bytes of/)
      assert.equal((await store.objects.head(key))?.size, large.length)
    }))

  test('ends with the error of what is to be stored, which no retry helps', () =>
    withDouble({}, async (store) => {
      const source = { size: large.length, read: () => Promise.resolve(Buffer.alloc(3)) }
      await assert.rejects(store.objects.put(key, source), { name: 'SourceError' })
      assert.equal(store.troubles.length, 0)
    }))
})

describe('other requests', { concurrency: 4 }, () => {
  const cases: readonly (readonly [DoubleOperation, DoubleFault])[] = [
    ['list', slowDown],
    ['list', { kind: 'cut' }],
    ['list', { kind: 'page' }],
    ['head', slowDown],
    ['head', { kind: 'page' }],
    ['head', { kind: 'missing' }],
    ['delete', slowDown],
    ['delete', { kind: 'cut-after' }],
  ]
  for (const [operation, fault] of cases) {
    test(`${operation} comes through "${fault.kind}"`, () =>
      withDouble({}, async (store) => {
        await store.objects.put(key, bufferSource(bytes))
        failNext(store, operation, { fault })
        const { objects } = await store.objects.list('c1/')
        assert.deepEqual(
          objects.map(({ key }) => key),
          [key],
        )
        assert.equal((await store.objects.head(key))?.size, bytes.length)
        await store.objects.delete([key])
        assert.equal(await store.objects.head(key), undefined)
        assert.equal(store.troubles.length, 2)
      }))
  }
})

test('a third of all requests may fail in any way', () =>
  withDouble({ requestMsMax: 200 }, async (store) => {
    const seed = 7
    store.double.onRequest = seededFaults(seededRandom(seed), 0.3)
    const random = seededRandom(seed + 1)
    const work = Array.from({ length: 40 }, async (_, index) => {
      const name = `c1/e1/${index}`
      const size = 1 + random.below(10_000)
      const content = bytes.subarray(index, index + size)
      await store.objects.put(name, bufferSource(content))
      const from = random.below(size)
      const found = await store.objects.getRange(name, from, size - from)
      assert.ok(found.equals(content.subarray(from)), `${name}, seed ${seed}`)
      if (index % 4 === 0) await store.objects.delete([name])
    })
    await Promise.all(work)
    store.double.onRequest = () => undefined
    const { objects } = await store.objects.list('c1/')
    assert.equal(objects.length, 30)
    assert.ok(store.troubles.length > 20)
  }))
