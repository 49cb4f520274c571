import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { crc32c, crc32cInSteps } from './crc32c.ts'

const bytes = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * 7) & 0xff))

test('crc32c() is the Castagnoli one, and goes on from a previous one', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283)
  assert.equal(crc32c(bytes.subarray(300), crc32c(bytes.subarray(0, 300))), crc32c(bytes))
})

test('a checksum in steps is the same, and each step but the first waits for the next turn', async () => {
  for (const [sizePerTurn, turns] of [
    [999, 1],
    [500, 1],
    [300, 3],
    [1, 999],
  ] as const) {
    const clock = new VirtualClock()
    const crc = crc32cInSteps(bytes, { clock, sizePerTurn })
    let count = 0
    while (clock.endOneTurn()) count++
    assert.equal(await crc, crc32c(bytes))
    assert.equal(count, turns)
  }
})

test('what is one step is answered at once', () => {
  const clock = new VirtualClock()
  assert.equal(crc32cInSteps(bytes, { clock, sizePerTurn: bytes.length }), crc32c(bytes))
  assert.equal(clock.endOneTurn(), false)
})
