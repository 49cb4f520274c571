import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { NotingSink, QueueUnderTest } from '../../../test/support/queue-under-test.ts'
import { FieldTable, table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { QueueType } from '../queue-arguments.ts'
import type { Consumer } from './consumer.ts'

const singleActive = FieldTable.from([['x-single-active-consumer', { type: 'bool', value: true }]])

interface Reader {
  readonly sink: NotingSink
  readonly consumer: Consumer
}

function queueOf(type: QueueType): QueueUnderTest {
  return new QueueUnderTest({ type, arguments: singleActive })
}

function join(it: QueueUnderTest, priority = 0, prefetch = 0): Reader {
  const sink = new NotingSink()
  const consumer = it.queue.addConsumer(sink, {
    tag: 'tag',
    isNoAck: false,
    isExclusive: false,
    prefetch,
    arguments: table({ 'x-priority': priority }),
  })
  it.settle()
  return { sink, consumer }
}

function publish(it: QueueUnderTest, ...texts: readonly string[]): void {
  for (const text of texts) it.publish(text)
  it.settle()
}

function ackAll({ sink, consumer }: Reader): void {
  for (const offset of sink.offsets.splice(0)) consumer.settle(offset, 'ack')
}

function whoIsActive(readers: readonly Reader[]): number[] {
  return readers.flatMap(({ consumer }, index) =>
    consumer.isActive && !consumer.isCancelled ? [index] : [],
  )
}

for (const type of ['classic', 'quorum'] as const) {
  test(`${type}: the first consumer gets everything, the next one in line takes over`, () => {
    const it = queueOf(type)
    const [first, second, third] = [join(it), join(it), join(it)]
    publish(it, 'a', 'b')
    assert.deepEqual(first.sink.texts, ['a', 'b'])
    assert.deepEqual(whoIsActive([first, second, third]), [0])
    it.queue.removeConsumer(first.consumer)
    publish(it, 'c')
    assert.deepEqual(second.sink.texts, ['c'])
    assert.deepEqual(third.sink.texts, [])
    assert.deepEqual(whoIsActive([first, second, third]), [1])
  })

  test(`${type}: a consumer in line that is gone is not missed`, () => {
    const it = queueOf(type)
    const [first, second, third] = [join(it), join(it), join(it)]
    it.queue.removeConsumer(second.consumer)
    it.queue.removeConsumer(first.consumer)
    publish(it, 'a')
    assert.deepEqual(third.sink.texts, ['a'])
    it.queue.removeConsumer(third.consumer)
    assert.deepEqual(whoIsActive([first, second, third]), [])
    const late = join(it)
    publish(it, 'b')
    assert.deepEqual(late.sink.texts, ['b'])
  })

  test(`${type}: an active consumer without room keeps others waiting`, () => {
    const it = queueOf(type)
    const [first, second] = [join(it, 0, 1), join(it)]
    publish(it, 'a', 'b')
    assert.deepEqual([first.sink.texts, second.sink.texts], [['a'], []])
    ackAll(first)
    it.settle()
    assert.deepEqual([first.sink.texts, second.sink.texts], [['a', 'b'], []])
  })

  test(`${type}: of those in line the highest priority is next`, () => {
    const it = queueOf(type)
    const first = join(it, 9)
    const [low, high, later] = [join(it, 1), join(it, 5), join(it, 5)]
    it.queue.removeConsumer(first.consumer)
    assert.deepEqual(whoIsActive([first, low, high, later]), [2])
  })

  test(`${type}: nobody consumes it exclusively`, () => {
    const it = queueOf(type)
    const options = { tag: 't', isNoAck: true, prefetch: 0, arguments: table({}) }
    assert.throws(() => it.queue.addConsumer(new NotingSink(), { ...options, isExclusive: true }), {
      code: 'access_refused',
      message: "queue 'q' in vhost '/' in exclusive use",
    })
  })
}

test('classic: a higher priority waits for its turn, and basic.get takes what is there', () => {
  const it = queueOf('classic')
  const [first, higher] = [join(it, 0, 1), join(it, 10)]
  publish(it, 'a', 'b')
  assert.deepEqual([first.sink.texts, higher.sink.texts], [['a'], []])
  assert.equal(it.queue.take(new RecordView()), 'record')
})

test('quorum: a higher priority takes over at once from a consumer that has nothing', () => {
  const it = queueOf('quorum')
  const [first, higher] = [join(it), join(it, 1)]
  assert.deepEqual(whoIsActive([first, higher]), [1])
  publish(it, 'a')
  assert.deepEqual([first.sink.texts, higher.sink.texts], [[], ['a']])
  ackAll(higher)
  it.queue.removeConsumer(higher.consumer)
  publish(it, 'b')
  assert.deepEqual(first.sink.texts, ['b'])
})

test('quorum: a higher priority waits until the active one has settled what it has', () => {
  const it = queueOf('quorum')
  const first = join(it)
  publish(it, 'a', 'b')
  const higher = join(it, 1)
  publish(it, 'c')
  assert.deepEqual([first.sink.texts, higher.sink.texts], [['a', 'b'], []])
  const [one, two] = first.sink.offsets as [number, number]
  first.consumer.settle(one, 'ack')
  it.settle()
  assert.deepEqual(higher.sink.texts, [])
  first.consumer.settle(two, 'requeue')
  it.settle()
  assert.deepEqual(
    [first.sink.texts, higher.sink.texts],
    [
      ['a', 'b'],
      ['b', 'c'],
    ],
  )
  assert.deepEqual(whoIsActive([first, higher]), [1])
})

test('quorum: when the higher one goes first, the active one goes on', () => {
  const it = queueOf('quorum')
  const first = join(it)
  publish(it, 'a')
  const higher = join(it, 1)
  it.queue.removeConsumer(higher.consumer)
  publish(it, 'b')
  assert.deepEqual(first.sink.texts, ['a', 'b'])
  assert.deepEqual(whoIsActive([first, higher]), [0])
})

test('quorum: nobody takes messages besides the active consumer', () => {
  assert.throws(() => queueOf('quorum').queue.take(new RecordView()), {
    code: 'resource_locked',
    message:
      "cannot obtain access to locked queue 'q' in vhost '/'. basic.get operations are not " +
      'supported by <<"quorum">> queues with single active consumer',
  })
})

test('whoever comes, goes and settles: one is active, and every message reaches it in order', () => {
  const step = fc.oneof(
    fc.tuple(fc.constant('join' as const), fc.integer({ min: 0, max: 2 })),
    fc.tuple(fc.constantFrom('leave' as const, 'ack' as const), fc.nat(5)),
    fc.tuple(fc.constant('publish' as const), fc.nat(3)),
  )
  const steps = fc.array(step, { maxLength: 60, size: 'max' })
  fc.assert(
    fc.property(fc.constantFrom('classic', 'quorum'), steps, (type, moves) => {
      const it = queueOf(type)
      const readers: Reader[] = []
      let published = 0
      for (const [kind, value] of moves) {
        const reader = readers[value]
        if (kind === 'join') readers.push(join(it, value))
        else if (kind === 'publish') publish(it, `m${published++}`)
        else if (kind === 'ack' && reader !== undefined) ackAll(reader)
        else if (reader !== undefined) {
          it.queue.removeConsumer(reader.consumer)
          ackAll(reader)
          readers.splice(value, 1)
        }
        it.settle()
        const active = whoIsActive(readers)
        assert.equal(active.length, readers.length === 0 ? 0 : 1)
        const reading = readers[active[0] ?? -1]
        if (reading?.consumer.isYielding === false) assert.equal(it.queue.readyCount, 0)
        if (reading?.consumer.isYielding === true) assert.ok(reading.consumer.unackedCount > 0)
      }
    }),
    { numRuns: 300 },
  )
})
