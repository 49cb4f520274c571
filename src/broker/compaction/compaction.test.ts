import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CompactedTopic,
  compactedTopic,
  dayMs,
  workerOn,
} from '../../../test/support/compacted-topic.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'

const compactAtOnce = { 'segment.ms': '1000', 'min.cleanable.dirty.ratio': '0.01' }

test('the latest record of each key stays, at its offset', async () => {
  const topic = await compactedTopic(compactAtOnce)
  await topic.produce([
    ['a', '1'],
    ['b', '1'],
    ['a', '2'],
  ])
  await topic.produce([['b', '2']])
  await topic.produce([['c', '1']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['2 a=2', '3 b=2', '4 c=1'])
})

test('the batch that ends the log is not compacted, and its records supersede none', async () => {
  const topic = await compactedTopic(compactAtOnce)
  await topic.produce([['a', '1']])
  await topic.produce([['a', '2']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['0 a=1', '1 a=2'])
  await topic.produce([['a', '3']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a=2', '2 a=3'])
})

test('a batch that loses records keeps its offsets and its sequence', async () => {
  const topic = await compactedTopic(compactAtOnce)
  const producer = { producerId: 7, producerEpoch: 1, baseSequence: 5 }
  await topic.produce(
    [
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ],
    { producer, compression: 'gzip' },
  )
  await topic.produce([['c', '2']])
  await topic.produce([['end', '']])
  await topic.compact()
  const [header] = await topic.headers()
  assert.equal(header?.baseOffset, 0)
  assert.equal(header?.lastOffsetDelta, 2)
  assert.equal(header?.recordCount, 2)
  assert.equal(header?.compression, 'gzip')
  assert.deepEqual({ ...producer, ...header }, header)
})

test('a tombstone stays for delete.retention.ms after it was seen first, then it goes', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'delete.retention.ms': '60000' })
  await topic.produce([['a', '1']])
  await topic.produce([['a', null]])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a', '2 end='])
  const [header] = await topic.headers()
  assert.equal(header?.hasDeleteHorizon, true)
  assert.equal(header?.baseTimestamp, topic.now() + 60_000)
  // Nothing new comes, and its time does.
  topic.advance(59_000)
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a', '2 end='])
  topic.advance(2000)
  await topic.compact()
  assert.deepEqual(await topic.records(), ['2 end='])
})

test('a tombstone keeps its timestamp', async () => {
  const topic = await compactedTopic(compactAtOnce)
  const before = topic.now()
  await topic.produce([
    ['a', null],
    ['b', '1'],
  ])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual((await topic.timestamps()).slice(0, 2), [before, before + 1])
})

test('records that are younger than min.compaction.lag.ms stay, with all that comes after', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'min.compaction.lag.ms': '60000' })
  await topic.produce([['a', '1']])
  await topic.produce([['a', '2']])
  topic.advance(30_000)
  await topic.produce([['a', '3']])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.equal((await topic.records()).length, 4)
  topic.advance(31_000)
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a=2', '2 a=3', '3 end='])
})

test('nothing is compacted before enough is dirty, but what is dirty for too long', async () => {
  const topic = await compactedTopic({
    'segment.ms': '1000',
    'min.cleanable.dirty.ratio': '0.5',
    'max.compaction.lag.ms': `${dayMs}`,
  })
  for (let n = 0; n < 8; n++) await topic.produce([[`key ${n}`, 'x'.repeat(100)]])
  await topic.produce([['end', '']])
  await topic.compact()
  await topic.produce([['key 0', 'y']])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.equal((await topic.records()).length, 11)
  topic.advance(dayMs)
  await topic.compact()
  assert.deepEqual((await topic.records()).at(-2), '9 key 0=y')
  assert.equal((await topic.records()).length, 10)
})

test('the active part is not compacted: records below segment.ms and segment.bytes', async () => {
  const topic = await compactedTopic({ 'segment.ms': '60000', 'segment.bytes': '1048576' })
  const produceTwo = async (): Promise<void> => {
    await topic.produce([['a', 'x']])
    await topic.produce([['a', 'y']])
  }
  await produceTwo()
  topic.advance(30_000)
  await topic.compactNow()
  await produceTwo()
  await topic.compactNow()
  assert.equal((await topic.records()).length, 4)
  topic.advance(31_000)
  await topic.compactNow()
  assert.deepEqual(await topic.records(), ['2 a=x', '3 a=y'])
  for (let n = 0; n < 12; n++) await topic.produce([['b', 'z'.repeat(100_000)]])
  await topic.compactNow()
  assert.deepEqual(
    (await topic.records()).map((text) => text.slice(0, 6)),
    ['3 a=y', '14 b=z', '15 b=z'].map((text) => text.slice(0, 6)),
  )
})

test('messages of AMQP take part by their routing key, and one without a key stays', async () => {
  const topic = await compactedTopic(compactAtOnce)
  topic.publish('a', 'one')
  topic.publish('', 'none')
  await topic.produce([['a', '2']])
  topic.publish('a', 'three')
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 null=none', '3 a=three', '4 end='])
})

test('a tombstone of AMQP goes as others do', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'delete.retention.ms': '60000' })
  topic.publish('a', 'one')
  topic.publish('a', null)
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a', '2 end='])
  topic.advance(61_000)
  await topic.compact()
  assert.deepEqual(await topic.records(), ['2 end='])
})

test('what a queue with a source has not taken stays, with all that comes after', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'delete.retention.ms': '0' })
  await topic.produce([['a', '1']])
  await topic.produce([['a', '2']])
  await topic.produce([['a', '3']])
  const cursor = topic.addCursor(1)
  await topic.produce([['a', null]])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['0 a=1', '1 a=2', '2 a=3', '3 a', '4 end='])
  cursor.ack(1)
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a=2', '2 a=3', '3 a', '4 end='])
  cursor.ackRange(2, 4)
  await topic.compact()
  await topic.compact()
  assert.deepEqual(await topic.records(), ['4 end='])
})

test('keys that do not fit the memory are compacted in several passes', async () => {
  const topic = await compactedTopic(compactAtOnce, { 'log.cleaner.dedupe.buffer.size': '1' })
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 5; n++) {
      const records = Array.from({ length: 400 }, (_, at): [string, string] => [
        `${n} ${at}`,
        `${round}`,
      ])
      await topic.produce(records)
    }
  }
  await topic.produce([['end', '']])
  for (let pass = 0; pass < 30; pass++) {
    await topic.compact()
    topic.advance(1000)
  }
  const records = await topic.records()
  assert.equal(records.length, 2001)
  assert.ok(records.every((text) => text.endsWith('=2') || text.endsWith('=')))
})

test('retention goes on beside it with compact,delete', async () => {
  const topic = await compactedTopic({
    ...compactAtOnce,
    'cleanup.policy': 'compact,delete',
    'retention.ms': `${dayMs}`,
  })
  await topic.produce([['a', '1']])
  await topic.produce([['b', '1']])
  await topic.produce([['a', '2']])
  topic.advance(dayMs / 2)
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 b=1', '2 a=2', '3 end='])
  topic.advance(dayMs * 0.6)
  await topic.retain()
  assert.deepEqual(await topic.records(), ['3 end='])
})

const inTransaction = (producerId: number, baseSequence = 0): object => ({
  producer: { producerId, producerEpoch: 0, baseSequence },
  isTransactional: true,
})

test('what an open transaction has written is not touched, nor what comes after it', async () => {
  const topic = await compactedTopic(compactAtOnce)
  await topic.produce([['a', '1']])
  await topic.produce([['a', '2']])
  await topic.produce([['a', '3']], inTransaction(1))
  await topic.produce([['b', '1']])
  await topic.produce([['b', '2']])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await topic.records(), ['1 a=2', '2 a=3', '3 b=1', '4 b=2', '5 end='])
  await topic.endTransaction(1, true)
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(
    (await topic.headers()).map(({ baseOffset }) => baseOffset),
    [2, 4, 5, 6, 7],
  )
})

test('records of aborted transactions go and supersede none; the marker stays', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'delete.retention.ms': '0' })
  await topic.produce([['a', '1']])
  await topic.produce([['a', '2']], inTransaction(1))
  await topic.produce([['a', null]], inTransaction(1, 1))
  await topic.endTransaction(1, false)
  await topic.produce([['end', '']])
  await topic.compact()
  await topic.compact()
  const headers = await topic.headers()
  const shown = headers.map(({ baseOffset, isControl }) => `${baseOffset} ${isControl}`)
  assert.deepEqual(shown, ['0 false', '3 true', '4 false'])
})

test('the marker of a committed transaction goes after its records, when tombstones do', async () => {
  const topic = await compactedTopic({ ...compactAtOnce, 'delete.retention.ms': '60000' })
  await topic.produce([['a', '1']], inTransaction(1))
  await topic.endTransaction(1, true)
  await topic.produce([['b', '1']])
  await topic.produce([['end', '']])
  const offsets = async (): Promise<number[]> =>
    (await topic.headers()).map(({ baseOffset }) => baseOffset)
  await topic.compact()
  assert.deepEqual(await offsets(), [0, 1, 2, 3])
  await topic.produce([['a', '2']])
  await topic.produce([['end', '']])
  await topic.compact()
  assert.deepEqual(await offsets(), [1, 2, 3, 4, 5])
  const marker = (await topic.headers())[0]!
  assert.deepEqual([marker.isControl, marker.hasDeleteHorizon], [true, true])
  topic.advance(61_000)
  await topic.compact()
  assert.deepEqual(await offsets(), [2, 3, 4, 5])
})

/** Two cells of a node, whose topics have the same keys. */
async function inTwoCells(): Promise<readonly [CompactedTopic, CompactedTopic]> {
  const worker = workerOn(new VirtualClock())
  const one = await compactedTopic(compactAtOnce, {}, worker)
  const other = await compactedTopic(compactAtOnce, {}, worker)
  for (let round = 0; round < 10; round++) await one.produce([['a', `${round}`]])
  await other.produce([
    ['a', '1'],
    ['b', '1'],
    ['a', '2'],
  ])
  for (const topic of [one, other]) await topic.produce([['end', '']])
  return [one, other]
}

test('cells of a node that compact at the same time keep their latest records', async () => {
  for (const isFirst of [false, true]) {
    const [one, other] = await inTwoCells()
    const inTheirOrder = isFirst ? [one, other] : [other, one]
    await Promise.all(inTheirOrder.map((topic) => topic.compact()))
    assert.deepEqual(await other.records(), ['1 b=1', '2 a=2', '3 end='])
    assert.deepEqual(await one.records(), ['9 a=9', '10 end='])
  }
})

test('a cell that ends in the middle of a pass, or while it waits for its turn, holds nobody up', async () => {
  for (const isFirst of [true, false]) {
    const [one, other] = await inTwoCells()
    const [first, second] = isFirst ? [one, other] : [other, one]
    const running = [first.compact(), second.compact()]
    await one.compaction.close()
    await Promise.all(running)
    assert.deepEqual(await other.records(), ['1 b=1', '2 a=2', '3 end='])
    assert.equal((await one.records()).at(-2), '9 a=9')
  }
})
