// Metrics as Prometheus scrapes them, of a broker that clients of both protocols use.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { BothClients } from '../support/both-clients.ts'
import {
  kafkaExporterQueried,
  overviewQueried,
  type Queried,
  queriedSizes,
  raftQueried,
  streamQueried,
} from '../support/queried-metrics.ts'
import { type ReadMetrics, readMetrics, valueOf } from '../support/read-metrics.ts'
import { waitFor } from '../support/wait-for.ts'

let folder: string
let clients: BothClients
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pabal-metrics-'))
  clients = await BothClients.open(folder, { metricsPort: 0, httpPort: 0 })
  await useEverything()
})
after(async () => {
  await clients[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** RabbitMQ takes line feeds out of names. */
const hostile = 'a "name"\\ with everything 🐇'

/** Each kind of thing happens a number of times that no other does. */
async function useEverything(): Promise<void> {
  const { channel, session, admin, producer, kafka } = clients
  const plain = await session.channel()
  await plain.assertQueue('work')
  await plain.assertQueue(hostile)
  await plain.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } })
  await plain.assertQueue('log', { arguments: { 'x-queue-type': 'stream' } })
  await plain.assertQueue('gone')
  for (let count = 0; count < 7; count++) channel.sendToQueue('work', Buffer.alloc(50))
  for (let count = 0; count < 2; count++) channel.sendToQueue('quorum', Buffer.alloc(5000))
  channel.sendToQueue('nowhere', Buffer.from(''))
  channel.publish('amq.topic', 'nowhere', Buffer.from(''), { mandatory: true })
  await channel.waitForConfirms()
  for (let count = 0; count < 3; count++) plain.sendToQueue('gone', Buffer.from('x'))
  for (let count = 0; count < 3; count++) assert.ok(await plain.get('gone', { noAck: true }))
  await plain.deleteQueue('gone')
  const taken = await plain.get('work')
  assert.ok(taken)
  plain.nack(taken, false, true)
  const again = await plain.get('work')
  assert.ok(again)
  plain.ack(again)
  assert.equal(await plain.get(hostile), false)
  await plain.get('quorum')
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 2 }] })
  const messages = Array.from({ length: 5 }, (_, index) => ({ value: String(index), partition: 1 }))
  await producer.send({ topic: 'events', messages })
  const consumer = kafka.consumer({ groupId: 'readers', maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'events', fromBeginning: true })
  let read = 0
  await consumer.run({ eachMessage: async () => void read++ })
  await waitFor('the records', () => read === 5)
  await consumer.disconnect()
  await producer.send({ topic: 'events', messages: [{ value: 'late', partition: 1 }] })
}

function urlOf(path: string, service = 'metrics'): string {
  return `http://127.0.0.1:${clients.broker.addresses[service]?.port}${path}`
}

async function scrape(path = '/metrics'): Promise<ReadMetrics> {
  const response = await fetch(urlOf(path))
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return readMetrics(await response.text())
}

/** Names that are missing, or have no sample with all the labels. */
function missingOf({ samples }: ReadMetrics, queried: Queried): string[] {
  return Object.entries(queried)
    .filter(
      ([name, labels]) =>
        !samples.some(
          (each) => each.name === name && labels.every((label) => label in each.labels),
        ),
    )
    .map(([name]) => name)
}

test('every metric is there that dashboards of RabbitMQ and kafka_exporter ask for', async () => {
  for (const path of ['/metrics', '/metrics/per-object']) {
    const metrics = await scrape(path)
    for (const queried of [overviewQueried, streamQueried, raftQueried, kafkaExporterQueried]) {
      assert.deepEqual(missingOf(metrics, queried), [], path)
    }
    for (const le of queriedSizes) {
      assert.ok(valueOf(metrics, 'rabbitmq_message_size_bytes_bucket', { le }) >= 0)
    }
    assert.equal(valueOf(metrics, 'rabbitmq_global_publishers', { protocol: 'stream' }), 0)
  }
})

test('each endpoint says which one it is, for dashboards to choose', async () => {
  for (const [path, endpoint] of [
    ['/metrics', 'aggregated'],
    ['/metrics/per-object', 'per-object'],
    ['/metrics/detailed', 'detailed'],
    ['/metrics/memory-breakdown', 'memory-breakdown'],
  ] as const) {
    const metrics = await scrape(path)
    assert.equal(valueOf(metrics, 'rabbitmq_identity_info', { rabbitmq_endpoint: endpoint }), 1)
  }
})

const amqp = { protocol: 'amqp091' }
const kafka = { protocol: 'kafka' }

test('counts are what clients did', async () => {
  const metrics = await scrape()
  const received = 'rabbitmq_global_messages_received_total'
  assert.equal(valueOf(metrics, received, amqp), 14)
  assert.equal(valueOf(metrics, received, kafka), 6)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_received_confirm_total', amqp), 11)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_confirmed_total', amqp), 11)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_confirmed_total', kafka), 6)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_routed_total', amqp), 12)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_unroutable_dropped_total', amqp), 1)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_unroutable_returned_total', amqp), 1)
  const classic = { ...amqp, queue_type: 'rabbit_classic_queue' }
  const quorum = { ...amqp, queue_type: 'rabbit_quorum_queue' }
  const ofClassic = (name: string): number =>
    valueOf(metrics, `rabbitmq_global_messages_${name}_total`, classic)
  assert.equal(ofClassic('delivered_get_auto_ack'), 3)
  assert.equal(ofClassic('delivered_get_manual_ack'), 2)
  assert.equal(ofClassic('delivered'), 5)
  assert.equal(ofClassic('redelivered'), 1)
  assert.equal(ofClassic('acknowledged'), 1)
  assert.equal(ofClassic('get_empty'), 1)
  assert.equal(valueOf(metrics, 'rabbitmq_global_messages_delivered_total', quorum), 1)
  const streams = { ...kafka, queue_type: 'rabbit_stream_queue' }
  assert.ok(valueOf(metrics, 'rabbitmq_global_messages_delivered_total', streams) >= 5)
  assert.equal(valueOf(metrics, 'rabbitmq_message_size_bytes_bucket', { le: '100.0' }), 12)
  assert.equal(valueOf(metrics, 'rabbitmq_message_size_bytes_bucket', { le: '10000.0' }), 14)
  assert.equal(valueOf(metrics, 'rabbitmq_message_size_bytes_sum'), 10_353)
})

test('what is there is counted', async () => {
  const metrics = await scrape()
  assert.equal(valueOf(metrics, 'rabbitmq_queues'), 5)
  assert.equal(valueOf(metrics, 'rabbitmq_queues_created_total'), 6)
  assert.equal(valueOf(metrics, 'rabbitmq_queues_deleted_total'), 1)
  assert.equal(valueOf(metrics, 'rabbitmq_channels'), 2)
  assert.equal(valueOf(metrics, 'rabbitmq_channels_opened_total'), 2)
  assert.equal(valueOf(metrics, 'rabbitmq_global_publishers', amqp), 2)
  assert.equal(valueOf(metrics, 'rabbitmq_queue_messages_unacked'), 1)
  const open = valueOf(metrics, 'rabbitmq_connections')
  const closed = valueOf(metrics, 'rabbitmq_connections_closed_total')
  assert.equal(valueOf(metrics, 'rabbitmq_connections_opened_total'), open + closed)
  assert.ok(closed >= 1)
  assert.ok(valueOf(metrics, 'pabal_log_commit_seconds_count') > 0)
  assert.ok(valueOf(metrics, 'pabal_log_file_bytes', { kind: 'wal' }) > 0)
  assert.ok(valueOf(metrics, 'pabal_disk_free_bytes') > 0)
  assert.ok(valueOf(metrics, 'pabal_oldest_message_age_seconds') > 0)
  assert.equal(valueOf(metrics, 'pabal_ready'), 1)
})

test('topics and groups are what Kafka clients see', async () => {
  const metrics = await scrape()
  const place = { topic: 'events', partition: '1' }
  assert.equal(valueOf(metrics, 'kafka_topic_partitions', { topic: 'events' }), 2)
  assert.equal(valueOf(metrics, 'kafka_topic_partition_current_offset', place), 6)
  assert.equal(valueOf(metrics, 'kafka_topic_partition_oldest_offset', place), 0)
  const group = { consumergroup: 'readers', topic: 'events' }
  assert.equal(valueOf(metrics, 'kafka_consumergroup_lag', { ...group, partition: '1' }), 1)
  assert.equal(valueOf(metrics, 'kafka_consumergroup_lag_sum', group), 1)
  assert.equal(valueOf(metrics, 'kafka_consumergroup_members', { consumergroup: 'readers' }), 0)
  assert.ok(valueOf(metrics, 'pabal_consumergroup_lag_seconds', group) > 0)
  assert.equal(valueOf(metrics, 'kafka_server_brokertopicmetrics_messagesin_total'), 6)
})

test('groups are counted by protocol and state, as Kafka counts them', async () => {
  const metrics = await scrape()
  const prefix = 'kafka_server_group_coordinator_metrics'
  const ofProtocol = (protocol: string): number =>
    valueOf(metrics, `${prefix}_group_count`, { protocol })
  assert.deepEqual(['classic', 'consumer', 'share'].map(ofProtocol), [1, 0, 0])
  assert.equal(valueOf(metrics, `${prefix}_classic_group_count`, { state: 'Empty' }), 1)
  assert.equal(valueOf(metrics, `${prefix}_consumer_group_count`, { state: 'Reconciling' }), 0)
  assert.equal(valueOf(metrics, `${prefix}_share_group_count`, { state: 'Stable' }), 0)
})

test('each queue has its own line, whatever it is called', async () => {
  const metrics = await scrape('/metrics/per-object')
  assert.equal(valueOf(metrics, 'rabbitmq_queue_messages_ready', { queue: 'work' }), 6)
  assert.equal(valueOf(metrics, 'rabbitmq_queue_messages_ready', { queue: hostile }), 0)
  assert.equal(valueOf(metrics, 'rabbitmq_queue_get_empty_total', { queue: hostile }), 1)
  const info = { queue: 'quorum', queue_type: 'rabbit_quorum_queue', vhost: '/' }
  assert.equal(valueOf(metrics, 'rabbitmq_queue_info', info), 1)
  assert.ok(valueOf(metrics, 'pabal_queue_stored_bytes', { queue: 'quorum' }) > 5000)
  assert.ok(valueOf(metrics, 'pabal_queue_oldest_message_age_seconds', { queue: 'work' }) > 0)
  const fromTopic = { exchange: 'amq.topic', vhost: '/' }
  assert.equal(
    valueOf(metrics, 'rabbitmq_exchange_messages_unroutable_returned_total', fromTopic),
    1,
  )
})

test('details are those that are asked for', async () => {
  const metrics = await scrape('/metrics/detailed?family=queue_coarse_metrics&queue=work')
  const names = new Set(metrics.samples.map(({ name }) => name))
  assert.deepEqual([...names].toSorted(), [
    'rabbitmq_build_info',
    'rabbitmq_detailed_queue_info',
    'rabbitmq_detailed_queue_messages',
    'rabbitmq_detailed_queue_messages_ready',
    'rabbitmq_detailed_queue_messages_unacked',
    'rabbitmq_identity_info',
  ])
  assert.equal(valueOf(metrics, 'rabbitmq_detailed_queue_messages'), 6)
  const ofNone = await scrape('/metrics/detailed?family=queue_coarse_metrics&vhost=none')
  assert.ok(ofNone.samples.every(({ labels }) => !('queue' in labels)))
  for (const family of ['', 'none', 'constructor', '__proto__']) {
    assert.equal((await scrape(`/metrics/detailed?family=${family}`)).samples.length, 2)
  }
  const twice = await scrape('/metrics/detailed?family=exchange_names&family=exchange_names')
  assert.equal(valueOf(twice, 'rabbitmq_cluster_exchange_name', { exchange: 'amq.topic' }), 1)
})

test('OpenMetrics is for those who ask for it', async () => {
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' }
  const response = await fetch(urlOf('/metrics'), { headers })
  assert.match(response.headers.get('content-type') ?? '', /^application\/openmetrics-text/)
  const text = await response.text()
  assert.ok(text.endsWith('\n# EOF\n'))
  const { types } = readMetrics(text)
  assert.equal(types.get('rabbitmq_connections_opened'), 'counter')
})

test('its port shows metrics and nothing else, and to no other name', async () => {
  assert.equal((await fetch(urlOf('/api/status'))).status, 404)
  assert.equal((await fetch(urlOf('/'))).status, 404)
  assert.equal((await fetch(urlOf('/metrics'), { method: 'POST' })).status, 404)
  const asked = get(urlOf('/metrics'), { headers: { host: 'evil.example' } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 421)
  response.resume()
})

test('scrapes that are not read, or only asked about, take no room', async () => {
  for (let count = 0; count < 20; count++) {
    const asked = await fetch(urlOf('/metrics'), { method: 'HEAD' })
    assert.match(asked.headers.get('content-type') ?? '', /^text\/plain/)
    const left = await fetch(urlOf('/metrics/per-object'))
    await left.body?.cancel()
  }
  await waitFor('room for another one', async () => {
    const response = await fetch(urlOf('/metrics'))
    await response.text()
    return response.status === 200
  })
})

test('an odd query is no error', async () => {
  for (const query of [
    'family',
    'family=%ff',
    'family=%',
    '&&&=',
    'vhost=%00&family=queue_metrics',
  ]) {
    assert.equal((await fetch(urlOf(`/metrics/detailed?${query}`))).status, 200, query)
  }
})

test('the HTTP port shows them, too', async () => {
  const response = await fetch(urlOf('/metrics', 'http'))
  assert.equal(valueOf(readMetrics(await response.text()), 'rabbitmq_queues'), 5)
})

test('no counter falls when a queue, a channel and a connection go', async () => {
  const name = 'rabbitmq_global_messages_received_total'
  const ofQueues = 'rabbitmq_global_messages_delivered_get_auto_ack_total'
  const classic = { ...amqp, queue_type: 'rabbit_classic_queue' }
  const before = await scrape()
  const { session } = clients
  const channel = await session.channel()
  await channel.assertQueue('short')
  channel.sendToQueue('short', Buffer.from('x'))
  await channel.get('short', { noAck: true })
  await channel.deleteQueue('short')
  await channel.close()
  const later = await scrape()
  assert.equal(valueOf(later, name, amqp), valueOf(before, name, amqp) + 1)
  assert.equal(valueOf(later, ofQueues, classic), valueOf(before, ofQueues, classic) + 1)
})
