// Messages of one key in their order, whatever comes back, waits, dies, is purged or is put back after a restart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NotingSink, QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Queue } from './queue.ts'

const ordered = { 'x-order-by-key': true }

/** `a1` has the key `a`, `-1` none. */
function publish(it: QueueUnderTest, ...texts: string[]): void {
  for (const text of texts) {
    const key = text[0] === '-' ? {} : { headers: table({ 'x-key': text[0]! }) }
    it.publish(text, key)
  }
}

function endTurns({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

/** Texts of the messages that can be taken, and their places. */
function takeAll(it: QueueUnderTest, queue: Queue = it.queue): Map<string, number> {
  const view = new RecordView()
  const taken = new Map<string, number>()
  for (;;) {
    const result = queue.take(view)
    if (result === 'record') taken.set(textOf(view), view.offset)
    else if (result === 'empty') return taken
    endTurns(it)
  }
}

test('one message of a key is out at a time, in order, and others go on', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  const sink = new NotingSink()
  it.consume(sink, { prefetch: 10 })
  publish(it, 'a1', 'a2', 'b1', '-1', '-2', 'a3', 'b2')
  it.settle()
  assert.deepEqual(sink.texts, ['a1', 'b1', '-1', '-2'])
  assert.deepEqual([it.queue.unackedCount, it.queue.readyCount, it.queue.messageCount], [4, 0, 7])
  it.queue.settle(0, 'ack')
  it.settle()
  assert.deepEqual(sink.texts.slice(4), ['a2'])
  it.queue.settle(1, 'ack')
  it.queue.settle(2, 'ack')
  it.settle()
  assert.deepEqual(sink.texts.slice(5), ['a3', 'b2'])
  assert.ok(!sink.redelivered.includes(true), 'what waited has never been out')
})

test('what comes back is tried again before later ones of its key', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  publish(it, 'a1', 'a2', 'b1')
  const taken = takeAll(it)
  assert.deepEqual([...taken.keys()], ['a1', 'b1'])
  it.queue.settle(taken.get('a1')!, 'requeue')
  assert.deepEqual([...takeAll(it).keys()], ['a1'])
  assert.equal(it.queue.isRedelivered, true)
})

test('a delayed retry holds up its key only, also over a restart', () => {
  const retry = { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 1000 }
  const args = table({ ...ordered, ...retry, 'x-queue-type': 'quorum' })
  const it = new QueueUnderTest({ type: 'quorum', arguments: args })
  publish(it, 'a1', 'a2', 'b1')
  const taken = takeAll(it)
  it.queue.settle(taken.get('a1')!, 'fail')
  it.queue.settle(taken.get('b1')!, 'ack')
  publish(it, 'b2')
  assert.deepEqual([...takeAll(it).keys()], ['b2'])
  endTurns(it)
  const again = it.reopen()
  assert.deepEqual([...takeAll(it, again).keys()], ['b2'])
  it.clock.advance(1000)
  assert.deepEqual([...takeAll(it, again).keys()], ['a1'])
  assert.equal(again.returnCountOf(taken.get('a1')!), 1)
  again.settle(taken.get('a1')!, 'ack')
  assert.deepEqual([...takeAll(it, again).keys()], ['a2'])
})

test('a death lets the next one of its key go out', () => {
  const it = new QueueUnderTest({
    arguments: table({ ...ordered, 'x-dead-letter-exchange': 'dlx' }),
  })
  publish(it, 'a1', 'a2')
  it.queue.settle(takeAll(it).get('a1')!, 'reject')
  endTurns(it)
  assert.deepEqual([...takeAll(it).keys()], ['a2'])
  assert.deepEqual(it.dead, [[0, 'rejected']])
})

test('messages that nobody acks go out in order, too', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  const sink = new NotingSink()
  it.consume(sink, { isNoAck: true })
  publish(it, 'a1', 'a2', 'a3')
  it.settle()
  assert.deepEqual(sink.texts, ['a1', 'a2', 'a3'])
  assert.equal(it.queue.messageCount, 0)
})

test('a purge drops what waits for others, and a policy can end the order', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  publish(it, 'a1', 'a2', 'a3')
  const taken = takeAll(it)
  it.store.beginAtom()
  assert.equal(it.queue.purge(), 2)
  it.store.endAtom()
  assert.equal(it.queue.messageCount, 1)
  publish(it, 'a4', 'a5')
  assert.deepEqual([...takeAll(it).keys()], [])
  it.queue.settle(taken.get('a1')!, 'ack')
  assert.deepEqual([...takeAll(it).keys()], ['a4'])
  it.queue.applySettings({ ...it.queue.settings, isOrderedByKey: false })
  assert.deepEqual([...takeAll(it).keys()], ['a5'])
})

test('a requeued message that a job takes away lets the next one go out', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  publish(it, 'a1', 'a2')
  it.queue.settle(takeAll(it).get('a1')!, 'requeue')
  it.store.beginAtom()
  it.queue.parts[0]!.removeReady([{ offset: 0, size: 2 }])
  it.store.endAtom()
  it.queue.ends.sweep()
  assert.deepEqual([...takeAll(it).keys()], ['a2'])
})

test('keys of any length are kept apart', () => {
  const it = new QueueUnderTest({ arguments: table(ordered) })
  const long = 'x'.repeat(1000)
  for (const key of [`${long}1`, `${long}2`, `${long}1`]) {
    it.publish(key.at(-1)!, { headers: table({ 'x-key': key }) })
  }
  assert.deepEqual([...takeAll(it).values()], [0, 1])
})

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), key: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.nat(4) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('ack' as const, 'fail' as const, 'requeue' as const),
        which: fc.nat(20),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'wait' as const) }),
    },
  ),
  { maxLength: 80 },
)

test('whatever happens, a message is acked after all earlier ones of its key, and none is lost', () => {
  const property = fc.property(steps, fc.boolean(), (all, isQuorum) => {
    const type = isQuorum ? 'quorum' : 'classic'
    const retry = { 'x-delayed-retry-type': 'failed', 'x-delayed-retry-min': 10 }
    const args = { ...ordered, 'x-queue-type': type, 'x-delivery-limit': -1, ...retry }
    const it = new QueueUnderTest({ type, arguments: table(isQuorum ? args : ordered) })
    const view = new RecordView()
    let { queue } = it
    let number = 0
    let out = new Map<number, string>()
    const acked: string[] = []
    const take = (count: number): void => {
      for (let taken = 0; taken < count;) {
        const result = queue.take(view)
        if (result === 'empty') return
        endTurns(it)
        if (result !== 'record') continue
        out.set(view.offset, textOf(view))
        taken++
      }
    }
    const settle = (place: number, how: 'ack' | 'fail' | 'requeue'): void => {
      if (how === 'ack') acked.push(out.get(place)!)
      out.delete(place)
      queue.settle(place, how)
      endTurns(it)
    }
    for (const step of all) {
      if (step.do === 'publish') {
        const text = `${'abc-'[step.key]}${`${number++}`.padStart(3, '0')}`
        const key = step.key === 3 ? {} : { headers: table({ 'x-key': text[0]! }) }
        it.publish(text, key, queue)
        endTurns(it)
      } else if (step.do === 'take') take(step.count)
      else if (step.do === 'wait') it.clock.advance(25)
      else if (step.do === 'restart') {
        out = new Map()
        endTurns(it)
        queue = it.reopen(queue)
      } else if (out.size > 0 && 'which' in step) {
        settle([...out.keys()][step.which % out.size]!, step.do)
      }
      const keys = [...out.values()].map((text) => text[0]).filter((key) => key !== '-')
      assert.equal(new Set(keys).size, keys.length, 'one of a key is out')
    }
    for (let round = 0; queue.messageCount > 0; round++) {
      assert.ok(round < 1000, `${queue.messageCount} messages stay`)
      it.clock.advance(25)
      take(100)
      for (const place of out.keys()) settle(place, 'ack')
    }
    assert.equal(acked.length, number)
    for (const key of 'abc') {
      const ofKey = acked.filter((text) => text.startsWith(key))
      assert.deepEqual(ofKey, ofKey.toSorted())
    }
  })
  fc.assert(property, { numRuns: 150 })
})
