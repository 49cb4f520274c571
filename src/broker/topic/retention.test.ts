import assert from 'node:assert/strict'
import { test } from 'node:test'
import { batchOf } from '../../../test/support/crossing-run.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { topicLimits } from '../../limits/topic.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Broker } from '../broker.ts'
import { Retention } from './retention.ts'
import type { Topic } from './topic.ts'

/** A clock whose one repeated call is made by the test. */
class TickingClock extends VirtualClock {
  tick: () => void = () => undefined
  stoppedCount = 0

  override every(ms: number, callback: () => void): { stop(): void } {
    assert.equal(ms, topicLimits.retentionCheckMs)
    this.tick = callback
    return { stop: () => void this.stoppedCount++ }
  }
}

const batchCount = 5
const hourMs = 3_600_000

/** A topic with one batch of two records an hour, the last one now, and a retention that ran once. */
async function retained(
  configs: Record<string, string>,
  brokerSettings: Record<string, string> = {},
): Promise<Topic> {
  const clock = new TickingClock()
  const turn = new Turn(clock)
  const store = new MemoryLogStore({ clock, turn })
  const broker = new Broker({
    store,
    turn,
    clock,
    random: systemRandom,
    vhosts: [],
    onDamaged: () => undefined,
  })
  broker.settings.put('broker', '', brokerSettings)
  const topics = broker.topicsOf(broker.getVHost('/'))
  const { topic } = topics.create({ name: 't', partitionCount: 1, configs, isProvisional: false })
  for (let hour = batchCount - 1; hour >= 0; hour--) {
    const timestamp = clock.now() - hour * hourMs
    const record = { timestamp, key: Buffer.alloc(0), value: Buffer.alloc(100), headers: [] }
    const batch = batchOf([0, 1].map((offset) => ({ ...record, offset })))
    topic.partitions[0]?.produce(batch.bytes())
    clock.runUntilIdle()
  }
  const onTrouble = (_owner: unknown, error: Error): void => assert.fail(error)
  const retention = new Retention({ store, clock, topics: () => broker.topics(), onTrouble })
  await retention.run()
  clock.runUntilIdle()
  retention.close()
  assert.equal(clock.stoppedCount, 1)
  return topic
}

const startOf = (topic: Topic): number | undefined => topic.partitions[0]?.startOffset

test('records older than retention.ms go, whole batches at a time', async () => {
  const topic = await retained({ 'retention.ms': `${2.5 * hourMs}` })
  assert.equal(startOf(topic), 4)
})

test('the oldest records go when a partition is larger than retention.bytes', async () => {
  const size = 61 + 2 * 110
  const topic = await retained({ 'retention.ms': '-1', 'retention.bytes': `${size * 2}` })
  assert.equal(startOf(topic), 6)
})

test('the newest batch stays whatever the limits', async () => {
  const topic = await retained({ 'retention.ms': '0', 'retention.bytes': '0' })
  assert.equal(startOf(topic), 8)
})

test('a topic that sets nothing has what the broker has for all topics', async () => {
  const forAll = { 'log.retention.ms': `${2.5 * hourMs}` }
  assert.equal(startOf(await retained({}, forAll)), 4)
  assert.equal(startOf(await retained({ 'retention.ms': '-1' }, forAll)), 0)
})

test('nothing goes without limits, or from a topic that is only compacted', async () => {
  assert.equal(startOf(await retained({ 'retention.ms': '-1' })), 0)
  assert.equal(startOf(await retained({ 'retention.ms': '0', 'cleanup.policy': 'compact' })), 0)
})

test('producers of work queues are forgotten as those of topics, and with their queue', async () => {
  const clock = new TickingClock()
  const turn = new Turn(clock)
  const store = new MemoryLogStore({ clock, turn })
  const state = new Set<string>()
  const putState = store.putState.bind(store)
  store.putState = (key, value): boolean => {
    if (value === undefined) state.delete(key)
    else state.add(key)
    return putState(key, value)
  }
  const broker = new Broker({
    store,
    turn,
    clock,
    random: systemRandom,
    vhosts: [],
    onDamaged: () => undefined,
  })
  const vhost = broker.getVHost('/')
  broker.declareQueue(vhost, {
    name: 'work',
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: emptyTable,
    connection: {},
  })
  const produce = (producerId: number): void => {
    const builder = new RecordBatchBuilder(0)
    builder.append({ offset: 0, timestamp: 0, key: null, value: null, headers: [] })
    const batch = builder.finish({ producerId, producerEpoch: 0, baseSequence: 0 })
    broker.topicsOf(vhost).find('work')?.partitions[0]?.produce(batch)
    clock.runUntilIdle()
  }
  const retention = new Retention({
    store,
    clock,
    topics: () => broker.topics(),
    queuePartitions: () => broker.queuePartitions(),
    onTrouble: (_owner: unknown, error: Error): void => assert.fail(error),
  })
  produce(1)
  clock.after(topicLimits.producerIdExpirationMs + 1, () => undefined)
  clock.runUntilIdle()
  produce(2)
  assert.equal(state.size, 2)
  await retention.run()
  assert.equal(state.size, 1)
  broker.deleteQueue(vhost.findQueue('work')!)
  assert.equal(state.size, 0)
})
