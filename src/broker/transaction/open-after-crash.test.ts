// Transactions that a crash finds open, and what a queue counts once they are aborted by the next process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DelaysOnDisk, type DelaysUnderTest } from '../../../test/support/delays-under-test.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { Crossing } from '../../crossing/crossing.ts'
import { systemClock } from '../../lib/clock.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import type { Partition } from '../topic/partition.ts'

interface Written {
  readonly producerId: number
  readonly first: number
  readonly values: readonly string[]
}

function partitionOf({ broker }: DelaysUnderTest): Partition {
  return broker.topicsOf(broker.getVHost('/')).find('q')!.partitions[0]!
}

function write(it: DelaysUnderTest, { producerId, first, values }: Written): void {
  const builder = new RecordBatchBuilder(0)
  for (const [offset, value] of values.entries()) {
    builder.append({ offset, timestamp: 0, key: null, value: Buffer.from(value), headers: [] })
  }
  const producer = { producerId, producerEpoch: 0, baseSequence: first, isTransactional: true }
  partitionOf(it).produce(builder.finish(producer))
}

function end(it: DelaysUnderTest, producerId: number, isCommit: boolean): void {
  const { store } = it.broker
  store.beginAtom()
  const coordinatorEpoch = store.epoch
  partitionOf(it).endTransaction({ producerId, epoch: 0, isCommit, coordinatorEpoch })
  store.endAtom()
}

test('a queue does not count what was open at a crash and is aborted then', async () => {
  const worker = new BatchWorker(systemClock)
  const onDisk = new DelaysOnDisk(new Crossing({ worker, onUndecodable: () => assert.fail() }))
  const before = await onDisk.start()
  before.queue('q')
  write(before, { producerId: 2, first: 0, values: ['of the one before'] })
  end(before, 2, true)
  write(before, { producerId: 1, first: 0, values: ['a', 'b'] })
  write(before, { producerId: 2, first: 1, values: ['kept', 'as well'] })
  end(before, 2, true)
  write(before, { producerId: 2, first: 3, values: ['c'] })
  write(before, { producerId: 1, first: 2, values: ['d'] })
  await onDisk.until(() => partitionOf(before).log.durableEnd === partitionOf(before).log.endOffset)
  onDisk.crash(seededRandom(1))
  const it = await onDisk.start()
  const { transactions } = partitionOf(it)
  assert.equal(it.readyCount('q'), 1)
  await onDisk.until(() => transactions?.find(1)?.ranges?.length === 2)
  write(it, { producerId: 1, first: 3, values: ['e'] })
  for (const producerId of [1, 2]) end(it, producerId, false)
  assert.equal(it.readyCount('q'), 3)
  const taken = await onDisk.take(it, 3)
  assert.deepEqual(
    taken.map(({ text }) => text),
    ['of the one before', 'kept', 'as well'],
  )
  await onDisk.stop(it)
})
