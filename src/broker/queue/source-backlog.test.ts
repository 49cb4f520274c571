// Which message of a queue with a source goes next, and when a record of the topic is there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceBacklogFixture } from '../../../test/support/source-backlog-fixture.ts'

test('records are there once they are durable, and nobody has to ask', () => {
  const fixture = new SourceBacklogFixture(1)
  fixture.append(0, 'a', 'b')
  assert.deepEqual([fixture.backlog.messageCount, fixture.takeAll()], [0, []])
  fixture.clock.runUntilIdle()
  assert.equal(fixture.backlog.messageCount, 2)
  assert.ok(fixture.readableCount > 0)
  assert.deepEqual(fixture.takeAll(), ['a', 'b'])
})

test("the queue's own messages go first, then partitions take turns", () => {
  const fixture = new SourceBacklogFixture(3)
  fixture.append(0, 'a0', 'a1', 'a2')
  fixture.append(2, 'c0', 'c1')
  fixture.append(1, 'b0')
  fixture.clock.runUntilIdle()
  fixture.appendOwn('own')
  fixture.clock.runUntilIdle()
  assert.deepEqual(fixture.takeAll(), ['own', 'a0', 'b0', 'c0', 'a1', 'c1', 'a2'])
})

test('a purge leaves what is not durable yet', () => {
  const fixture = new SourceBacklogFixture(1)
  fixture.append(0, 'a', 'b')
  fixture.clock.runUntilIdle()
  fixture.append(0, 'c')
  fixture.store.beginAtom()
  assert.equal(fixture.backlog.purge(), 2)
  fixture.store.endAtom()
  fixture.clock.runUntilIdle()
  assert.deepEqual(fixture.takeAll(), ['c'])
})

test('records of a partition that is added come from its beginning', () => {
  const fixture = new SourceBacklogFixture(1)
  fixture.store.beginAtom()
  fixture.addPartition()
  fixture.store.endAtom()
  fixture.append(1, 'x')
  fixture.owner.onPartitionsAdded()
  fixture.clock.runUntilIdle()
  assert.deepEqual(fixture.takeAll(), ['x'])
})

test('a closed one listens to nothing', () => {
  const fixture = new SourceBacklogFixture(2)
  fixture.backlog.close()
  assert.ok(fixture.partitions.every(({ listeners }) => listeners.size === 0))
  assert.equal(fixture.topic.subscriptions.size, 0)
})
