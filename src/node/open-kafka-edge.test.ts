// Clients of Kafka that come to another node than the one that has their topics.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { MovedClock } from '../../test/support/moved-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import { edgeLimits } from '../limits/link.ts'
import { type KafkaEdgeParts, openKafkaEdge } from './open-kafka-edge.ts'
import type { Service } from './service.ts'

const service: Service = {
  name: 'kafka',
  scheme: 'kafka',
  setting: 'kafkaPort',
  isTls: false,
}

let server: Server
const accepted: Socket[] = []
before(async () => {
  server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    accepted.push(socket),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => server.close())

async function pair(): Promise<{ readonly far: Socket; readonly near: Socket }> {
  const { port } = server.address() as { readonly port: number }
  const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => undefined)
  await once(far, 'connect')
  return { far, near: await waitFor('it is accepted', () => accepted.shift()) }
}

test('a client is ended when its owner has lost the cell and says nothing', async () => {
  const clock = new MovedClock()
  const link = await pair()
  const listeners = new Set<() => void>()
  let epoch = 1
  const parts: KafkaEdgeParts = {
    frame: {
      clock,
      options: { tlsClientName: 'common-name' },
      memory: { account: new MemoryAccount({ watermark: 1e9, onReceived: () => undefined }) },
    },
    admission: { mayEnter: true },
    cluster: { shared: { vhosts: new Map([['/', 0]]) } },
    cells: { find: () => undefined, all: () => [] },
    owners: {
      passedOn: new Map(),
      find: () =>
        Promise.resolve({
          kind: 'elsewhere',
          socket: link.near,
          cell: 0,
          epoch: 1,
          nodeName: 'n2',
        }),
      isCurrent: (route) => epoch <= route.epoch,
      onChange: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  }
  const edge = openKafkaEdge(parts)
  const client = await pair()
  edge.acceptorOf(service)(client.near)
  const passedOn = (): number => parts.owners.passedOn.get('kafka')?.() ?? 0
  await waitFor('it is passed on', () => passedOn() === 1)
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  client.far.write('a request')
  const [request] = (await once(link.far, 'data')) as [Buffer]
  assert.equal(String(request), 'a request')
  tell()
  clock.advance(edgeLimits.movedMsMax)
  assert.equal(passedOn(), 1, 'nothing of its cell has changed')
  epoch = 2
  tell()
  assert.equal(passedOn(), 1, 'the owner has a moment to end it itself')
  clock.advance(edgeLimits.movedMsMax)
  assert.equal(passedOn(), 0)
  client.far.resume()
  await once(client.far, 'end')
  client.far.destroy()
  await edge[Symbol.asyncDispose]()
  assert.equal(listeners.size, 0)
  link.far.destroy()
})
