// kminion, which shows topics, groups and the time that a record takes from end to end to Prometheus.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { waitFor } from '../../support/wait-for.ts'
import { RunningTool, samples, toolAddress } from './running-tool.ts'
import { kafkaServer, makeTraffic } from './traffic.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-kminion-'))
const [host, port] = toolAddress.split(':')
const settings = {
  kafka: { brokers: [kafkaServer] },
  minion: { endToEnd: { enabled: true } },
  exporter: { host, port: Number(port) },
}

let tool: RunningTool
let metrics: string
before(async () => {
  await makeTraffic()
  const file = join(folder, 'kminion.yaml')
  // JSON is YAML, too.
  writeFileSync(file, JSON.stringify(settings))
  tool = await RunningTool.start(['./tool'], '/metrics', { CONFIG_FILEPATH: file })
  metrics = await tool.ask('/metrics')
})
after(async () => {
  await tool?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

test('marks of topics, work queues and streams', () => {
  const marks = samples(metrics, 'kminion_kafka_topic_high_water_mark_sum')
  const of = (topic: string): number | undefined =>
    marks[`kminion_kafka_topic_high_water_mark_sum{topic_name="${topic}"}`]
  assert.deepEqual([of('orders'), of('jobs'), of('events')], [40, 5, 3])
})

test('settings of topics', () => {
  const labels = 'cleanup_policy="delete",partition_count="2",replication_factor="1"'
  const name = `kminion_kafka_topic_info{${labels},topic_name="orders"}`
  assert.equal(samples(metrics, 'kminion_kafka_topic_info')[name], 1)
})

test('bytes on the disk', () => {
  const sizes = samples(metrics, 'kminion_kafka_topic_log_dir_size_total_bytes')
  const orders = sizes['kminion_kafka_topic_log_dir_size_total_bytes{topic_name="orders"}'] ?? 0
  assert.ok(orders > 40 * 20, `${orders} bytes`)
})

test('lag of groups', () => {
  const name = 'kminion_kafka_consumer_group_topic_lag{group_id="billing",topic_name="orders"}'
  assert.equal(samples(metrics, name)[name], 10)
})

test('records from end to end', async () => {
  const prefix = 'kminion_end_to_end_messages'
  const seen = await waitFor('ten records are back', async () => {
    const now = samples(await tool.ask('/metrics'), prefix)
    return (now[`${prefix}_received_total{partition_id="0"}`] ?? 0) >= 10 ? now : undefined
  })
  assert.equal(seen[`${prefix}_lost_total{partition_id="0"}`], 0)
})

test('no warnings', () => {
  const counts = samples(metrics, 'kminion_log_messages_total')
  assert.equal(counts['kminion_log_messages_total{level="warn"}'], 0)
  assert.equal(counts['kminion_log_messages_total{level="error"}'], 0)
})
