import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moveLimits } from '../limits/move.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { MoveError } from './move-error.ts'
import type { Chunk, ChunkMax, MovePart } from './move-part.ts'
import { Mover, type MoverOptions } from './mover.ts'

/** So many records of one byte; `refusals` are why the next stores fail. */
class FakePart implements MovePart {
  readonly name: string
  left: number
  stored = 0
  isClosed = false
  readonly refusals: string[] = []
  failure: Error | undefined
  readonly chunkSizes: number[] = []

  constructor(name: string, left: number) {
    this.name = name
    this.left = left
  }

  async open(): Promise<void> {}

  async take({ records }: ChunkMax): Promise<Chunk | undefined> {
    if (this.failure !== undefined) throw this.failure
    const count = Math.min(records, this.left)
    if (count === 0) return undefined
    this.left -= count
    this.chunkSizes.push(count)
    const store = async (): Promise<string | undefined> => {
      const refusal = this.refusals.shift()
      if (refusal === undefined) this.stored += count
      return refusal
    }
    return { records: count, bytes: count, store }
  }

  async isDone(): Promise<boolean> {
    return this.left === 0
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

const clock = new VirtualClock()

function moverOf(parts: readonly MovePart[], options: Partial<MoverOptions> = {}): Mover {
  return new Mover(parts, { clock, rate: {}, keepsRunning: false, ...options })
}

/** All that needs no time is done. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

/** Lets `ms` pass in small steps. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    clock.advance(10)
    await settle()
  }
}

test('all parts are moved, not all of them at the same time, and closed', async () => {
  const parts = Array.from({ length: moveLimits.atOnceMax * 2 }, (_, n) => new FakePart(`${n}`, n))
  const mover = moverOf(parts)
  await mover.run()
  for (const [n, part] of parts.entries()) {
    assert.equal(part.stored, n)
    assert.ok(part.isClosed)
  }
  assert.ok(mover.progress.every(({ state }) => state === 'done'))
})

test('no more than the rate is moved in a second', async () => {
  const part = new FakePart('a', 1000)
  const mover = moverOf([part], { rate: { records: 100 } })
  const ended = mover.run()
  await pass(2000)
  // The first chunk is not waited for.
  assert.ok(part.stored >= 190 && part.stored <= 220, `${part.stored}`)
  assert.ok(part.chunkSizes.every((size) => size <= 10))
  mover.stop()
  await ended
  assert.equal(mover.progress[0]?.state, 'stopped')
})

test('a rate of bytes holds for all parts together', async () => {
  const parts = [new FakePart('a', 1000), new FakePart('b', 1000)]
  const mover = moverOf(parts, { rate: { bytes: 100 } })
  const ended = mover.run()
  await pass(1000)
  const stored = parts[0]!.stored + parts[1]!.stored
  assert.ok(stored <= 1000 + moveLimits.chunkCountMax * 2)
  mover.stop()
  await ended
})

test('a chunk that is not taken now is tried again, and told with its reason', async () => {
  const part = new FakePart('a', 3)
  part.refusals.push('full', 'full')
  const reasons: (string | undefined)[] = []
  const mover: Mover = moverOf([part], {
    onProgress: () => reasons.push(mover.progress[0]?.reason),
  })
  const ended = mover.run()
  await settle()
  assert.equal(part.stored, 0)
  await pass(moveLimits.retryMs * 2)
  await ended
  assert.equal(part.stored, 3)
  assert.deepEqual(reasons.slice(0, 3), ['full', 'full', undefined])
})

test('a pause holds until the move goes on, and a stop ends it', async () => {
  const part = new FakePart('a', 10)
  const mover = moverOf([part], { keepsRunning: true })
  mover.pause()
  const ended = mover.run()
  await pass(100)
  assert.equal(part.stored, 0)
  mover.resume()
  await settle()
  assert.equal(part.stored, 10)
  part.left = 5
  await pass(moveLimits.idleMs)
  assert.equal(part.stored, 15)
  mover.pause()
  part.left = 5
  await pass(moveLimits.idleMs * 2)
  mover.stop()
  await ended
  assert.equal(part.stored, 15)
  assert.ok(part.isClosed)
})

test('a part that fails stops the others, which are closed in good order', async () => {
  const parts = [new FakePart('a', 10), new FakePart('b', 10)]
  const mover = moverOf(parts, { keepsRunning: true })
  const ended = mover.run()
  await settle()
  parts[0]!.failure = new MoveError('unreachable', 'it went')
  const rejected = assert.rejects(ended, /it went/)
  await pass(moveLimits.idleMs)
  await rejected
  assert.deepEqual(
    mover.progress.map(({ state, reason }) => [state, reason]),
    [
      ['failed', 'it went'],
      ['stopped', undefined],
    ],
  )
  assert.ok(parts.every(({ isClosed, stored }) => isClosed && stored === 10))
})
