// Queues with a source after something of them was lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../test/support/log-engines.ts'
import { messageOf } from '../../test/support/queue-under-test.ts'
import { systemRandom } from '../lib/random.ts'
import { Turn } from '../lib/turn.ts'
import { cursorsOf } from '../log/log-cursor.ts'
import type { Log } from '../log/log.ts'
import { MemoryLogStore } from '../log/memory/memory-log-store.ts'
import { noAccessRows } from '../meta/access-rows.ts'
import type { QueueRow } from '../meta/topology-change.ts'
import { emptyTable, table } from '../record/message/field-table.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Broker } from './broker.ts'
import type { RestoreReport } from './restore-topology.ts'

class SourceFixture {
  readonly clock: VirtualClock = new VirtualClock()
  readonly turn: Turn = new Turn(this.clock)
  readonly store: MemoryLogStore = new MemoryLogStore({ clock: this.clock, turn: this.turn })
  readonly broker: Broker = new Broker({
    store: this.store,
    turn: this.turn,
    random: systemRandom,
    clock: this.clock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  readonly own: Log = this.#log(1)
  readonly partitions: readonly Log[] = [this.#log(2), this.#log(3)]

  #log(count: number): Log {
    this.store.beginAtom()
    const log = createLogWithCursor(this.store)
    for (let number = 0; number < count; number++) log.append(messageOf(`${number}`), -1)
    this.store.endAtom()
    this.clock.runUntilIdle()
    return log
  }

  /** A cursor of the queue in a partition, which has acked everything below `offset`. */
  cursorAt(log: Log, offset: number): number {
    this.store.beginAtom()
    const { id } = this.store.createCursor(log, offset)
    this.store.endAtom()
    return id
  }

  queueRow(cursorIds: readonly number[]): QueueRow {
    const source = { topic: 't', cursorIds }
    const args = table({ 'x-source': 't' })
    return { ...rowOf('q', this.own), type: 'classic', arguments: args, source }
  }

  topicRow(): QueueRow {
    const topic = {
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      logIds: this.partitions.map(({ id }) => id),
      cursorIds: this.partitions.map((log) => cursorOf(log).id),
      configs: {},
      isProvisional: false,
    }
    return { ...rowOf('t', this.partitions[0]!), type: 'stream', topic }
  }

  restore(queues: readonly QueueRow[]): RestoreReport {
    const rest = { vhosts: [], exchanges: [], bindings: [], policies: [], delays: [] }
    const topology = { appliedSequence: 0, access: noAccessRows, ...rest, queues }
    return this.broker.restore(topology, [this.own, ...this.partitions])
  }

  messageCount(name: string): number | undefined {
    return this.broker.getVHost('/').findQueue(name)?.messageCount
  }
}

function rowOf(name: string, log: Log): Omit<QueueRow, 'type'> {
  const cursorId = cursorOf(log).id
  return { vhost: '/', name, logId: log.id, cursorId, autoDelete: false, arguments: emptyTable }
}

test('a queue is put back after its source, whichever row comes first', () => {
  const fixture = new SourceFixture()
  const [a, b] = fixture.partitions as [Log, Log]
  const row = fixture.queueRow([fixture.cursorAt(a, 1), fixture.cursorAt(b, 1)])
  const { rewound, incomplete } = fixture.restore([row, fixture.topicRow()])
  assert.deepEqual([rewound, incomplete], [[], []])
  assert.equal(fixture.messageCount('q'), 1 + 1 + 2)
  assert.deepEqual(fixture.broker.getVHost('/').findQueue('q')?.row(), row)
})

test('a queue that lost a cursor gets that partition from its beginning', () => {
  const fixture = new SourceFixture()
  const row = fixture.queueRow([fixture.cursorAt(fixture.partitions[0]!, 1)])
  assert.deepEqual(fixture.restore([fixture.topicRow(), row]).rewound, [row])
  assert.equal(fixture.messageCount('q'), 1 + 1 + 3)
  const restored = fixture.broker.getVHost('/').findQueue('q')?.row() as QueueRow
  assert.deepEqual(restored.source?.cursorIds.length, 2)
})

test('a queue that lost its source keeps its own messages', () => {
  const fixture = new SourceFixture()
  const row = fixture.queueRow([7, 8])
  const { incomplete, unowned } = fixture.restore([row])
  assert.deepEqual(incomplete, [row])
  assert.deepEqual(unowned, fixture.partitions)
  assert.equal(fixture.messageCount('q'), 1)
})

test('a topic forgets the cursors of queues that nobody knows', () => {
  const fixture = new SourceFixture()
  const log = fixture.partitions[0]!
  const topicRow = fixture.topicRow()
  const kept = fixture.cursorAt(log, 1)
  fixture.cursorAt(log, 0)
  const other = fixture.cursorAt(fixture.partitions[1]!, 3)
  fixture.restore([topicRow, fixture.queueRow([kept, other])])
  assert.deepEqual(
    cursorsOf(log).map(({ id }) => id),
    [topicRow.topic?.cursorIds[0], kept],
  )
})

test('a topic that is deleted takes the queues that read it along', () => {
  const fixture = new SourceFixture()
  const [a, b] = fixture.partitions as [Log, Log]
  const row = fixture.queueRow([fixture.cursorAt(a, 0), fixture.cursorAt(b, 0)])
  fixture.restore([fixture.topicRow(), row])
  const { broker } = fixture
  const vhost = broker.getVHost('/')
  const topic = vhost.getQueue('t')
  broker.deleteQueue(topic)
  assert.deepEqual([...vhost.queues()], [])
  assert.ok([fixture.own, a, b].every(({ isDeleted }) => isDeleted))
})
