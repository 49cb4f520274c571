import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failsAssertion } from '../../test/support/fails-assertion.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { PagePool } from './page-pool.ts'

const size = 1024
const idleMs = 1000

function setUp(freeSizeMax = 100 * size): { pages: PagePool; clock: VirtualClock } {
  const clock = new VirtualClock()
  return {
    clock,
    pages: new PagePool({ clock, sizeMin: size, sharedSize: 4 * size, freeSizeMax, idleMs }),
  }
}

test('memory is given out again once everybody who retained it has released it, and not before', () => {
  const { pages } = setUp()
  const first = pages.take(size)
  assert.equal(pages.retain(first.subarray(10, 20)), true)
  pages.release(first)
  assert.notEqual(pages.take(size).buffer, first.buffer)
  pages.release(first.subarray(500))
  assert.equal(pages.take(size).buffer, first.buffer)
  assert.notEqual(pages.take(size).buffer, first.buffer)
})

test('small values and memory of others are neither retained nor given out', () => {
  const { pages } = setUp()
  for (const bytes of [pages.take(size - 1), Buffer.allocUnsafeSlow(size)]) {
    assert.equal(pages.retain(bytes), false)
    pages.release(bytes)
    assert.equal(pages.freeSize, 0)
  }
})

test('small values that are copied share a page, which stays until all of them were released', () => {
  const { pages } = setUp()
  const bytes = Buffer.alloc(size + 100, 'x')
  const copies = [pages.copy(bytes), pages.copy(bytes), pages.copy(bytes)]
  const shared = copies[0]!.buffer
  assert.ok(copies.every((copy) => copy.buffer === shared && copy.equals(bytes)))
  for (const copy of copies.slice(1)) pages.release(copy)
  assert.notEqual(pages.copy(bytes).buffer, shared)
  assert.equal(pages.freeSize, 0)
  pages.release(copies[0]!)
  assert.equal(pages.freeSize, shared.byteLength)
})

test('the page that takes the next small value is not given out, even if nobody has one of it', () => {
  const { pages } = setUp()
  const copy = pages.copy(Buffer.alloc(100))
  pages.release(copy)
  assert.equal(pages.freeSize, 0)
  assert.equal(pages.copy(Buffer.alloc(100)).buffer, copy.buffer)
})

test('a value larger than a shared page is copied all the same', () => {
  const { pages } = setUp()
  const bytes = Buffer.alloc(9 * size, 'x')
  assert.ok(pages.copy(bytes).equals(bytes))
})

test('releasing once too often is noticed', () => {
  const { pages } = setUp()
  const page = pages.take(size)
  pages.release(page)
  failsAssertion(() => pages.release(page), /released once too often/)
  failsAssertion(() => pages.retain(page), /nobody retains/)
})

test('sizes that are close share their pages, of which a fifth is wasted at most', () => {
  const { pages } = setUp()
  for (let wanted = size; wanted < 64 * size; wanted += 111) {
    const page = pages.take(wanted)
    assert.equal(page.length, wanted)
    const { byteLength } = page.buffer
    assert.ok(byteLength >= wanted && byteLength <= wanted * 1.25, `${byteLength} for ${wanted}`)
  }
  const page = pages.take(2 * size - 100)
  pages.release(page)
  assert.equal(pages.take(2 * size).buffer, page.buffer)
})

test('no more free memory is kept than allowed', () => {
  const { pages } = setUp(2 * size)
  const given = [pages.take(size), pages.take(size), pages.take(size)]
  for (const page of given) pages.release(page)
  assert.equal(pages.freeSize, 2 * size)
  const buffers = new Set(given.map(({ buffer }) => buffer))
  const taken = [pages.take(size), pages.take(size), pages.take(size)]
  assert.equal(taken.filter(({ buffer }) => buffers.has(buffer)).length, 2)
})

test('memory that nobody needed for a while is given back to the system', () => {
  const { pages, clock } = setUp()
  const [used, idle] = [pages.take(size), pages.take(size)]
  pages.release(idle)
  pages.release(used)
  for (let round = 0; round < 3; round++) {
    clock.nextTimer()
    pages.release(pages.take(size))
  }
  assert.equal(pages.freeSize, size)
  assert.equal(pages.take(size).buffer, used.buffer)
})

test('a page is shown to whoever watches when the last one has released it', () => {
  const { pages } = setUp()
  const freed: ArrayBufferLike[] = []
  pages.onFree = ({ buffer }) => freed.push(buffer)
  const page = pages.take(size)
  pages.retain(page)
  pages.release(page)
  assert.deepEqual(freed, [])
  pages.release(page)
  assert.deepEqual(freed, [page.buffer])
})
