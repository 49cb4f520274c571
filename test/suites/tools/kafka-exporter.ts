// kafka_exporter, which shows offsets and lag to Prometheus.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { waitFor } from '../../support/wait-for.ts'
import { RunningTool, samples, toolAddress } from './running-tool.ts'
import { kafkaServer, makeTraffic } from './traffic.ts'

let tool: RunningTool
let metrics: string
before(async () => {
  await makeTraffic()
  const args = [`--kafka.server=${kafkaServer}`, `--web.listen-address=${toolAddress}`]
  tool = await RunningTool.start(['./tool', ...args], '/healthz')
  metrics = await tool.ask('/metrics')
})
after(() => tool?.[Symbol.asyncDispose]())

test('brokers', () => {
  assert.deepEqual(samples(metrics, 'kafka_brokers'), { kafka_brokers: 1 })
})

test('offsets of topics, work queues and streams', () => {
  assert.deepEqual(samples(metrics, 'kafka_topic_partition_current_offset'), {
    'kafka_topic_partition_current_offset{partition="0",topic="events"}': 3,
    'kafka_topic_partition_current_offset{partition="0",topic="jobs"}': 5,
    'kafka_topic_partition_current_offset{partition="0",topic="orders"}': 20,
    'kafka_topic_partition_current_offset{partition="1",topic="orders"}': 20,
  })
})

test('replicas in sync', () => {
  const late = samples(metrics, 'kafka_topic_partition_under_replicated_partition')
  assert.deepEqual([...new Set(Object.values(late))], [0])
})

test('lag of groups', async () => {
  const sum = 'kafka_consumergroup_lag_sum{consumergroup="billing",topic="orders"}'
  // It leaves out sums of a scrape that ends while a partition is still asked about.
  const lags = await waitFor('there is a sum', async () => {
    const seen = samples(await tool.ask('/metrics'), 'kafka_consumergroup_lag')
    return sum in seen ? seen : undefined
  })
  assert.deepEqual(lags, {
    'kafka_consumergroup_lag{consumergroup="billing",partition="0",topic="orders"}': 5,
    'kafka_consumergroup_lag{consumergroup="billing",partition="1",topic="orders"}': 5,
    [sum]: 10,
  })
})
