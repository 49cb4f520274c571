// The messages of a queue with a source on the memory engine, and the topic that it reads.
import assert from 'node:assert/strict'
import type { MessageSource, SourcePartition } from '../../src/broker/queue/message-source.ts'
import { SourceBacklog, type SourceBacklogOwner } from '../../src/broker/queue/source-backlog.ts'
import { Turn } from '../../src/lib/turn.ts'
import type { LogCursor } from '../../src/log/log-cursor.ts'
import type { Log } from '../../src/log/log.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createLogWithCursor, cursorOf } from './log-engines.ts'
import { messageOf } from './queue-under-test.ts'

class PartitionDouble implements SourcePartition {
  readonly log: Log
  readonly cursor: LogCursor
  readonly listeners: Set<() => void> = new Set()

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

export class SourceBacklogFixture {
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

  constructor(partitionCount: number, priorityMax = 0) {
    this.store.beginAtom()
    const cursor = cursorOf(createLogWithCursor(this.store))
    for (let index = 0; index < partitionCount; index++) this.addPartition()
    const cursors = this.partitions.map(({ log }) => this.store.createCursor(log))
    this.store.endAtom()
    const { store, owner, topic } = this
    this.backlog = new SourceBacklog({
      cursor,
      source: { topic, cursors },
      store,
      owner,
      priorityMax,
    })
  }

  addPartition(): void {
    this.partitions.push(new PartitionDouble(createLogWithCursor(this.store)))
  }

  append(index: number, ...bodies: string[]): void {
    this.store.beginAtom()
    for (const body of bodies) this.partitions[index]!.log.append(messageOf(body), -1)
    this.store.endAtom()
  }

  appendWith(index: number, body: string, priority: number): void {
    const message = messageOf(body)
    message.header = encodeContentHeader(message.bodyEnd, { priority })
    message.headerEnd = message.header.length
    this.store.beginAtom()
    this.partitions[index]!.log.append(message, -1)
    this.store.endAtom()
  }

  endTurns(): void {
    while (this.clock.turnSize > 0) this.clock.endTurn()
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
