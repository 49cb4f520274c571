import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { plainBatch } from '../../../test/support/plain-batch.ts'
import { moveLimits } from '../../limits/move.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { batchField, crcOfBatch, setBatchPlace } from '../../record/batch/batch-header.ts'
import { defaultVHost, type Broker } from '../broker.ts'
import type { Partition } from '../topic/partition.ts'
import type { Topic } from '../topic/topic.ts'
import { whenDurable } from '../when-durable.ts'
import { copyBatches } from './copy-batches.ts'

let broker: Broker
let topic: Topic
let partition: Partition
beforeEach(() => {
  broker = openManagedBroker().broker
  const asked = { name: 't', partitionCount: 1, configs: {}, isProvisional: false }
  topic = broker.topicsOf(broker.getVHost(defaultVHost)).create(asked).topic
  partition = topic.partitions[0]!
})

function batch(baseOffset: number, recordCount = 2): Buffer {
  const bytes = plainBatch({ recordCount })
  setBatchPlace(bytes, baseOffset, -1)
  return bytes
}

async function copy(from: number, to: number, ...batches: readonly Buffer[]): Promise<void> {
  const asked = { from, to, batches: Buffer.concat(batches) }
  await whenDurable(await copyBatches(partition, asked, broker.clock))
}

/** Base offset, last offset and number of records of what the partition has. */
async function runs(): Promise<number[][]> {
  const found = await broker.store.readRuns(partition.log, 0, Infinity)
  return found.map(({ baseOffset, lastOffset, recordCount }) => [
    baseOffset,
    lastOffset,
    recordCount,
  ])
}

test('batches keep their offsets, and empty ones stand for what is between them and behind', async () => {
  await copy(0, 20, batch(5), batch(7, 3), batch(15))
  assert.deepEqual(await runs(), [
    [0, 4, 0],
    [5, 6, 2],
    [7, 9, 3],
    [10, 14, 0],
    [15, 16, 2],
    [17, 19, 0],
  ])
  assert.equal(partition.log.endOffset, 20)
  assert.equal(topic.counters.published, 7)
  await copy(20, 22, batch(20))
  assert.equal(partition.copiedEnd, 22)
})

test('a partition may begin behind more offsets than one batch stands for', async () => {
  const start = 5_000_000_000
  await copy(0, start + 2, batch(start))
  await whenDurable(broker.trim(partition, start))
  assert.deepEqual([partition.startOffset, partition.highWatermark], [start, start + 2])
  assert.equal((await runs()).at(-1)?.[0], start)
  const tooFar = copy(start + 2, start + 2 ** 31 * (moveLimits.gapBatchesMax + 1))
  await assert.rejects(tooFar, /more than can be passed over/)
})

test('nothing is copied behind records of others, nor to another place than the end', async () => {
  await copy(0, 2, batch(0))
  await assert.rejects(copy(0, 2, batch(0)), /ends at offset 2, not at 0/)
  const builder = new RecordBatchBuilder(0)
  builder.append({ offset: 0, timestamp: 0, key: null, value: null, headers: [] })
  partition.produce(builder.finish())
  await assert.rejects(copy(3, 5, batch(3)), /records of others/)
  assert.equal(partition.log.endOffset, 3)
})

test('batches that are not as they must be are refused as a whole', async () => {
  const broken = batch(2)
  broken[broken.length - 1]! ^= 1
  await assert.rejects(copy(0, 4, batch(0), broken), /checksum does not match/)
  await assert.rejects(copy(0, 4, batch(2), batch(0)), /offset 0 comes after offset 4/)
  await assert.rejects(copy(0, 1, batch(0)), /offset 1 comes after offset 2/)
  await assert.rejects(copy(0, 2, batch(0).subarray(0, -1)), /cut off/)
  const owned = batch(0)
  owned.writeBigInt64BE(5n, batchField.producerId)
  owned.writeUInt32BE(crcOfBatch(owned, owned.length), batchField.crc)
  await assert.rejects(copy(0, 2, owned), /no producer/)
  assert.equal(partition.log.endOffset, 0)
})

test('a deleted topic takes no more, and leaves nothing', async () => {
  await copy(0, 2, batch(0))
  broker.deleteQueue(topic)
  await assert.rejects(copy(2, 4, batch(2)), /was deleted/)
})
