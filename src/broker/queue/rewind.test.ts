// What a queue makes ready again, and what stays as it was.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { QueueUnderTest, textOf } from '../../../test/support/queue-under-test.ts'
import { table } from '../../record/message/field-table.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { Retention } from '../topic/retention.ts'
import { readQueueSettings } from './queue-settings.ts'
import type { Queue } from './queue.ts'
import { settleRetention } from './settle-retention.ts'

function filled(texts: string, args: Record<string, number> = {}): QueueUnderTest {
  const it = new QueueUnderTest({ arguments: table({ 'x-retention-ms': 100_000, ...args }) })
  it.store.beginAtom()
  settleRetention(it.queue, it.store)
  it.store.endAtom()
  for (const text of texts) publish(it, text)
  return it
}

function publish(it: QueueUnderTest, text: string): void {
  it.publish(text)
  endTurns(it)
}

function endTurns({ clock }: QueueUnderTest): void {
  while (clock.turnSize > 0) clock.endTurn()
}

/** Takes a message that stays unacked; '' when there is none. */
function take(it: QueueUnderTest, queue: Queue = it.queue): { text: string; offset: number } {
  const view = new RecordView()
  for (;;) {
    const result = queue.take(view)
    if (result === 'empty') return { text: '', offset: -1 }
    if (result === 'record') return { text: textOf(view), offset: view.offset }
    endTurns(it)
  }
}

/** Takes and acks all that is ready. */
function drain(it: QueueUnderTest, queue: Queue = it.queue): string {
  let texts = ''
  for (let taken = take(it, queue); taken.text !== ''; taken = take(it, queue)) {
    texts += taken.text
    queue.settle(taken.offset, 'ack')
    endTurns(it)
  }
  return texts
}

function rewind(it: QueueUnderTest, offset: number, queue: Queue = it.queue): number {
  it.store.beginAtom()
  const count = queue.rewind([offset])
  it.store.endAtom()
  endTurns(it)
  return count
}

test('acked messages from the target on come back in their order', () => {
  const it = filled('abcde')
  assert.equal(drain(it), 'abcde')
  assert.equal(rewind(it, 2), 3)
  assert.equal(it.queue.readyCount, 3)
  assert.equal(drain(it), 'cde')
  assert.equal(rewind(it, 0), 5)
  assert.equal(drain(it), 'abcde')
  assert.equal(it.queue.messageCount, 0)
})

test('what is out stays out, and what came back comes once, however often it is rewound', () => {
  const it = filled('abcdef')
  const [a, b, c, d] = [take(it), take(it), take(it), take(it)]
  it.queue.settle(a.offset, 'ack')
  it.queue.settle(b.offset, 'requeue')
  assert.equal(rewind(it, 0), 1)
  assert.equal(rewind(it, 0), 0)
  assert.deepEqual([it.queue.readyCount, it.queue.unackedCount], [4, 2])
  it.queue.settle(c.offset, 'requeue')
  assert.equal(rewind(it, 1), 0)
  assert.equal(drain(it), 'abcef')
  assert.equal(rewind(it, 0), 5)
  it.queue.settle(d.offset, 'ack')
  assert.equal(drain(it), 'abcef')
  assert.equal(rewind(it, 3), 3)
  assert.equal(drain(it), 'def')
})

test('a message that came back and waits below the target is not lost', () => {
  const it = filled('abcd')
  const [a, b] = [take(it), take(it)]
  drain(it)
  it.queue.settle(a.offset, 'requeue')
  assert.equal(rewind(it, 3), 1)
  it.queue.settle(b.offset, 'requeue')
  assert.equal(drain(it), 'abd')
})

test('a purge after a rewind leaves what consumers hold', () => {
  const it = filled('abcd')
  const [a, b, c] = [take(it), take(it), take(it)]
  it.queue.settle(a.offset, 'ack')
  assert.equal(rewind(it, 0), 1)
  it.store.beginAtom()
  assert.equal(it.queue.purge(), 2)
  it.store.endAtom()
  endTurns(it)
  assert.deepEqual([it.queue.readyCount, it.queue.unackedCount], [0, 2])
  publish(it, 'e')
  it.queue.settle(b.offset, 'requeue')
  assert.equal(drain(it), 'be')
  assert.equal(c.text, 'c')
  assert.equal(drain(it, it.reopen()), 'c')
})

test('what was out at a rewind and is acked since comes back with the next one', () => {
  const it = filled('abc')
  const [a, , c] = [take(it), take(it), take(it)]
  it.queue.settle(a.offset, 'ack')
  assert.equal(rewind(it, 0), 1)
  it.queue.settle(c.offset, 'ack')
  assert.equal(rewind(it, 0), 1)
  assert.equal(drain(it), 'ac')
})

test('the next process knows what was rewound', () => {
  const it = filled('abcd')
  drain(it)
  rewind(it, 1)
  const { offset } = take(it)
  it.queue.settle(offset, 'ack')
  endTurns(it)
  const reopened = it.reopen()
  assert.equal(drain(it, reopened), 'cd')
  assert.equal(rewind(it, 0, reopened), 4)
  assert.equal(drain(it, reopened), 'abcd')
})

test('only what was delivered before is redelivered', () => {
  const it = filled('abc')
  it.queue.settle(take(it).offset, 'ack')
  rewind(it, 0)
  const flags = ['a', 'b', 'c'].map((text) => {
    assert.equal(take(it).text, text)
    return it.queue.isRedelivered
  })
  assert.deepEqual(flags, [true, false, false])
})

test('a time to live counts from the rewind', () => {
  const it = filled('ab', { 'x-message-ttl': 1000 })
  assert.equal(drain(it), 'ab')
  it.clock.advance(5000)
  assert.equal(rewind(it, 0), 2)
  it.clock.advance(999)
  endTurns(it)
  const reopened = it.reopen()
  assert.equal(take(it, reopened).text, 'a')
  it.clock.advance(1)
  endTurns(it)
  assert.equal(take(it, reopened).text, '')
})

test('a limit of bytes drops nothing that was replayed', () => {
  const it = filled('abcd', { 'x-max-length-bytes': 4 })
  drain(it)
  rewind(it, 0)
  publish(it, 'e')
  assert.equal(drain(it), 'abcde')
})

test('a limit of bytes that comes after a rewind counts neither what was replayed nor what is out', () => {
  const it = filled('abcdef')
  const [a, b, c] = [take(it), take(it), take(it)]
  it.queue.settle(a.offset, 'ack')
  assert.equal(rewind(it, 0), 1)
  it.clock.advance(1)
  const policy = { 'max-length-bytes': 2 }
  it.queue.applySettings(readQueueSettings('classic', it.queue.arguments, policy))
  endTurns(it)
  assert.deepEqual([it.queue.readyCount, it.queue.unackedCount], [4, 2])
  it.queue.settle(b.offset, 'ack')
  it.queue.settle(c.offset, 'requeue')
  publish(it, 'g')
  assert.equal(it.queue.readyCount, 6)
  publish(it, 'h')
  // It counts since it came back, and is the first that a limit drops.
  assert.equal(drain(it), 'adefgh')
  publish(it, 'i')
  publish(it, 'j')
  publish(it, 'k')
  assert.equal(drain(it), 'jk')
})

test('a limit of bytes drops nothing that was replayed after a restart', () => {
  const it = filled('abcd', { 'x-max-length-bytes': 4 })
  assert.equal(drain(it), 'abcd')
  publish(it, 'e')
  publish(it, 'f')
  assert.equal(rewind(it, 0), 4)
  it.clock.advance(1)
  publish(it, 'g')
  const reopened = it.reopen()
  reopened.lookAtRestored()
  endTurns(it)
  assert.equal(reopened.readyCount, 7)
  assert.equal(drain(it, reopened), 'abcdefg')
})

async function passRetention(it: QueueUnderTest): Promise<void> {
  const retention = new Retention({
    store: it.store,
    clock: it.clock,
    topics: () => [],
    workQueues: () => [it.queue],
    onTrouble: (_owner, error) => assert.fail(error),
  })
  await retention.run()
  retention.close()
  endTurns(it)
}

test('what is older than the retention does not come back', async () => {
  const it = filled('abc', { 'x-retention-ms': 1000 })
  drain(it)
  it.clock.advance(2000)
  await passRetention(it)
  assert.equal(rewind(it, 0), 1)
  assert.equal(drain(it), 'c')
})

test('what is more than the retention does not come back', async () => {
  const it = filled('abc', { 'x-retention-bytes': 1 })
  drain(it)
  await passRetention(it)
  assert.equal(rewind(it, 0), 1)
  assert.equal(drain(it), 'c')
})

test('what is older than the retention and was never acked stays, wherever it is rewound to', async () => {
  const it = filled('abcd', { 'x-retention-ms': 1000 })
  const [a, b] = [take(it), take(it)]
  drain(it)
  it.queue.settle(a.offset, 'requeue')
  it.clock.advance(2000)
  await passRetention(it)
  assert.equal(rewind(it, 0), 1)
  it.queue.settle(b.offset, 'requeue')
  assert.equal(drain(it), 'abd')
})
