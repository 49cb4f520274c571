// What the broker makes of topology and logs that do not fit together, because something was lost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogWithCursor, cursorOf } from '../../test/support/log-engines.ts'
import { messageOf } from '../../test/support/queue-under-test.ts'
import { systemRandom } from '../lib/random.ts'
import { Turn } from '../lib/turn.ts'
import { brokerLimits } from '../limits/broker.ts'
import { cursorsOf } from '../log/log-cursor.ts'
import type { Log } from '../log/log.ts'
import { MemoryLogStore } from '../log/memory/memory-log-store.ts'
import { noAccessRows } from '../meta/access-rows.ts'
import {
  type DelayRow,
  decodeTopologyChanges,
  type PolicyRow,
  type QueueRow,
} from '../meta/topology-change.ts'
import type { Topology } from '../meta/topology.ts'
import { withDue } from '../record/message/delays.ts'
import { emptyTable, table } from '../record/message/field-table.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { Broker } from './broker.ts'
import { Queue } from './queue/queue.ts'

const noTopology: Topology = {
  appliedSequence: 0,
  vhosts: [],
  exchanges: [],
  queues: [],
  bindings: [],
  policies: [],
  delays: [],
  access: noAccessRows,
}

class RestoreFixture {
  readonly clock: VirtualClock = new VirtualClock()
  readonly turn: Turn = new Turn(this.clock)
  readonly entries: Buffer[] = []
  readonly store: MemoryLogStore = new MemoryLogStore({
    clock: this.clock,
    turn: this.turn,
    onTopologyDurable: ({ bytes }) => this.entries.push(bytes),
  })
  readonly broker: Broker = new Broker({
    store: this.store,
    turn: this.turn,
    random: systemRandom,
    clock: this.clock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })

  /** A log with `count` messages. */
  log(count: number): Log {
    this.store.beginAtom()
    const log = createLogWithCursor(this.store)
    for (let number = 0; number < count; number++) log.append(messageOf(`${number}`), -1)
    this.store.endAtom()
    return log
  }

  restore(
    queues: readonly QueueRow[],
    logs: readonly Log[],
    policies: readonly PolicyRow[] = [],
  ): ReturnType<Broker['restore']> {
    return this.broker.restore({ ...noTopology, queues, policies }, logs)
  }

  queue(name: string, vhost = '/'): Queue {
    const queue = this.broker.getVHost(vhost).findQueue(name)
    assert.ok(queue instanceof Queue)
    return queue
  }
}

function rowOf(name: string, log: Log | undefined, vhost = '/'): QueueRow {
  const [logId, cursorId] = [log?.id ?? 9, log === undefined ? 9 : cursorOf(log).id]
  return {
    vhost,
    name,
    type: 'classic',
    logId,
    cursorId,
    autoDelete: false,
    arguments: emptyTable,
  }
}

test('a log with messages that nobody owns is kept and told; an empty one is deleted', () => {
  const fixture = new RestoreFixture()
  const [owned, full, empty] = [fixture.log(1), fixture.log(2), fixture.log(0)]
  const report = fixture.restore([rowOf('q', owned)], [owned, full, empty])
  const none = { incomplete: [], rewound: [], unmatched: [] }
  assert.deepEqual(report, { ...none, unowned: [full], delays: { missing: [], rewound: [] } })
  assert.equal(full.isDeleted, false)
  assert.equal(empty.isDeleted, true)
  assert.equal(fixture.queue('q').messageCount, 1)
})

test('a queue whose log is missing is there, empty, with a log of its own from then on', () => {
  const fixture = new RestoreFixture()
  const other = fixture.log(1)
  const rows = [rowOf('gone', undefined), rowOf('q', other), rowOf('twin', other)]
  const { incomplete, unowned } = fixture.restore(rows, [other])
  assert.deepEqual(incomplete, [rows[0], rows[2]])
  assert.deepEqual(unowned, [])
  assert.equal(fixture.queue('q').log, other)
  assert.equal(fixture.queue('gone').messageCount, 0)
  fixture.clock.runUntilIdle()
  const logIds = fixture.entries.flatMap(decodeTopologyChanges).map((change) => {
    assert.ok(change.kind === 'queue' && change.op === 'put')
    return [change.row.name, change.row.logId]
  })
  assert.deepEqual(logIds, [
    ['gone', fixture.queue('gone').log.id],
    ['twin', fixture.queue('twin').log.id],
  ])
})

test('a topic that lost one of its logs keeps the others', () => {
  const fixture = new RestoreFixture()
  const log = fixture.log(3)
  const topic = {
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    logIds: [8, log.id],
    cursorIds: [8, cursorOf(log).id],
    configs: {},
    isProvisional: false,
  }
  const row = { ...rowOf('t', undefined), type: 'stream', topic }
  assert.deepEqual(fixture.restore([row], [log]).incomplete, [row])
  const { broker } = fixture
  const { partitions = [] } = broker.topicsOf(broker.getVHost('/')).find('t') ?? {}
  assert.deepEqual(
    partitions.map((partition) => partition.log.endOffset),
    [0, 3],
  )
})

test('a queue that lost the log of a priority keeps the others, also those that are empty', () => {
  const fixture = new RestoreFixture()
  const [low, high, empty] = [fixture.log(1), fixture.log(3), fixture.log(0)]
  const levels = [8, high.id, empty.id].map((logId, index) => {
    const log = [high, empty].find(({ id }) => id === logId)
    return { priority: 5 - index, logId, cursorId: log === undefined ? 8 : cursorOf(log).id }
  })
  const row = { ...rowOf('q', low), arguments: table({ 'x-max-priority': 9 }), levels }
  const report = fixture.restore([row], [low, high, empty])
  assert.deepEqual(report.incomplete, [row])
  assert.deepEqual(report.unowned, [])
  assert.deepEqual(report.rewound, [])
  const queue = fixture.queue('q')
  assert.equal(queue.messageCount, 4)
  assert.equal(empty.isDeleted, false)
  const logs = queue.cursors.map(({ log }) => log)
  assert.deepEqual([logs[0], logs[2], logs[3]], [low, high, empty])
  fixture.clock.runUntilIdle()
  const [change] = fixture.entries.flatMap(decodeTopologyChanges)
  assert.ok(change?.kind === 'queue' && change.op === 'put')
  assert.deepEqual(change.row, queue.row())
  assert.deepEqual(
    change.row.levels?.map(({ priority, logId }) => [priority, logId]),
    [
      [5, logs[1]?.id],
      [4, high.id],
      [3, empty.id],
    ],
  )
})

test('a queue whose cursor is missing has everything that is in its log', () => {
  const fixture = new RestoreFixture()
  const log = fixture.log(3)
  cursorOf(log).ack(0)
  const row = { ...rowOf('q', log), cursorId: 77 }
  assert.deepEqual(fixture.restore([row], [log]).rewound, [row])
  assert.equal(fixture.queue('q').messageCount, 3)
  fixture.clock.runUntilIdle()
  const [change] = fixture.entries.flatMap(decodeTopologyChanges)
  assert.ok(change?.kind === 'queue' && change.op === 'put')
  assert.equal(change.row.cursorId, fixture.queue('q').cursors[0]?.id)
})

test('a virtual host that no setting names exists as long as it has a queue', () => {
  const fixture = new RestoreFixture()
  const log = fixture.log(1)
  fixture.restore([rowOf('q', log, 'former')], [log])
  assert.equal(fixture.queue('q', 'former').messageCount, 1)
})

test('a policy acts on what a queue had before the start, when its turn comes and not at the start', () => {
  const fixture = new RestoreFixture()
  const log = fixture.log(3)
  const policy: PolicyRow = {
    vhost: '/',
    name: 'p',
    isOperator: false,
    pattern: '^q$',
    applyTo: 'all',
    priority: 0,
    definition: { 'max-length-bytes': 2 },
  }
  fixture.restore([rowOf('q', log)], [log], [policy])
  fixture.clock.endTurn()
  assert.equal(fixture.queue('q').messageCount, 3)
  fixture.clock.advance(brokerLimits.expirySweepMs)
  assert.equal(fixture.queue('q').messageCount, 2)
})

test('logs of delayed messages are told when they are missing, and come again when their cursor is', () => {
  const fixture = new RestoreFixture()
  const log = fixture.log(0)
  const { store, broker } = fixture
  const args = table({ 'x-delayed-type': 'fanout' })
  const common = { vhost: '/', name: 'x', autoDelete: false, internal: false, arguments: args }
  const rowOfLog = (logId: number, cursorId: number): DelayRow => {
    return { vhost: '/', exchange: 'x', bucketClass: 1, logId, cursorId }
  }
  const dueAt = fixture.clock.now() + 5000
  store.beginAtom()
  for (const text of ['a', 'b']) {
    const message = messageOf(text)
    const { header: buffer, headerStart: start, headerEnd: end } = message
    message.header = withDue({ buffer, start, end }, 5000, dueAt)
    message.headerEnd = message.header.length
    log.append(message, -1)
  }
  store.endAtom()
  cursorOf(log).ack(0)
  const [missing, rewound] = [rowOfLog(77, 1), rowOfLog(log.id, 88)]
  const exchanges = [{ ...common, type: 'x-delayed-message' }]
  const report = broker.restore({ ...noTopology, exchanges, delays: [missing, rewound] }, [log])
  assert.deepEqual(report.delays, { missing: [missing], rewound: [rewound] })
  assert.deepEqual(report.unowned, [])
  const exchange = broker.getVHost('/').getExchange('x')
  assert.equal(exchange.delay?.messageCount, 2)
  fixture.clock.advance(4999)
  assert.equal(exchange.delay.messageCount, 2)
  fixture.clock.advance(1)
  assert.equal(exchange.delay.messageCount, 0)
  const rows = [...broker.topologyEntries()].flatMap(decodeTopologyChanges)
  const delays = rows.flatMap((change) => (change.kind === 'delay' ? [change.row] : []))
  assert.deepEqual(delays, [{ ...rewound, cursorId: cursorsOf(log).at(-1)!.id }])
})
