// Telegraf: its plugin for RabbitMQ's management, and what it writes to AMQP and Kafka.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'amqplib'
import kafkajs from 'kafkajs'
import { waitFor } from '../../support/wait-for.ts'
import { telegraf } from '../tools.ts'
import { kafkaServer, makeTraffic } from './traffic.ts'

const folder = mkdtempSync(join(tmpdir(), 'pabal-telegraf-'))
const settings = `
[agent]
omit_hostname = true
[[inputs.rabbitmq]]
url = "http://127.0.0.1:15672"
username = "guest"
password = "guest"
[[outputs.file]]
files = ["stdout"]
data_format = "json"
[[outputs.amqp]]
brokers = ["amqp://127.0.0.1:5672"]
exchange = "telegraf"
exchange_type = "topic"
exchange_durability = "durable"
routing_key = "metrics"
data_format = "influx"
[[outputs.kafka]]
brokers = ["${kafkaServer}"]
topic = "telegraf-records"
data_format = "influx"
namepass = ["rabbitmq_queue"]
`

interface Metric {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, unknown>>
}

let metrics: readonly Metric[]
before(async () => {
  await makeTraffic()
  const file = join(folder, 'telegraf.conf')
  writeFileSync(file, settings)
  await bindQueue()
  // Totals come with the first sample of the broker.
  metrics = await waitFor('there are rates', () => {
    const args = ['--once', '--quiet', '--config', file]
    const lines = execFileSync(telegraf, args, { encoding: 'utf8' }).split('\n')
    const seen = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Metric)
    const published = seen.find(({ name }) => name === 'rabbitmq_overview')?.fields
    return Number(published?.['messages_published']) >= 8 ? seen : undefined
  })
})
after(() => rmSync(folder, { recursive: true }))

function fieldsOf(name: string, tag = '', value = ''): Readonly<Record<string, unknown>> {
  const found = metrics.find((metric) => metric.name === name && (metric.tags[tag] ?? '') === value)
  assert.ok(found, `${name} ${value}`)
  return found.fields
}

async function bindQueue(): Promise<void> {
  const connection = await connect('amqp://guest:guest@127.0.0.1:5672')
  const channel = await connection.createChannel()
  await channel.assertExchange('telegraf', 'topic')
  await channel.assertQueue('metrics')
  await channel.bindQueue('metrics', 'telegraf', 'metrics')
  await connection.close()
}

test('the overview', () => {
  const { channels, connections, queues, exchanges, messages_ready } = fieldsOf('rabbitmq_overview')
  assert.ok(Number(queues) >= 4)
  assert.deepEqual([typeof channels, typeof connections], ['number', 'number'])
  assert.ok(Number(exchanges) >= 8)
  assert.ok(Number(messages_ready) >= 8)
})

test('the node', () => {
  const node = metrics.find(({ name }) => name === 'rabbitmq_node')?.fields ?? {}
  for (const field of ['mem_used', 'mem_limit', 'fd_total', 'uptime', 'disk_free'])
    assert.ok(Number(node[field]) > 0, field)
  assert.deepEqual([node['running'], node['mem_alarm'], node['disk_free_alarm']], [1, 0, 0])
})

test('queues', () => {
  const jobs = fieldsOf('rabbitmq_queue', 'queue', 'jobs')
  assert.deepEqual([jobs['messages'], jobs['messages_ready'], jobs['consumers']], [5, 5, 0])
  assert.equal(fieldsOf('rabbitmq_queue', 'queue', 'events')['messages'], 3)
})

test('exchanges', () => {
  assert.equal(
    typeof fieldsOf('rabbitmq_exchange', 'exchange', 'telegraf')['messages_publish_in'],
    'number',
  )
})

test('what it publishes', async () => {
  const connection = await connect('amqp://guest:guest@127.0.0.1:5672')
  const channel = await connection.createChannel()
  const message = await channel.get('metrics', { noAck: true })
  assert.match(message === false ? '' : message.content.toString(), /^rabbitmq_/)
  await connection.close()
})

test('what it produces', async () => {
  const admin = new kafkajs.Kafka({
    brokers: [kafkaServer],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets('telegraf-records')
  assert.ok(offsets.some(({ high }) => Number(high) >= 3))
  await admin.disconnect()
})
