// What metrics say of clients of MQTT, with RabbitMQ's labels where its dashboards have them.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import mqtt, { type MqttClient } from 'mqtt'
import { startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { readMetrics, type ReadMetrics, valueOf } from '../../support/read-metrics.ts'
import { waitFor } from '../../support/wait-for.ts'

const started = await startMqttBroker({ metricsPort: 0 })
const clients: MqttClient[] = []
after(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)))
  await started[Symbol.asyncDispose]()
})

async function connect(clientId: string, protocolVersion: 3 | 4 | 5): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${started.port}`, {
    clientId,
    protocolVersion,
    ...(protocolVersion === 3 && { protocolId: 'MQIsdp' }),
    clean: protocolVersion !== 5,
    reconnectPeriod: 0,
    properties: protocolVersion === 5 ? { sessionExpiryInterval: 600 } : {},
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

async function scrape(): Promise<ReadMetrics> {
  const response = await fetch(
    `http://127.0.0.1:${started.broker.addresses['metrics']?.port}/metrics`,
  )
  return readMetrics(await response.text())
}

test('versions of MQTT are told apart, and sessions and what is retained are counted', async () => {
  const [old, middle, recent] = [
    await connect('old', 3),
    await connect('middle', 4),
    await connect('recent', 5),
  ]
  await recent.subscribeAsync({ 'a/#': { qos: 1 }, 'quick/#': { qos: 0 } })
  await recent.subscribeAsync('$share/g/b', { qos: 1 })
  await old.publishAsync('a/1', 'three', { qos: 1, retain: true })
  await old.publishAsync('quick/1', 'x', { qos: 0 })
  for (let count = 0; count < 2; count++) await middle.publishAsync('a/2', 'four', { qos: 1 })
  await recent.endAsync()
  await middle.publishAsync('a/3', 'waits', { qos: 1 })
  await waitFor('the client is gone', async () => {
    return valueOf(await scrape(), 'pabal_mqtt_sessions', { state: 'away' }) === 1
  })
  const metrics = await scrape()
  const value = (name: string, labels?: Readonly<Record<string, string>>): number | undefined =>
    valueOf(metrics, name, labels)
  const received = ['mqtt310', 'mqtt311', 'mqtt50'].map((protocol) =>
    value('rabbitmq_global_messages_received_total', { protocol }),
  )
  assert.deepEqual(received, [2, 3, 0])
  const queue_type = 'rabbit_mqtt_qos0_queue'
  const delivered = { protocol: 'mqtt50', queue_type }
  assert.equal(value('rabbitmq_global_messages_delivered_total', delivered), 1)
  const dropped = { queue_type, dead_letter_strategy: 'disabled' }
  assert.equal(value('rabbitmq_global_messages_dead_lettered_maxlen_total', dropped), 0)
  assert.deepEqual(
    {
      connected: value('pabal_mqtt_sessions', { state: 'connected' }),
      subscriptions: value('pabal_mqtt_subscriptions'),
      groups: value('pabal_mqtt_shared_groups'),
      backlog: value('pabal_mqtt_session_backlog_messages'),
      largest: value('pabal_mqtt_session_backlog_largest'),
      retained: value('pabal_mqtt_retained_messages'),
      bytes: value('pabal_mqtt_retained_bytes'),
    },
    { connected: 2, subscriptions: 3, groups: 1, backlog: 1, largest: 1, retained: 1, bytes: 5 },
  )
})

test('deliveries from queues, and acks, are told apart by what their clients speak', async () => {
  const counted = async (): Promise<readonly (number | undefined)[]> => {
    const metrics = await scrape()
    const names = ['delivered', 'delivered_consume_manual_ack', 'acknowledged']
    return ['mqtt311', 'mqtt50', 'amqp091'].flatMap((protocol) =>
      names.map((name) =>
        valueOf(metrics, `rabbitmq_global_messages_${name}_total`, {
          protocol,
          queue_type: 'rabbit_classic_queue',
        }),
      ),
    )
  }
  const before = await counted()
  const [middle, recent] = [await connect('counts-4', 4), await connect('counts-5', 5)]
  const got: string[] = []
  for (const client of [middle, recent]) {
    client.on('message', (topic) => void got.push(topic))
    await client.subscribeAsync('counted/+', { qos: 1 })
  }
  await middle.publishAsync('counted/1', 'x', { qos: 1 })
  await recent.publishAsync('counted/2', 'x', { qos: 1 })
  await waitFor('all have come', () => got.length === 4)
  await recent.subscribeAsync('$share/some/counted/+', { qos: 1 })
  await recent.unsubscribeAsync('counted/+')
  await middle.publishAsync('counted/3', 'x', { qos: 1 })
  const more = [3, 3, 3, 4, 4, 4, 0, 0, 0]
  const expected = more.map((count, index) => count + (before[index] ?? NaN))
  await waitFor('they are counted', async () => isDeepStrictEqual(await counted(), expected))
})

test('what is retained is not lost when nobody has subscribed', async () => {
  const client = await connect('alone', 5)
  const unroutable = async (): Promise<number | undefined> =>
    valueOf(await scrape(), 'rabbitmq_global_messages_unroutable_dropped_total', {
      protocol: 'mqtt50',
    })
  const before = (await unroutable()) ?? 0
  for (const qos of [0, 1, 2] as const) {
    await client.publishAsync('nobody/state', 'on', { qos, retain: true })
  }
  await client.publishAsync('nobody/event', 'x', { qos: 1 })
  assert.equal(await unroutable(), before + 1)
})

test('messages of QoS 0 that a client does not take are dropped, and counted', async () => {
  const slow = await connect('slow', 4)
  await slow.subscribeAsync('flood', { qos: 0 })
  slow.stream.pause()
  const publisher = await connect('publisher', 4)
  const payload = Buffer.alloc(200_000)
  await waitFor('some are dropped', async () => {
    for (let count = 0; count < 20; count++) await publisher.publishAsync('flood', payload)
    return (valueOf(await scrape(), 'pabal_mqtt_dropped_messages_total') ?? 0) > 0
  })
  const labels = { queue_type: 'rabbit_mqtt_qos0_queue', dead_letter_strategy: 'disabled' }
  const died = valueOf(
    await scrape(),
    'rabbitmq_global_messages_dead_lettered_maxlen_total',
    labels,
  )
  assert.ok((died ?? 0) > 0)
})
