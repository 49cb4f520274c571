// Which message of a queue with a source goes next, and when a record of the topic is there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../../test/support/log-engines.ts'
import { messageOf } from '../../../test/support/queue-under-test.ts'
import { Turn } from '../../lib/turn.ts'
import type { LogCursor } from '../../log/log-cursor.ts'
import type { Log } from '../../log/log.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import type { MessageSource, SourcePartition } from './message-source.ts'
import { SourceBacklog, type SourceBacklogOwner } from './source-backlog.ts'

class PartitionDouble implements SourcePartition {
  readonly log: Log
  readonly cursor: LogCursor
  readonly listeners = new Set<() => void>()

  constructor(log: Log) {
    this.log = log
    this.cursor = cursorOf(log)
    log.watcher = { onDurable: () => this.listeners.forEach((listener) => listener()) }
  }

  addListener(listener: () => void): void {
    this.listeners.add(listener)
  }

  removeListener(listener: () => void): void {
    this.listeners.delete(listener)
  }
}

class BacklogFixture {
  readonly clock: VirtualClock = new VirtualClock()
  readonly store: MemoryLogStore = new MemoryLogStore({
    clock: this.clock,
    turn: new Turn(this.clock),
  })
  readonly partitions: PartitionDouble[] = []
  readonly topic: MessageSource<SourceBacklogOwner> = {
    name: 't',
    partitions: this.partitions,
    subscriptions: new Set(),
  }
  readableCount = 0
  readonly owner: SourceBacklogOwner = {
    onReadable: () => this.readableCount++,
    onDamaged: (_offset, error) => assert.fail(error),
    onPartitionsAdded: () => this.backlog.addPartitions(),
    onLevelAdded: () => undefined,
  }
  readonly backlog: SourceBacklog<SourceBacklogOwner>

  constructor(partitionCount: number) {
    this.store.beginAtom()
    const cursor = cursorOf(createLogWithCursor(this.store))
    for (let index = 0; index < partitionCount; index++) this.addPartition()
    const cursors = this.partitions.map(({ log }) => this.store.createCursor(log))
    this.store.endAtom()
    const { store, owner, topic } = this
    this.backlog = new SourceBacklog({ cursor, source: { topic, cursors }, store, owner })
  }

  addPartition(): void {
    this.partitions.push(new PartitionDouble(createLogWithCursor(this.store)))
  }

  append(index: number, ...bodies: string[]): void {
    this.store.beginAtom()
    for (const body of bodies) this.partitions[index]!.log.append(messageOf(body), -1)
    this.store.endAtom()
  }

  appendOwn(body: string): void {
    this.store.beginAtom()
    this.backlog.append(messageOf(body), -1, false)
    this.store.endAtom()
  }

  /** Takes what is ready, and waits for the disk in between. */
  takeAll(): string[] {
    const view = new RecordView()
    const bodies: string[] = []
    for (;;) {
      const result = this.backlog.take(view)
      if (result === 'empty') return bodies
      if (result === 'wait') this.clock.runUntilIdle()
      else bodies.push(view.buffer.toString('latin1', view.bodyStart, view.bodyEnd))
    }
  }
}

test('records are there once they are durable, and nobody has to ask', () => {
  const fixture = new BacklogFixture(1)
  fixture.append(0, 'a', 'b')
  assert.deepEqual([fixture.backlog.messageCount, fixture.takeAll()], [0, []])
  fixture.clock.runUntilIdle()
  assert.equal(fixture.backlog.messageCount, 2)
  assert.ok(fixture.readableCount > 0)
  assert.deepEqual(fixture.takeAll(), ['a', 'b'])
})

test("the queue's own messages go first, then partitions take turns", () => {
  const fixture = new BacklogFixture(3)
  fixture.append(0, 'a0', 'a1', 'a2')
  fixture.append(2, 'c0', 'c1')
  fixture.append(1, 'b0')
  fixture.clock.runUntilIdle()
  fixture.appendOwn('own')
  fixture.clock.runUntilIdle()
  assert.deepEqual(fixture.takeAll(), ['own', 'a0', 'b0', 'c0', 'a1', 'c1', 'a2'])
})

test('a purge leaves what is not durable yet', () => {
  const fixture = new BacklogFixture(1)
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
  const fixture = new BacklogFixture(1)
  fixture.store.beginAtom()
  fixture.addPartition()
  fixture.store.endAtom()
  fixture.append(1, 'x')
  fixture.owner.onPartitionsAdded()
  fixture.clock.runUntilIdle()
  assert.deepEqual(fixture.takeAll(), ['x'])
})

test('a closed one listens to nothing', () => {
  const fixture = new BacklogFixture(2)
  fixture.backlog.close()
  assert.ok(fixture.partitions.every(({ listeners }) => listeners.size === 0))
  assert.equal(fixture.topic.subscriptions.size, 0)
})
