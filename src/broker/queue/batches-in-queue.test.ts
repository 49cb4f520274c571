import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf } from '../../../test/support/crossing-run.ts'
import { cursorOf } from '../../../test/support/log-engines.ts'
import { messageOf, NotingSink } from '../../../test/support/queue-under-test.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { BatchWorker } from '../../crossing/batch-worker.ts'
import { Crossing } from '../../crossing/crossing.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { openFileLogStore } from '../../log/file/open-file-log-store.ts'
import { noAccessRows } from '../../meta/access-rows.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { FaultDisk } from '../../testing/fault-disk.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { Broker } from '../broker.ts'
import { Queue } from './queue.ts'

const queueName = 'q'

async function openQueue(disk: FaultDisk): Promise<{ broker: Broker; close(): Promise<void> }> {
  const turn = new Turn(systemClock)
  const { store, recovered } = await openFileLogStore({
    path: '/data',
    disk,
    clock: systemClock,
    turn,
    durability: 'fsync',
    converter: new Crossing({
      worker: new BatchWorker(systemClock),
      onUndecodable: (_log, _run, error) => assert.fail(error),
    }),
    random: seededRandom(1),
    limits: { walFileSizeMax: 20_000, tailCacheSizeMax: 3000, coldRunsSizeMax: 8000 },
  })
  const broker = new Broker({
    store,
    turn,
    random: systemRandom,
    clock: systemClock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  const [log] = recovered.logs
  if (log !== undefined) {
    const row = {
      vhost: '/',
      name: queueName,
      type: 'classic',
      logId: log.id,
      cursorId: cursorOf(log).id,
      autoDelete: false,
    }
    const none = {
      appliedSequence: 0,
      vhosts: [],
      exchanges: [],
      bindings: [],
      policies: [],
      delays: [],
      access: noAccessRows,
    }
    broker.restore({ ...none, queues: [{ ...row, arguments: emptyTable }] }, recovered.logs)
  }
  const close = async (): Promise<void> => {
    broker.prepareToClose()
    await store.close()
  }
  return { broker, close }
}

function find(broker: Broker): Queue {
  const queue = broker.getVHost('/').findQueue(queueName)
  assert.ok(queue instanceof Queue)
  return queue
}

/** A backlog of messages and batches in turns, far larger than the memory for it. */
function fill(broker: Broker, queue: Queue): string[] {
  const view = broker.topicsOf(broker.getVHost('/')).find(queueName)
  const texts: string[] = []
  for (let round = 0; round < 60; round++) {
    const pair = [`${round}a`, `${round}b`]
    if (round % 2 === 0) {
      broker.store.beginAtom()
      for (const text of pair) queue.publish(messageOf(text), -1)
      broker.store.endAtom()
    } else {
      const record = { timestamp: systemClock.now(), key: null, headers: [] }
      const records = pair.map((text, offset) => ({ ...record, offset, value: Buffer.from(text) }))
      view?.partitions[0]?.produce(batchOf(records, 'gzip').bytes())
    }
    texts.push(...pair)
  }
  return texts
}

test('messages and batches of a long backlog are delivered in order, and again after a restart', async () => {
  const disk = new FaultDisk(systemClock)
  const first = await openQueue(disk)
  const asked = { name: queueName, durable: true, exclusive: false, autoDelete: false }
  first.broker.declareQueue(first.broker.getVHost('/'), {
    ...asked,
    arguments: emptyTable,
    connection: {},
  })
  const queue = find(first.broker)
  const texts = fill(first.broker, queue)
  assert.equal(queue.messageCount, texts.length)
  const sink = new NotingSink()
  const options = { tag: 't', isNoAck: false, isExclusive: false, arguments: emptyTable }
  queue.addConsumer(sink, { ...options, prefetch: 70 })
  await waitFor('a part is delivered', () => sink.texts.length === 70)
  // Within a batch and across its end.
  for (const offset of [0, 1, 2, 3, 5, 6]) queue.settle(offset, 'ack')
  await first.close()

  const second = await openQueue(disk)
  const restored = find(second.broker)
  assert.equal(restored.messageCount, texts.length - 6)
  const again = new NotingSink()
  restored.addConsumer(again, { ...options, prefetch: 0 })
  const left = texts.filter((_, offset) => offset === 4 || offset > 6)
  await waitFor('all are delivered', () => again.texts.length >= left.length)
  assert.deepEqual(again.texts, left)
  for (const offset of again.offsets) restored.settle(offset, 'ack')
  assert.equal(restored.messageCount, 0)
  await second.close()
})
