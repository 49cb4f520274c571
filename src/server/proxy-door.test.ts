import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { waitFor } from '../../test/support/wait-for.ts'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { takeOver } from './byte-source.ts'
import { ProxyDoor } from './proxy-door.ts'

const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'
let clock: VirtualClock
let door: ProxyDoor
let server: Server
let accepted: number
let served: Socket[]
let received: string
let refused: string[]
const clients: Socket[] = []

beforeEach(async () => {
  clock = new VirtualClock()
  ;[accepted, served, received, refused] = [0, [], '', []]
  door = new ProxyDoor({
    clock,
    onSocket: (each) => {
      const { socket, source } = takeOver(each)
      source.onBytes = (bytes) => (received += bytes.toString())
      socket.on('error', () => undefined)
      served.push(socket)
    },
    onRefused: (reason) => refused.push(reason),
  })
  server = createServer({ pauseOnConnect: true }, (socket) => {
    accepted++
    door.accept(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  door.close()
  for (const socket of [...clients.splice(0), ...served]) socket.destroy()
  server.close()
})

async function client(): Promise<Socket> {
  const before = accepted
  const socket = connect((server.address() as { readonly port: number }).port, '127.0.0.1')
  clients.push(socket)
  socket.on('error', () => undefined)
  await waitFor('it is accepted', () => accepted > before)
  return socket
}

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => void socket.resume().once('close', resolve))
}

/** Does what waits for the end of a turn until it is so. */
function soon(what: string, isSo: () => boolean): Promise<unknown> {
  return waitFor(what, () => {
    clock.advance(0)
    return isSo()
  })
}

test('what comes with the header and after it is read by whoever takes the socket over', async () => {
  const socket = await client()
  socket.write(`${header}first `)
  await soon('it is served', () => served.length === 1)
  assert.deepEqual([served[0]?.remoteAddress, served[0]?.localPort], ['192.0.2.1', 2])
  socket.write('second ')
  await waitFor('all is there', () => received === 'first second ')
  served[0]?.pause()
  socket.write('third')
  served[0]?.resume()
  await waitFor('the rest is there', () => received === 'first second third')
})

test('a header alone is enough', async () => {
  const socket = await client()
  socket.write(header)
  await soon('it is served', () => served.length === 1)
  socket.write('later')
  await waitFor('it is read', () => received === 'later')
})

test('one that is silent, or slow, is refused after a while', async () => {
  const [silent, slow] = [await client(), await client()]
  slow.write('PROXY TCP4 ')
  clock.advance(networkLimits.proxyHeaderMsMax)
  await Promise.all([silent, slow].map(closed))
  const why = '127.0.0.1 sent no header of the PROXY protocol: none came within 5 s'
  assert.deepEqual([refused, served.length], [[why, why], 0])
})

test('the end of the listener ends those whose header is not complete', async () => {
  const socket = await client()
  door.close()
  await closed(socket)
  assert.deepEqual([refused, served], [[], []])
})
