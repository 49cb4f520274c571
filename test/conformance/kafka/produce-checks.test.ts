// What a produced batch must be like, in the order in which Kafka checks it.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import { writeInt64 } from '../../../src/lib/int64.ts'
import { gzipBomb, batchOf, lz4Bomb, snappyBomb, zstdBomb } from '../../fuzz/kafka-batches.ts'
import { batchOfRecords, KafkaFixture, patched } from '../../support/kafka-fixture.ts'

let kafka: KafkaFixture

before(async () => {
  kafka = await KafkaFixture.start()
  await kafka.createTopic('plain')
  await kafka.createTopic('compacted', { 'cleanup.policy': 'compact' })
  await kafka.createTopic('small', { 'max.message.bytes': '200' })
  await kafka.createTopic('segments', {
    'max.message.bytes': '4000000',
    'segment.bytes': '1048576',
  })
  await kafka.createTopic('appended', { 'message.timestamp.type': 'LogAppendTime' })
})
after(() => kafka[Symbol.asyncDispose]())

const good = batchOfRecords([{ value: 'one' }, { value: 'two' }])

async function expectError(
  records: Buffer | null,
  name: keyof typeof kafkaErrors,
  { topic = 'plain', version = 12 } = {},
): Promise<void> {
  const { errorCode, errorMessage } = await kafka.produce(topic, records, version)
  assert.equal(errorCode, kafkaErrors[name].code, `${name}: ${errorMessage}`)
}

describe('Produce refuses', () => {
  it('what is not one whole batch of format 2', async () => {
    await expectError(null, 'INVALID_RECORD')
    await expectError(Buffer.alloc(0), 'INVALID_RECORD')
    await expectError(good.subarray(0, good.length - 1), 'INVALID_RECORD')
    await expectError(Buffer.concat([good, good]), 'INVALID_RECORD')
    await expectError(
      patched(good, (copy) => copy.writeInt8(1, 16)),
      'INVALID_RECORD',
    )
    await expectError(
      patched(good, (copy) => copy.writeInt8(3, 16)),
      'CORRUPT_MESSAGE',
    )
  })

  it('zstd from clients that fetch it with older versions (KIP-110)', async () => {
    const batch = batchOfRecords([{ value: 'x'.repeat(100) }], 'zstd')
    await expectError(batch, 'UNSUPPORTED_COMPRESSION_TYPE', { version: 6 })
    await expectError(batch, 'NONE', { version: 7 })
  })

  it('batches with a wrong place, size or checksum', async () => {
    await expectError(
      patched(good, (copy) => writeInt64(copy, 0, 1)),
      'INVALID_RECORD',
    )
    const large = batchOfRecords([{ value: 'x'.repeat(200) }])
    await expectError(large, 'MESSAGE_TOO_LARGE', { topic: 'small' })
    const larger = batchOfRecords([{ value: 'x'.repeat(1_100_000) }])
    await expectError(larger, 'RECORD_LIST_TOO_LARGE', { topic: 'segments' })
    const damaged = Buffer.from(good)
    damaged[70] = (damaged[70] ?? 0) ^ 1
    await expectError(damaged, 'CORRUPT_MESSAGE')
  })

  it('counts, control batches, sequences and transactions that cannot be', async () => {
    await expectError(
      patched(good, (copy) => copy.writeInt32BE(3, 57)),
      'INVALID_RECORD',
    )
    await expectError(
      patched(good, (copy) => copy.writeInt16BE(0x20, 21)),
      'INVALID_RECORD',
    )
    await expectError(
      patched(good, (copy) => writeInt64(copy, 43, 5)),
      'INVALID_RECORD',
    )
    await expectError(
      patched(good, (copy) => copy.writeInt16BE(0x10, 21)),
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    )
  })

  it('records without a key on compacted topics, naming them', async () => {
    const batch = batchOfRecords([{ key: 'k' }, {}, {}])
    const answer = await kafka.produce('compacted', batch)
    assert.equal(answer.errorCode, kafkaErrors.INVALID_RECORD.code)
    assert.deepEqual(
      answer.recordErrors?.map(({ batchIndex }) => batchIndex),
      [1, 2],
    )
  })

  it('timestamps out of range, and the type that only the broker may set', async () => {
    const late = batchOfRecords([{ timestamp: Date.now() + 7_200_000 }])
    await expectError(late, 'INVALID_TIMESTAMP')
    await expectError(late, 'NONE', { topic: 'appended' })
    const typed = patched(good, (copy) => copy.writeInt16BE(0x08, 21))
    await expectError(typed, 'INVALID_TIMESTAMP')
    await expectError(typed, 'INVALID_TIMESTAMP', { topic: 'appended' })
  })

  it('an unknown compression, and bombs of a gigabyte', async () => {
    await expectError(
      patched(good, (copy) => copy.writeInt16BE(5, 21)),
      'INVALID_RECORD',
    )
    await expectError(batchOf(zstdBomb(), 'zstd'), 'MESSAGE_TOO_LARGE')
    await expectError(batchOf(gzipBomb(), 'gzip'), 'MESSAGE_TOO_LARGE')
    await expectError(batchOf(lz4Bomb(2 ** 27), 'lz4'), 'MESSAGE_TOO_LARGE')
    await expectError(batchOf(snappyBomb(), 'snappy'), 'MESSAGE_TOO_LARGE')
    await expectError(batchOf(Buffer.from('no gzip'), 'gzip'), 'INVALID_RECORD')
    await expectError(batchOf(zstdBomb(2 ** 25), 'zstd'), 'INVALID_RECORD')
  })
})

describe('Produce accepts', () => {
  it('a batch whose latest timestamp is wrong, and corrects it', async () => {
    await kafka.createTopic('wrong-latest')
    const [early, late] = [1_000_000, 2_000_000]
    const batch = batchOfRecords([{ timestamp: early }, { timestamp: late }])
    const wrong = patched(batch, (copy) => writeInt64(copy, 35, 5))
    assert.equal((await kafka.produce('wrong-latest', wrong)).errorCode, 0)
    assert.deepEqual(await kafka.findOffset('wrong-latest', early + 1), {
      offset: 1,
      timestamp: late,
    })
  })

  it('large batches, in the order of their requests', async () => {
    await kafka.createTopic('large')
    const many = Array.from({ length: 30_000 }, (_, index) => ({ value: `${index} `.repeat(20) }))
    const large = batchOfRecords(many, 'zstd')
    assert.ok(large.length < 1_000_000)
    const small = batchOfRecords([{ value: 'small' }])
    const answers = await Promise.all(
      [large, small, large, small].map((batch) => kafka.produce('large', batch)),
    )
    assert.deepEqual(
      answers.map(({ errorCode, baseOffset }) => [errorCode, baseOffset]),
      [
        [0, 0],
        [0, 30_000],
        [0, 30_001],
        [0, 60_001],
      ],
    )
  })
})
