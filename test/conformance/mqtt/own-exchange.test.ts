// `--mqtt-exchange` names an exchange that clients of AMQP declare, and may delete.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ChannelModel, connect } from 'amqplib'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'

let under: MqttBroker
let connection: ChannelModel
before(async () => {
  under = await startMqttBroker({ mqttExchange: 'devices', amqpPort: 0 })
  const port = under.broker.addresses['amqp']?.port
  connection = await connect(`amqp://127.0.0.1:${port}`)
})
after(async () => {
  await connection.close()
  await under[Symbol.asyncDispose]()
})

test('without it nobody subscribes, with it again subscriptions go on', async () => {
  const channel = await connection.createChannel()
  const lasting = { clientId: 'a', isCleanStart: false, properties: { sessionExpiry: 300 } }
  const client = await RawMqttClient.connect(under.port, lasting)
  assert.deepEqual(await client.subscribe('t', { qos: 1 }), [0x83])
  await channel.assertExchange('devices', 'topic')
  assert.deepEqual(await client.subscribe('t', { qos: 1 }), [1])
  await channel.deleteExchange('devices')
  client.publish({ topic: 't', qos: 1, packetId: 1 })
  assert.equal((await client.receive('PUBACK'))['code'], 0x83)
  await client.disconnect()
  await using again = await RawMqttClient.connect(under.port, lasting)
  assert.deepEqual(await again.subscribe('u', { qos: 1 }), [0x83])
  await channel.assertExchange('devices', 'topic')
  again.publish({ topic: 't', qos: 1, packetId: 2, payload: 'on it goes' })
  assert.equal((await again.receive('PUBLISH'))['payload'], 'on it goes')
  assert.equal((await again.receive('PUBACK'))['code'], 0)
  again.answer('PUBACK', 1)
  await channel.deleteExchange('devices')
  // The session and what it has subscribed to go without it.
  await using last = await RawMqttClient.connect(under.port, { clientId: 'a' })
  assert.deepEqual(await last.ping(), [])
})
