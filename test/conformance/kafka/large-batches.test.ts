// Little that decompresses to much is looked at beside the event loop: nobody else waits for it.
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { batchOf, gzipBomb, lz4Bomb, zstdBomb } from '../../fuzz/kafka-batches.ts'
import { batchOfRecords, KafkaFixture } from '../../support/kafka-fixture.ts'

/** A tenth of what decoding takes; a busy machine adds its own. */
const stallMsMax = 60

let kafka: KafkaFixture

before(async () => {
  kafka = await KafkaFixture.start()
  await kafka.createTopic('bombs', { 'max.message.bytes': '10000000' })
})
after(() => kafka[Symbol.asyncDispose]())

/** The shortest of a few longest stalls: other programs on the machine make some longer. */
async function shortestStall(work: () => Promise<void>): Promise<number> {
  let shortest = Infinity
  for (let round = 0; round < 5; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    await work()
    delay.disable()
    shortest = Math.min(shortest, delay.max / 1e6)
  }
  return shortest
}

describe('a bomb of a gigabyte', () => {
  const bombs = {
    zstd: batchOf(zstdBomb(), 'zstd'),
    gzip: batchOf(gzipBomb(), 'gzip'),
    lz4: batchOf(lz4Bomb(), 'lz4'),
  }
  for (const [name, bomb] of Object.entries(bombs)) {
    it(`of ${name} is refused and stalls nobody`, async () => {
      const stallMs = await shortestStall(async () => {
        const { errorCode } = await kafka.produce('bombs', bomb)
        assert.equal(errorCode, kafkaErrors.MESSAGE_TOO_LARGE.code)
      })
      assert.ok(stallMs < stallMsMax, `the event loop stood still for ${stallMs} ms`)
    })
  }
})

describe('a batch that decompresses to much', () => {
  const count = 500_000
  const first = 1_000_000

  it('is stored, and searched by time, without stalling anybody', async () => {
    const records = Array.from({ length: count }, (_, index) => ({
      value: 'a value that repeats, over and over again',
      timestamp: first + index,
    }))
    const batch = batchOfRecords(records, 'zstd')
    const stallMs = await shortestStall(async () => {
      const { errorCode, errorMessage } = await kafka.produce('bombs', batch)
      assert.equal(errorCode, 0, errorMessage ?? '')
      const found = await kafka.findOffset('bombs', first + 400_000)
      assert.deepEqual(found, { offset: 400_000, timestamp: first + 400_000 })
    })
    assert.ok(stallMs < stallMsMax, `the event loop stood still for ${stallMs} ms`)
  })
})
