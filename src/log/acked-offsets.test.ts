import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../testing/seeded-random.ts'
import { AckedChunk, chunkSize } from './acked-chunk.ts'
import { AckedOffsets } from './acked-offsets.ts'

/** The same as `AckedOffsets`, without any cleverness. */
class SetCursor {
  readonly acked = new Set<number>()
  floor = 0

  ack(offset: number): boolean {
    if (offset < this.floor || this.acked.has(offset)) return false
    this.acked.add(offset)
    this.raise()
    return true
  }

  ackRange(first: number, last: number): number {
    let count = 0
    for (let offset = first; offset <= last; offset++) if (this.ack(offset)) count++
    return count
  }

  forgetBelow(offset: number): void {
    this.floor = Math.max(this.floor, offset)
    for (const acked of this.acked) if (acked < this.floor) this.acked.delete(acked)
    this.raise()
  }

  raise(): void {
    while (this.acked.delete(this.floor)) this.floor++
  }

  isAcked(offset: number): boolean {
    return offset < this.floor || this.acked.has(offset)
  }
}

/** Small numbers, and some around the border of two chunks. */
const offset = fc.oneof(
  fc.nat(60),
  fc.integer({ min: chunkSize - 20, max: chunkSize + 20 }),
  fc.integer({ min: 3 * chunkSize - 5, max: 3 * chunkSize + 5 }),
)
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ack' as const), first: offset }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('range' as const), first: offset, size: fc.nat(40) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), first: offset }) },
)

test('AckedOffsets answers like a set of offsets', () => {
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 60, size: 'max' }),
      fc.array(offset),
      (operations, probes) => {
        const cursor = new AckedOffsets()
        const expected = new SetCursor()
        for (const step of operations) {
          if (step.kind === 'ack') assert.equal(cursor.ack(step.first), expected.ack(step.first))
          else if (step.kind === 'forget') {
            cursor.forgetBelow(step.first)
            expected.forgetBelow(step.first)
          } else {
            const last = step.first + step.size
            assert.equal(cursor.ackRange(step.first, last), expected.ackRange(step.first, last))
          }
          assert.equal(cursor.floor, expected.floor)
          assert.equal(cursor.ackedAbove, expected.acked.size)
        }
        for (const at of probes) {
          assert.equal(cursor.isAcked(at), expected.isAcked(at))
          let next = at
          while (expected.isAcked(next)) next++
          assert.equal(cursor.nextUnacked(at), next)
          let unacked = 0
          for (let probe = at; probe <= at + 50; probe++) if (!expected.isAcked(probe)) unacked++
          assert.equal(cursor.unackedIn(at, at + 50), unacked)
        }
        const runs: number[] = []
        cursor.forEachAckedRun((first, last) => {
          for (let at = first; at <= last; at++) runs.push(at)
        })
        assert.deepEqual(
          runs,
          [...expected.acked].toSorted((a, b) => a - b),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('AckedChunk answers alike as runs, as a bitmap and when full', () => {
  const random = seededRandom(7)
  const chunk = new AckedChunk()
  const order = Array.from({ length: chunkSize }, (_, index) => index)
  for (let at = chunkSize - 1; at > 0; at--) {
    const other = random.below(at + 1)
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  const marked = new Uint8Array(chunkSize)
  for (const [count, index] of order.entries()) {
    assert.ok(chunk.add(index))
    assert.ok(!chunk.add(index))
    marked[index] = 1
    assert.equal(chunk.count, count + 1)
    if (count % 4001 !== 0 && count < chunkSize - 3) continue
    const first = random.below(chunkSize)
    const last = first + random.below(chunkSize - first)
    let expected = 0
    for (let at = first; at <= last; at++) expected += marked[at]!
    assert.equal(chunk.countIn(first, last), expected)
    let next = first
    while (marked[next] === 1) next++
    assert.equal(chunk.nextUnmarked(first), next)
    let visited = 0
    chunk.forEachRun((from, to) => {
      visited += to - from + 1
    })
    assert.equal(visited, chunk.count)
  }
})

test('AckedOffsets stays small when five million offsets are acked in random order', () => {
  const count = 5_000_000
  const random = seededRandom(11)
  const order = new Uint32Array(count)
  for (let at = 0; at < count; at++) order[at] = at
  for (let at = count - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const swapped = order[at]!
    order[at] = order[other]!
    order[other] = swapped
  }
  const cursor = new AckedOffsets()
  const before = process.memoryUsage()
  let most = 0
  for (let at = 0; at < count; at++) {
    cursor.ack(order[at]!)
    if (at % 500_000 !== 0) continue
    const now = process.memoryUsage()
    most = Math.max(most, now.arrayBuffers - before.arrayBuffers)
  }
  assert.equal(cursor.floor, count)
  assert.equal(cursor.ackedAbove, 0)
  assert.ok(most < 4 * 1024 * 1024, `${most} bytes`)
})
