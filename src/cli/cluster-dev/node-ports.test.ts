import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { test } from 'node:test'
import { chooseNodePorts } from './node-ports.ts'

const free = { mqtt: 0, stomp: 0 }

async function listenAt(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The first of so many free ports in a row, below those that the system gives to other programs meanwhile. */
async function freeRow(count: number): Promise<number> {
  for (let first = 20_000 + (process.pid % 1000) * 10; ; first += count) {
    const ports = Array.from({ length: count }, (_, index) => first + index)
    const opened = await Promise.allSettled(ports.map(listenAt))
    const servers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    await Promise.all(servers.map((server) => once(server.close(), 'close')))
    if (servers.length === count) return first
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

test('the first node has the port that was asked for, the others the following ones, and free ones where these are taken', async () => {
  const first = await freeRow(3)
  const taker = await listenAt(first + 2)
  try {
    const ports = await chooseNodePorts({ amqp: first, kafka: 0, http: 0, ...free }, 3)
    assert.deepEqual([ports[0]?.amqp, ports[1]?.amqp], [first, first + 1])
    assert.notEqual(ports[2]?.amqp, first + 2)
    const all = ports.flatMap((each) => Object.values(each))
    assert.equal(new Set(all).size, 15)
    for (const port of all) (await listenAt(port)).close()
  } finally {
    taker.close()
  }
})

test('a port that somebody asked for and another program has ends the start', async () => {
  const taker = await listenAt(0)
  try {
    const wanted = { amqp: 0, kafka: portOf(taker), http: 0, ...free }
    await assert.rejects(
      chooseNodePorts(wanted, 2),
      /is in use: .* choose another with --kafka-port/,
    )
  } finally {
    taker.close()
  }
})

test('the last ports of a machine have no following ones', async () => {
  const ports = await chooseNodePorts({ amqp: 0, kafka: 0, http: 65_535, ...free }, 2)
  assert.equal(ports[0]?.http, 65_535)
  assert.ok((ports[1]?.http ?? 0) > 0)
})
