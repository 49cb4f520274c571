// Which protocols a queue or topic is told to be of, beside clients of all of them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { connect } from 'amqplib'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { RawMqttClient } from '../support/mqtt/raw-mqtt-client.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { RawStomp } from '../support/stomp/raw-stomp.ts'
import { waitFor } from '../support/wait-for.ts'

const data = mkdtempSync(join(tmpdir(), 'pabal-protocols-'))
let broker: RunningBroker
before(async () => {
  broker = await start()
})
after(async () => {
  await broker.close()
  rmSync(data, { recursive: true, force: true })
})

function start(): Promise<RunningBroker> {
  const ports = { amqpPort: 0, httpPort: 0, mqttPort: 0, stompPort: 0 }
  return startBroker({ ...otherPortsOff, ...ports, kafkaPort: 'off', storage: 'file', data })
}

function portOf(service: string): number {
  return broker.addresses[service]?.port ?? 0
}

/** Name → protocols. */
async function protocols(): Promise<Record<string, string>> {
  const response = await fetch(`http://localhost:${portOf('http')}/api/v1/streams`)
  const items = (await response.json()) as readonly {
    readonly name: string
    readonly protocols: readonly string[]
  }[]
  const named = items.map(({ name, protocols: all }) => [
    name.replace(/^(stomp-subscription-)[\w-]{22}$/, '$1…'),
    all.join('+'),
  ])
  return Object.fromEntries(named)
}

async function until(expected: Readonly<Record<string, string>>): Promise<void> {
  let seen = {}
  await waitFor('the protocols', async () => {
    seen = await protocols()
    return isDeepStrictEqual(seen, expected)
  }).catch(() => assert.deepEqual(seen, expected))
}

const lasting = { clientId: 'hub', isCleanStart: false, properties: { sessionExpiry: 300 } }

test('queues say what made them and who reads them, also after a restart', async () => {
  const amqp = await connect(`amqp://127.0.0.1:${portOf('amqp')}`)
  const channel = await amqp.createConfirmChannel()
  await channel.assertQueue('orders')
  await channel.assertQueue('read-by-stomp')
  const hub = await RawMqttClient.connect(portOf('mqtt'), lasting)
  await hub.subscribe('home/#', { qos: 1 })
  await hub.subscribe('$share/workers/jobs/#', { qos: 1 })
  hub.publish({ topic: 'home/bath', qos: 1, packetId: 1, isRetained: true, payload: '20' })
  // The message itself, and that it was taken.
  await hub.receive()
  await hub.receive()
  const stomp = await RawStomp.connect(portOf('stomp'))
  stomp.send('SUBSCRIBE', { id: 1, destination: '/amq/queue/read-by-stomp' })
  stomp.send('SUBSCRIBE', {
    id: 2,
    destination: '/topic/home.bath',
    durable: true,
    'auto-delete': false,
  })
  channel.publish('', 'orders', Buffer.from('one'))
  channel.publish('amq.topic', 'home.bath', Buffer.from('from AMQP'))
  await channel.waitForConfirms()
  const kept = {
    'mqtt-subscription-hubqos1': 'mqtt',
    '$share/workers/jobs/#': 'mqtt',
    'mqtt-retained': 'mqtt',
    'stomp-subscription-…': 'stomp',
  }
  await until({ ...kept, orders: 'amqp', 'read-by-stomp': 'stomp' })

  await amqp.close()
  hub.drop()
  stomp.socket.destroy()
  await broker.close()
  broker = await start()
  await until({ ...kept, orders: '', 'read-by-stomp': '' })

  // What AMQP takes from them is told as well.
  const again = await connect(`amqp://127.0.0.1:${portOf('amqp')}`)
  const getting = await again.createChannel()
  await getting.get('mqtt-subscription-hubqos1', { noAck: true })
  await until({
    ...kept,
    'mqtt-subscription-hubqos1': 'amqp+mqtt',
    orders: '',
    'read-by-stomp': '',
  })
  await again.close()
})

test('a queue that only bears such a name is nobody’s of MQTT', async () => {
  const amqp = await connect(`amqp://127.0.0.1:${portOf('amqp')}`)
  const channel = await amqp.createConfirmChannel()
  await channel.assertQueue('mqtt-subscription-nobodyqos1')
  channel.publish('', 'mqtt-subscription-nobodyqos1', Buffer.from('one'))
  await channel.waitForConfirms()
  assert.equal((await protocols())['mqtt-subscription-nobodyqos1'], 'amqp')
  await amqp.close()
})
