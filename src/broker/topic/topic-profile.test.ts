import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { noAccessRows } from '../../meta/access-rows.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Broker, defaultVHost } from '../broker.ts'
import type { Topic } from './topic.ts'
import type { Topics } from './topics.ts'

function openBroker(): { broker: Broker; topics: Topics } {
  const clock = new VirtualClock()
  const turn = new Turn(clock)
  const broker = new Broker({
    store: new MemoryLogStore({ clock, turn }),
    turn,
    random: systemRandom,
    clock,
    vhosts: [],
    onDamaged: (_queue, _offset, error) => assert.fail(error),
  })
  return { broker, topics: broker.topicsOf(broker.getVHost(defaultVHost)) }
}

function createTopic(topics: Topics, configs: Readonly<Record<string, string>>): Topic {
  const asked = { name: 't', partitionCount: 2, isProvisional: false, configs }
  return topics.create(asked).topic
}

function profilesOf({ partitions }: Topic): (string | undefined)[] {
  return partitions.map(({ log }) => log.profile)
}

test('all partitions of a topic have its profile, those to come as well', () => {
  const { topics } = openBroker()
  const topic = createTopic(topics, { 'pabal.profile': 'throughput' })
  assert.deepEqual(profilesOf(topic), ['throughput', 'throughput'])
  topics.grow(topic, 3)
  assert.deepEqual(profilesOf(topic), ['throughput', 'throughput', 'throughput'])
  topics.configure(topic, { 'pabal.profile': 'latency' })
  assert.deepEqual(profilesOf(topic), ['latency', 'latency', 'latency'])
  topics.configure(topic, {})
  assert.deepEqual(profilesOf(topic), [undefined, undefined, undefined])
})

test("a policy's profile wins while it applies", () => {
  const topic = createTopic(openBroker().topics, { 'pabal.profile': 'latency' })
  topic.applyPolicy({
    policy: 'p',
    operatorPolicy: undefined,
    definition: { profile: 'throughput' },
  })
  assert.deepEqual(profilesOf(topic), ['throughput', 'throughput'])
  topic.applyPolicy(undefined)
  assert.deepEqual(profilesOf(topic), ['latency', 'latency'])
})

test('a topic that is restored has it', () => {
  const topic = createTopic(openBroker().topics, { 'pabal.profile': 'throughput' })
  const logs = topic.partitions.map(({ log }) => log)
  for (const log of logs) log.profile = undefined
  const { broker } = openBroker()
  broker.restore(
    {
      appliedSequence: 0,
      vhosts: [],
      exchanges: [],
      queues: [topic.row()],
      bindings: [],
      policies: [],
      delays: [],
      access: noAccessRows,
    },
    logs,
  )
  assert.deepEqual(
    logs.map(({ profile }) => profile),
    ['throughput', 'throughput'],
  )
})
