// Clients of Kafka that come to another node than the one that has their topics.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { MovedClock } from '../../test/support/moved-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import type { KnownCell, KnownNode } from '../cluster/directory.ts'
import { edgeLimits } from '../limits/link.ts'
import { type KafkaEdgeParts, openKafkaEdge } from './open-kafka-edge.ts'
import type { ServedCell } from './served-cells.ts'
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

/** Of a node without cells, whose clients go on to `link`. */
function partsWith(
  link: Socket,
  own: Pick<KafkaEdgeParts['owners'], 'isCurrent' | 'onChange'>,
): {
  readonly clock: MovedClock
  readonly parts: KafkaEdgeParts
  /** Its cells, from now on. */
  readonly served: ServedCell[]
} {
  const clock = new MovedClock()
  const served: ServedCell[] = []
  const parts: KafkaEdgeParts = {
    frame: {
      clock,
      options: { tlsClientName: 'common-name' },
      memory: { account: new MemoryAccount({ watermark: 1e9, onReceived: () => undefined }) },
    },
    admission: { mayEnter: true },
    cluster: { directory: { nodes: [], cells: [] }, shared: { vhosts: new Map([['/', 0]]) } },
    cells: { find: () => undefined, all: () => served },
    owners: {
      passedOn: new Map(),
      find: () =>
        Promise.resolve({
          kind: 'elsewhere',
          socket: link,
          cell: 0,
          epoch: 1,
          nodeName: 'n2',
        }),
      ...own,
    },
  }
  return { clock, parts, served }
}

test('a client is ended when its owner has lost the cell and says nothing', async () => {
  const link = await pair()
  const listeners = new Set<() => void>()
  let epoch = 1
  const { clock, parts } = partsWith(link.near, {
    isCurrent: (route) => epoch <= route.epoch,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  })
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

for (const what of ['leads something itself', 'hears that its leaders are reached'] as const) {
  test(`clients that are passed on come again when their node ${what}`, async () => {
    const link = await pair()
    const listeners = new Set<() => void>()
    const { clock, parts, served } = partsWith(link.near, {
      isCurrent: () => true,
      onChange: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    })
    const edge = openKafkaEdge(parts)
    const client = await pair()
    edge.acceptorOf(service)(client.near)
    const passedOn = (): number => parts.owners.passedOn.get('kafka')?.() ?? 0
    await waitFor('it is passed on', () => passedOn() === 1)
    for (const tell of [() => edge.onFirstCell?.(), ...listeners]) tell()
    assert.equal(passedOn(), 1, 'nothing is led here')
    served.push({} as ServedCell)
    if (what === 'leads something itself') edge.onFirstCell?.()
    else for (const listener of listeners) listener()
    clock.advance(edgeLimits.movedMsMax)
    client.far.resume()
    await once(client.far, 'end')
    assert.equal(passedOn(), 0)
    client.far.destroy()
    link.far.destroy()
    await edge[Symbol.asyncDispose]()
    assert.equal(listeners.size, 0)
  })
}

test('while a node opens the home, no other of its cells lets clients in', async () => {
  const link = await pair()
  const { parts, served } = partsWith(link.near, {
    isCurrent: () => true,
    onChange: () => () => undefined,
  })
  let adoptedCount = 0
  const other = { kafka: { acceptorOf: () => () => void adoptedCount++ } }
  served.push(other as unknown as ServedCell)
  const owner = { isSelf: true } as KnownNode
  const cells: KnownCell[] = [{ cell: 0, epoch: 1, isDown: false, owner }]
  const directory = { nodes: [], cells }
  const owners = { ...parts.owners, find: () => new Promise<never>(() => undefined) }
  const edge = openKafkaEdge({ ...parts, owners, cluster: { ...parts.cluster, directory } })
  const [first, second] = [await pair(), await pair()]
  edge.acceptorOf(service)(first.near)
  assert.equal(adoptedCount, 0)
  cells[0] = { cell: 0, epoch: 1, isDown: false, owner: { isSelf: false } as KnownNode }
  edge.acceptorOf(service)(second.near)
  assert.equal(adoptedCount, 1)
  edge.onFirstCell?.()
  assert.equal(first.near.destroyed, false, 'it is let in by the home')
  for (const { far, near } of [first, second, link]) for (const end of [far, near]) end.destroy()
  await edge[Symbol.asyncDispose]()
})
