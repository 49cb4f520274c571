import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { checkBatch, claimedProducer } from './check-batch.ts'
import { TopicConfig } from './topic-config.ts'

const config = new TopicConfig({})
const whole = plainBatch({ body: 'body' })
const damaged = Buffer.from(whole)
damaged.write('B', damaged.length - 1)

test('a checksum that nobody has looked at is taken', () => {
  assert.equal(checkBatch(whole, config).recordCount, 1)
  assert.throws(() => checkBatch(damaged, config), { code: 'corrupt_batch' })
})

test('what has been found out about a checksum holds, and it is not taken again', () => {
  assert.throws(() => checkBatch(whole, config, false), { code: 'corrupt_batch' })
  assert.equal(checkBatch(damaged, config, true).recordCount, 1)
})

test('a transactional batch that names no producer is from nobody, and refused by its checks', () => {
  const builder = new RecordBatchBuilder(0)
  builder.append({ offset: 0, timestamp: 0, key: null, value: Buffer.from('x'), headers: [] })
  const nobody = { producerId: -1, producerEpoch: -1, baseSequence: 0, isTransactional: true }
  const batch = builder.finish(nobody)
  assert.equal(claimedProducer(batch), undefined)
  assert.throws(() => checkBatch(batch, config), { code: 'invalid_record' })
})
