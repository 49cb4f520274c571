// Texts and fields of RabbitMQ 4.2.9 (rabbit_mgmt_wm_health_check_*.erl).
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { statusOf } from '../../../test/support/broker-status.ts'
import { type ManagedBroker, openManagedBroker } from '../../../test/support/managed-broker.ts'
import { hostNodeName as nodeName } from '../../lib/node-name.ts'
import type { BrokerStatus } from '../broker-status.ts'
import { protocolNamed } from './protocol-names.ts'

let managed: ManagedBroker
let status: BrokerStatus
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  managed = openManagedBroker()
  status = {
    ...statusOf('ready'),
    addresses: {
      'amqp-tls': { host: '0.0.0.0', port: 5671 },
      http: { host: '127.0.0.1', port: 15672 },
    },
  }
  routes = createOwnersRoutes({ ...managed, source: { status: () => status } })
})

async function ask(path: string): Promise<unknown> {
  const response = await routes.request(path)
  return [response.status, await response.json()]
}

const ok = [200, { status: 'ok' }]

test('alarms are memory and disk that the broker is short of', async () => {
  assert.deepEqual(await ask('/health/checks/alarms'), ok)
  managed.broker.shortage.set('memory', true)
  managed.broker.shortage.set('disk', true)
  const alarms = ['memory', 'disk space'].map((resource) => ({ resource, node: nodeName }))
  for (const [path, reason] of [
    ['alarms', 'There are alarms in effect in the cluster'],
    ['local-alarms', 'There are alarms in effect on the node'],
  ] as const) {
    assert.deepEqual(await ask(`/health/checks/${path}`), [
      503,
      { status: 'failed', reason, alarms },
    ])
  }
})

test('a broker that starts or stops is not in service', async () => {
  const paths = ['is-in-service', 'ready-to-serve-clients'].map((name) => `/health/checks/${name}`)
  const states = async (): Promise<number[]> =>
    Promise.all(
      [...paths, '/healthchecks/node'].map(async (path) => (await routes.request(path)).status),
    )
  assert.deepEqual(await states(), [200, 200, 200])
  status = { ...status, state: 'stopping' }
  assert.deepEqual(await states(), [503, 503, 503])
  status = { ...status, state: 'ready', addresses: {} }
  assert.deepEqual(await states(), [200, 503, 200])
})

test('listeners are found by port and by the names that RabbitMQ has for protocols', async () => {
  assert.deepEqual(await ask('/health/checks/port-listener/5671'), [
    200,
    { status: 'ok', port: 5671 },
  ])
  const none = { status: 'failed', reason: 'No active listener' }
  assert.deepEqual(await ask('/health/checks/port-listener/5672'), [
    503,
    { ...none, missing: 5672, ports: [5671, 15672] },
  ])
  const protocols = ['amqp/ssl', 'http']
  assert.deepEqual(await ask('/health/checks/protocol-listener/AMQPS,http1.1'), [
    200,
    { status: 'ok', protocols },
  ])
  assert.deepEqual(await ask('/health/checks/protocol-listener/amqp0-9-1,amqp10,http'), [
    503,
    { ...none, missing: ['amqp'], protocols },
  ])
  assert.equal(protocolNamed('mqtt3.1.1'), 'mqtt')
  assert.equal(protocolNamed('STOMP+TLS'), 'stomp/ssl')
  for (const name of ['web-mqtt', 'web_mqtt', 'http/web-mqtt']) {
    assert.equal(protocolNamed(name), 'http/web-mqtt')
  }
  assert.equal(protocolNamed('https/web-stomp'), 'https/web-stomp')
  assert.equal(protocolNamed('web_stomp_tls'), 'https/web-stomp')
})

test('a certificate that ends too soon is told with its listeners', async () => {
  const path = '/health/checks/certificate-expiration'
  assert.deepEqual(await ask(`${path}/1/years`), ok)
  status = { ...status, certificateEndsAt: Date.now() + 10 * 86_400_000 }
  assert.deepEqual(await ask(`${path}/1/weeks`), ok)
  const [code, body] = (await ask(`${path}/1/months`)) as [number, Record<string, unknown>]
  assert.deepEqual([code, body['reason']], [503, 'Certificates expiring'])
  const [listener, ...others] = body['expired'] as Record<string, unknown>[]
  assert.deepEqual(others, [])
  assert.deepEqual([listener?.['protocol'], listener?.['port']], ['amqp/ssl', 5671])
  assert.equal(((await ask(`${path}/1/hours`)) as [number])[0], 400)
  assert.equal(((await ask(`${path}/x/days`)) as [number])[0], 400)
})
