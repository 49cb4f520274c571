// What clients of MQTT were told is there after the broker was started again.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, it } from 'node:test'
import { type MqttBroker, startMqttBroker } from '../../support/mqtt/mqtt-broker.ts'
import { RawMqttClient } from '../../support/mqtt/raw-mqtt-client.ts'

const data = mkdtempSync(path.join(tmpdir(), 'pabal-mqtt-'))
after(() => rmSync(data, { recursive: true, force: true }))

function start(rest: Parameters<typeof startMqttBroker>[0] = {}): Promise<MqttBroker> {
  return startMqttBroker({ storage: 'file', data, ...rest })
}

const lasting = { clientId: 'lasting', isCleanStart: false, properties: { sessionExpiry: 300 } }

it('[MQTT-4.1.0-1] sessions, messages, ids of QoS 2 and retained messages outlive the broker', async () => {
  await using before = await start()
  const client = await RawMqttClient.connect(before.port, lasting)
  assert.deepEqual(await client.subscribe('kept/#', { qos: 2 }), [2])
  client.publish({ topic: 'kept/1', qos: 1, packetId: 1, isRetained: true, payload: 'one' })
  client.publish({ topic: 'kept/2', qos: 2, packetId: 2, payload: 'two' })
  const packets = [await client.receive(), await client.receive()]
  packets.push(await client.receive(), await client.receive())
  const answers = packets.filter(({ name }) => name !== 'PUBLISH')
  assert.deepEqual(new Set(answers.map(({ name }) => name)), new Set(['PUBACK', 'PUBREC']))
  client.drop()
  await before[Symbol.asyncDispose]()

  await using later = await start()
  await using again = await RawMqttClient.open(later.port)
  assert.equal((await again.login(lasting))['isSessionPresent'], true)
  const sent = [await again.receive('PUBLISH'), await again.receive('PUBLISH')]
  assert.deepEqual(
    sent.map(({ payload, packetId }) => [payload, packetId]),
    [
      ['one', 1],
      ['two', 2],
    ],
  )
  // Known from before: not published again.
  again.publish({ topic: 'kept/2', qos: 2, packetId: 2, payload: 'two', isDuplicate: true })
  await again.receive('PUBREC')
  again.answer('PUBREL', 2)
  assert.equal((await again.receive('PUBCOMP'))['code'], 0)
  assert.deepEqual(await again.ping(), [])
  await using other = await RawMqttClient.connect(later.port)
  await other.subscribe('#', { qos: 1 })
  const retained = await other.receive('PUBLISH')
  assert.deepEqual([retained['topic'], retained['isRetained']], ['kept/1', true])
})

it('a will that waits over a restart is published by the rights that its user has then', async () => {
  await using before = await start({ httpPort: 0 })
  const names = ['anna', 'bert', 'carl']
  for (const name of names) {
    await call(before, `PUT users/${name}`, { password: name, tags: '' })
    await call(before, `PUT permissions/%2F/${name}`, { configure: '.*', write: '.*', read: '.*' })
  }
  for (const name of ['guest', ...names]) {
    const base = { payload: Buffer.from(name), qos: 1, isRetained: true }
    const client = await RawMqttClient.connect(before.port, {
      ...lasting,
      clientId: `of ${name}`,
      username: name,
      password: Buffer.from(name),
      will: { topic: `late/${name}`, ...base, properties: { willDelay: 2 } },
    })
    client.drop()
  }
  await call(before, 'DELETE users/bert')
  await call(before, 'PUT permissions/%2F/carl', { configure: '.*', write: '^$', read: '.*' })
  await before[Symbol.asyncDispose]()

  await using later = await start()
  await using watcher = await RawMqttClient.connect(later.port)
  await watcher.subscribe('late/#', { qos: 1 })
  const sent = [await watcher.receive('PUBLISH'), await watcher.receive('PUBLISH')]
  assert.deepEqual(new Set(sent.map(({ topic }) => topic)), new Set(['late/anna', 'late/guest']))
  assert.deepEqual(await watcher.ping(), [])
})

it('a challenge of SCRAM has the same salt after a restart, for a user that there is and for others', async () => {
  const names = ['guest', 'nobody', 'somebody']
  const salts: string[][] = []
  for (let starts = 0; starts < 2; starts++) {
    await using under = await start()
    salts.push(await Promise.all(names.map((name) => challengeFor(name, under))))
  }
  assert.deepEqual(salts[0], salts[1])
  assert.equal(new Set(salts[0]).size, names.length)
})

/** Salt and iterations. */
async function challengeFor(user: string, { port }: MqttBroker): Promise<string> {
  await using client = await RawMqttClient.open(port)
  const authenticationData = Buffer.from(`n,,n=${user},r=abc`)
  const properties = { authenticationMethod: 'SCRAM-SHA-256', authenticationData }
  const connect = { clientId: '', isCleanStart: true, keepAlive: 60, properties }
  client.send({ name: 'CONNECT', version: 5, ...connect })
  const answer = (await client.receive('AUTH'))['properties'] as typeof properties
  return /s=.*$/u.exec(answer.authenticationData.toString())?.[0] ?? ''
}

async function call({ broker }: MqttBroker, request: string, body?: unknown): Promise<void> {
  const [method = '', path_ = ''] = request.split(' ')
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  const response = await fetch(`http://127.0.0.1:${broker.addresses['http']!.port}/api/${path_}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  })
  assert.ok(response.ok, `${request}: ${response.status}`)
}
