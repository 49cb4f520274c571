// Clients of STOMP and MQTT at a node of a cluster, up to whoever serves their virtual host, and what they are told when
// nobody does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, test } from 'node:test'
import { MovedClock } from '../../test/support/moved-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import { edgeLimits } from '../limits/link.ts'
import { stompLimits } from '../limits/stomp.ts'
import type { Preface } from '../server/node-link/preface.ts'
import { completeOptions } from '../settings/load-config.ts'
import { openStompEdge } from './open-stomp-edge.ts'
import type { OwnerRoute } from './owner-routes.ts'
import type { ProtocolServer } from './protocol-server.ts'
import { protocols } from './services.ts'

const service = protocols.find(({ title }) => title === 'STOMP')!.services[0]!

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
  const far = connect({ port, host: '127.0.0.1' })
  far.on('error', () => undefined)
  await once(far, 'connect')
  return { far, near: await waitFor('it is accepted', () => accepted.shift()) }
}

let clock: MovedClock
let memory: MemoryAccount
let edge: ProtocolServer
let route: OwnerRoute
let epoch: number
let asked: { readonly cell: number | undefined; readonly facts: Preface['facts'] }[]
const listeners = new Set<() => void>()
let passedOn: () => number

beforeEach(() => {
  clock = new MovedClock()
  memory = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })
  epoch = 1
  asked = []
  listeners.clear()
  route = { kind: 'down' }
  const counts: Parameters<typeof openStompEdge>[0]['owners']['passedOn'] = new Map()
  passedOn = () => counts.get('stomp')?.() ?? 0
  edge = openStompEdge({
    frame: { clock, memory: { account: memory }, options: completeOptions({}) },
    admission: { mayEnter: true },
    cluster: {
      shared: {
        vhosts: new Map([
          ['/', 0],
          ['shop', 3],
        ]),
      },
    },
    cells: { find: () => undefined, all: () => [] },
    owners: {
      passedOn: counts,
      find: (numberOf, { facts }) => {
        asked.push({ cell: numberOf(), facts })
        return Promise.resolve(route)
      },
      isCurrent: (known) => epoch <= known.epoch,
      onChange: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  })
})

async function arrive(bytes = ''): Promise<Socket> {
  const { far, near } = await pair()
  edge.acceptorOf(service)(near)
  if (bytes !== '') far.write(bytes)
  return far
}

const login = (host: string): string => `CONNECT\naccept-version:1.2\nhost:${host}\n\n\0`

test('the cell is that of the host that is named, or of the usual one', async () => {
  for (const [bytes, cell] of [
    [login('shop'), 3],
    [login('/'), 0],
    [login('nowhere'), 0],
    ['SEND\ndestination:/queue/a\n\n\0', 0],
    ['x'.repeat(stompLimits.loginFrameSizeMax + 1), 0],
  ] as const) {
    const far = await arrive(bytes)
    await waitFor('it is asked for', () => asked.length === 1)
    assert.equal(asked.pop()?.cell, cell)
    far.destroy()
  }
  await edge[Symbol.asyncDispose]()
})

test('a client is told when nobody serves its virtual host', async () => {
  const far = await arrive(login('shop'))
  assert.match(await text(far), /^ERROR\nmessage:Bad CONNECT\n[^]*Virtual host 'shop' is down\0\n$/)
  await waitFor('nothing is held', () => memory.sizes.input === 0)
  await edge[Symbol.asyncDispose]()
})

test('a client that says too little is ended after a while, and holds little until then', async () => {
  const far = await arrive('CONNECT\nhost:')
  await waitFor('it is there', () => memory.sizes.input > 0)
  assert(memory.sizes.input < 1000)
  clock.advance(stompLimits.loginMsMax)
  assert.equal(await text(far), '')
  assert.equal(memory.sizes.input, 0)
  assert.equal(asked.length, 0)
  await edge[Symbol.asyncDispose]()
})

test('a client is passed on from its first byte, and told when its owner has lost the cell', async () => {
  const link = await pair()
  route = { kind: 'elsewhere', socket: link.near, cell: 3, epoch: 1, nodeName: 'n2' }
  const far = await arrive(login('shop'))
  const [came] = (await once(link.far, 'data')) as [Buffer]
  assert.equal(came.toString(), login('shop'))
  assert.partialDeepStrictEqual(asked[0]?.facts, { place: { vhost: 'shop' } })
  link.far.write('CONNECTED\n\n\0\nMESSAGE\ncontent-length:4\n\na\0')
  const got: Buffer[] = []
  far.on('data', (chunk: Buffer) => got.push(chunk))
  await waitFor('it is there', () => Buffer.concat(got).includes('MESSAGE'))
  epoch = 2
  for (const listener of listeners) listener()
  clock.advance(edgeLimits.movedMsMax)
  assert.equal(passedOn(), 1, 'a frame has begun')
  link.far.write('bc\0more')
  await once(far, 'end')
  const all = Buffer.concat(got).toString()
  assert.match(
    all,
    /\n\na\0bc\0ERROR\nmessage:connection_forced\n[^]*has moved to another node\0\n$/,
  )
  await waitFor('it is gone', () => passedOn() === 0)
  link.far.destroy()
  await edge[Symbol.asyncDispose]()
  assert.equal(listeners.size, 0)
})

test('nobody stays when the node stops, whether known or not', async () => {
  const link = await pair()
  route = { kind: 'elsewhere', socket: link.near, cell: 3, epoch: 1, nodeName: 'n2' }
  const known = await arrive(login('shop'))
  await once(link.far, 'data')
  const unknown = await arrive('CONN')
  await waitFor('both are there', () => passedOn() === 1 && memory.sizes.input > 0)
  const [told, silent] = [text(known), text(unknown)]
  await edge.endClients?.('the node stops')
  assert.match(await told, /CONNECTION_FORCED - the node stops/)
  assert.equal(await silent, '')
  link.far.destroy()
  await edge[Symbol.asyncDispose]()
})
