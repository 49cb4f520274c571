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

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

test('the first node has the port that was asked for, the others the following ones, and free ones where these are taken', async () => {
  const some = await chooseNodePorts({ amqp: 0, kafka: 0, http: 0, ...free }, 1)
  const first = some[0]?.amqp ?? 0
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
