// `localhost` is 127.0.0.1 for some clients and ::1 for others: a broker that nobody configured
// answers on both, with the same ports and under the same rule for guest.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { connect } from 'amqplib'
import type { Address } from '../../src/lib/listen.ts'
import { hasIpv6Loopback } from '../support/loopbacks.ts'
import { waitFor } from '../support/wait-for.ts'
import { BrokerProgram, ScratchFolder } from './broker-program.ts'

const names = ['amqp', 'http', 'kafka', 'metrics', 'mqtt', 'mqtt-ws', 'stomp', 'stomp-ws']
const freePorts = names.flatMap((name) => [`--${name}-port`, '0'])
const services = ['amqp', 'kafka', 'http'] as const

type Addresses = Readonly<Record<(typeof services)[number], Address>>

async function start(folder: ScratchFolder, ...args: readonly string[]): Promise<BrokerProgram> {
  const flags = ['--data', folder.file('data'), '--ready-file', folder.file('ready'), ...freePorts]
  const program = BrokerProgram.run(folder, [...flags, ...args])
  await program.ready(folder.file('ready'))
  return program
}

function addressesIn(folder: ScratchFolder): Addresses {
  return JSON.parse(readFileSync(folder.file('ready'), 'utf8')) as Addresses
}

/** How a client that came to `host` sees Kafka's one broker. */
async function advertisedTo(host: string, port: number): Promise<string | undefined> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [{ host, port }] })
  try {
    const { brokers } = await admin.metadata({ topics: [] })
    return [...brokers.values()][0]?.host
  } finally {
    await admin.close()
  }
}

for (const host of hasIpv6Loopback() ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
  test(`clients of all protocols find the broker at ${host}`, async () => {
    using folder = new ScratchFolder()
    await using _program = await start(folder)
    const { amqp, kafka, http } = addressesIn(folder)
    const connection = await connect({ hostname: host, port: amqp.port })
    await connection.close()
    assert.equal(await advertisedTo(host, kafka.port), host)
    const urlHost = host.includes(':') ? `[${host}]` : host
    const health = await fetch(`http://${urlHost}:${http.port}/health/ready`)
    assert.equal(health.status, 200)
  })
}

test('the ready file has an address that always works, and the other one', async () => {
  using folder = new ScratchFolder()
  await using _program = await start(folder)
  const others = hasIpv6Loopback() ? { alsoHosts: ['::1'] } : {}
  for (const service of services) {
    const { port, ...rest } = addressesIn(folder)[service]
    assert.ok(port > 0)
    assert.deepEqual(rest, { host: '127.0.0.1', ...others })
  }
})

test('a broker on one loopback is not on the other', async () => {
  using folder = new ScratchFolder()
  await using program = await start(folder, '--host', '127.0.0.1')
  const { amqp } = addressesIn(folder)
  assert.deepEqual(amqp, { host: '127.0.0.1', port: amqp.port })
  await waitFor('the last line', () => program.stdout.includes('complete'))
  assert.match(program.stdout, new RegExp(`amqp://127\\.0\\.0\\.1:${amqp.port}\n`))
  await assert.rejects(connect({ hostname: '::1', port: amqp.port }))
})

test('a web page whose name is turned to loopback reads nothing', async () => {
  using folder = new ScratchFolder()
  await using _program = await start(folder)
  const { http } = addressesIn(folder)
  for (const [host, status] of [
    [`localhost:${http.port}`, 200],
    [`evil.example:${http.port}`, 421],
  ] as const) {
    const asked = request({ port: http.port, path: '/api/status', headers: { host } }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    assert.equal(answer.resume().statusCode, status)
  }
})
