// Connections of WebSocket as their clients see them: with the npm package ws, and byte by byte.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { WebSocket as Client } from 'ws'
import { waitFor } from '../../../test/support/wait-for.ts'
import { loopbackHosts } from '../../lib/own-hosts.ts'
import { webSocketLimits } from '../../limits/websocket.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { takingOver } from '../byte-source.ts'
import { noteEndReason, webSocketFactsOf } from '../web-socket-facts.ts'
import type { WebSocketProtocol } from './sub-protocols.ts'
import { WebSocketDoor, type WebSocketTarget } from './web-socket-door.ts'

let clock: VirtualClock
let door: WebSocketDoor
let server: Server
/** Sockets as a protocol has them, and what came in at each call. */
let served: Socket[]
let received: Buffer[]
let shut: string | undefined
/** What a protocol does with bytes. */
let onBytes: (socket: Socket, bytes: Buffer) => void
let target: WebSocketTarget
const clients: Client[] = []

beforeEach(async () => {
  clock = new VirtualClock()
  served = []
  received = []
  shut = undefined
  onBytes = (socket, bytes) => void socket.write(Buffer.from(bytes))
  target = {
    takesText: true,
    sendsText: false,
    frameSizeMax: 1_000_000,
    isTrusted: false,
    accept: takingOver((socket, source) => {
      served.push(socket)
      socket.on('error', () => undefined)
      source.onBytes = (bytes) => {
        received.push(Buffer.from(bytes))
        onBytes(socket, bytes)
      }
    }),
  }
  door = new WebSocketDoor({
    clock,
    rules: { origins: ['https://app.example.com'], hosts: loopbackHosts('127.0.0.1') },
    whyShut: () => shut,
    targetOf: (protocol) => (protocol === 'mqtt' ? { ...target, takesText: false } : target),
  })
  await listen('stomp')
})
afterEach(() => {
  for (const client of clients.splice(0)) client.terminate()
  door[Symbol.dispose]()
  server.close()
})

async function listen(protocol: WebSocketProtocol): Promise<void> {
  server?.close()
  server = createServer({ pauseOnConnect: true }, (socket) => door.accept(socket, protocol))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

function port(): number {
  return (server.address() as { readonly port: number }).port
}

function connecting(
  path = '/ws',
  names: string[] = [],
  options: Client.ClientOptions = {},
): Client {
  const client = new Client(`ws://127.0.0.1:${port()}${path}`, names, options)
  clients.push(client)
  client.on('error', () => undefined)
  return client
}

async function connected(names: string[] = []): Promise<Client> {
  const client = connecting('/ws', names)
  await once(client, 'open')
  return client
}

/** Status and text of the answer to a request that is refused. */
async function refusal(
  path: string,
  names: string[],
  options: Client.ClientOptions = {},
): Promise<string> {
  const client = connecting(path, names, options)
  const [, response] = (await once(client, 'unexpected-response')) as [
    unknown,
    AsyncIterable<Buffer> & { readonly statusCode: number },
  ]
  let text = ''
  for await (const chunk of response) text += chunk.toString()
  return `${response.statusCode} ${text.trim()}`
}

async function closeOf(client: Client): Promise<number> {
  const [code] = (await once(client, 'close')) as [number]
  return code
}

test('what is sent in frames comes back, whether as text or as binary', async () => {
  const client = await connected(['v12.stomp'])
  assert.equal(client.protocol, 'v12.stomp')
  for (const sent of ['hello', Buffer.alloc(200, 1), Buffer.alloc(60_000, 2)]) {
    client.send(sent)
    const [back] = (await once(client, 'message')) as [Buffer]
    assert.deepEqual(back, Buffer.from(sent))
  }
  assert.equal(webSocketFactsOf(served[0] as Socket)?.subProtocol, 'v12.stomp')
})

test('the first sub-protocol that both know is chosen', async () => {
  assert.equal((await connected(['v1', 'v11.stomp', 'v12.stomp'])).protocol, 'v11.stomp')
  await listen('mqtt')
  assert.equal((await connected(['mqttv3.1', 'mqtt'])).protocol, 'mqttv3.1')
})

test('[MQTT-6.0.0-3] a client of MQTT has to offer mqtt', async () => {
  await listen('mqtt')
  assert.match(await refusal('/mqtt', []), /^400 .*mqtt or mqttv3\.1/)
  assert.match(await refusal('/mqtt', ['v12.stomp']), /^400 /)
})

test('[MQTT-6.0.0-1] text is no MQTT', async () => {
  await listen('mqtt')
  const client = await connected(['mqtt'])
  client.send('text')
  assert.equal(await closeOf(client), 1003)
})

test('other paths, other pages and other names are refused', async () => {
  assert.match(await refusal('/elsewhere', []), /^404 /)
  assert.match(await refusal('/ws', [], { origin: 'https://evil.example.com' }), /^403 Pages of/)
  assert.match(await refusal('/ws', [], { origin: 'null' }), /^403 /)
  assert.match(await refusal('/ws', [], { headers: { host: 'evil.example.com' } }), /^421 /)
  shut = 'The broker is in maintenance'
  assert.equal(await refusal('/ws', []), '503 The broker is in maintenance')
})

test('pages of this host and of those that are named may connect', async () => {
  for (const origin of ['http://localhost:3000', 'https://app.example.com', 'http://127.0.0.1']) {
    const client = connecting('/ws', [], { origin })
    await once(client, 'open')
  }
  assert.equal(served.length, 3)
})

test('the login of the request is known', async () => {
  const client = connecting('/ws', [], {
    headers: { authorization: `Basic ${btoa('anna:se:cret')}` },
  })
  await once(client, 'open')
  const login = webSocketFactsOf(served[0] as Socket)?.login
  assert.deepEqual(
    [login?.user, Buffer.from(login?.password ?? []).toString()],
    ['anna', 'se:cret'],
  )
})

test('fragments and frames that come together are one stream of bytes', async () => {
  const client = await connected()
  const raw = (client as unknown as { readonly _socket: Socket })._socket
  raw.cork()
  client.send('ab', { fin: false })
  client.ping('between')
  client.send('cd', { fin: true })
  client.send(Buffer.from('ef'))
  raw.uncork()
  const [back] = (await once(client, 'message')) as [Buffer]
  assert.equal(back.toString(), 'abcdef')
  assert.deepEqual(
    received.map((bytes) => bytes.toString()),
    ['abcdef'],
    'one read is one call',
  )
})

test('bytes that come one by one, with the request and behind it, are read', async () => {
  const socket = connect(port(), '127.0.0.1')
  const request =
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  // The masked "Hello" of RFC 6455 5.7.
  const hello = Buffer.from('818537fa213d7f9f4d5158', 'hex')
  socket.write(Buffer.concat([Buffer.from(request), hello, hello.subarray(0, 4)]))
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
  await waitFor('the first is back', () => answer.endsWith('\x82\x05Hello'))
  assert.match(answer, /^HTTP\/1\.1 101 .*\r\n/)
  assert.match(answer, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/)
  socket.setNoDelay()
  for (const byte of hello.subarray(4)) {
    socket.write(Buffer.of(byte))
    await new Promise(setImmediate)
  }
  await waitFor('the second is back', () => Buffer.concat(received).toString() === 'HelloHello')
  socket.destroy()
})

test('pings are answered', async () => {
  const client = await connected()
  client.ping('are you there')
  const [back] = (await once(client, 'pong')) as [Buffer]
  assert.equal(back.toString(), 'are you there')
})

test('a client that says nothing is pinged, and ended when it does not answer', async () => {
  const client = await connected()
  const { pingMs } = webSocketLimits
  await waitFor('it is there', () => served.length === 1)
  clock.advance(pingMs)
  const pinged = once(client, 'ping')
  clock.advance(pingMs)
  await pinged
  await waitFor('its pong is there', () => (served[0]?.bytesRead ?? 0) > 0)
  client.send('on')
  await once(client, 'message')
  clock.advance(pingMs)
  ;(client as unknown as { readonly _socket: Socket })._socket.pause()
  clock.advance(pingMs)
  assert.equal(served[0]?.destroyed, false)
  clock.advance(pingMs)
  assert.equal(served[0]?.destroyed, true)
})

test('an end has a close code: a usual one, a stop, a fault of the protocol within', async () => {
  const ends: [number, (socket: Socket) => void][] = [
    [1000, (socket) => socket.end()],
    [1000, (socket) => socket.destroySoon()],
    [1000, (socket) => socket.destroy()],
    [1001, (socket) => (noteEndReason(socket, 'shutting-down'), socket.destroySoon())],
    [1002, (socket) => (noteEndReason(socket, 'protocol-error'), socket.destroy())],
  ]
  for (const [code, end] of ends) {
    const client = await connected()
    end(served.at(-1) as Socket)
    assert.equal(await closeOf(client), code)
  }
})

test('what was written before the end arrives', async () => {
  const client = await connected()
  const socket = served[0] as Socket
  const parts: Buffer[] = []
  client.on('message', (part: Buffer) => parts.push(part))
  socket.write(Buffer.alloc(3_000_000, 1))
  socket.end(Buffer.from('the last'))
  assert.equal(await closeOf(client), 1000)
  assert.equal(Buffer.concat(parts).length, 3_000_008)
})

test('a client that closes is an end like any other, and is answered with its code', async () => {
  const client = await connected()
  const socket = served[0] as Socket
  const ended = once(socket, 'end')
  const closed = once(socket, 'close')
  client.send('last words')
  client.close(4001, 'enough')
  await ended
  await closed
  assert.equal(received.at(-1)?.toString(), 'last words')
  await waitFor('it is closed there', () => client.readyState === Client.CLOSED)
})

test('a client that goes away without a word is an end, too', async () => {
  const client = await connected()
  const closed = once(served[0] as Socket, 'close')
  client.terminate()
  await closed
})

test('a frame is limited until something was answered, and by more afterwards', async () => {
  const { firstFrameSizeMax } = webSocketLimits
  const early = await connected()
  onBytes = () => undefined
  early.send(Buffer.alloc(firstFrameSizeMax + 1))
  assert.equal(await closeOf(early), 1009)
  onBytes = (socket, bytes) => void socket.write(Buffer.from(bytes))
  const client = await connected()
  client.send(Buffer.alloc(firstFrameSizeMax))
  await once(client, 'message')
  client.send(Buffer.alloc(target.frameSizeMax))
  await once(client, 'message')
  client.send(Buffer.alloc(target.frameSizeMax + 1))
  assert.equal(await closeOf(client), 1009)
})

test('who is not read stops sending, and who does not read is not written to', async () => {
  onBytes = () => undefined
  const client = await connected()
  const socket = served[0] as Socket
  socket.write(Buffer.from('in'))
  await once(client, 'message')
  socket.pause()
  const piece = Buffer.alloc(500_000)
  for (let count = 0; count < 40; count++) client.send(piece)
  await waitFor('the system is full', () => client.bufferedAmount > 1_000_000)
  const before = Buffer.concat(received).length
  assert(before < 2_000_000, `${before} bytes came in while it was paused`)
  socket.resume()
  await waitFor(
    'all has come',
    () => received.reduce((size, bytes) => size + bytes.length, 0) === 40 * piece.length,
  )
  client.pause()
  let hasDrained = false
  socket.once('drain', () => (hasDrained = true))
  while (socket.write(piece));
  assert(socket.writableLength >= piece.length && socket.writableNeedDrain)
  for (let count = 0; count < 20; count++) socket.write(piece)
  const waiting = socket.writableLength
  assert(waiting > 1_000_000 && !hasDrained)
  client.resume()
  await waitFor('all was taken', () => hasDrained && socket.writableLength === 0)
})

test('who reads nothing can be ended at once', async () => {
  onBytes = () => undefined
  const client = await connected()
  const socket = served[0] as Socket
  client.pause()
  while (socket.write(Buffer.alloc(500_000)));
  const closed = once(socket, 'close')
  socket.resetAndDestroy()
  await closed
  assert.equal(socket.destroyed, true)
})

test('text goes out as text where it is some, and no character is cut', async () => {
  target = { ...target, sendsText: true }
  const client = await connected()
  const socket = served[0] as Socket
  const got: unknown[] = []
  client.on('message', (bytes: Buffer, isBinary: boolean) =>
    got.push(isBinary ? bytes : bytes.toString()),
  )
  const [first, second] = [
    Buffer.from('na\u00efve \u{1f600}').subarray(0, -2),
    Buffer.from([0x98, 0x80]),
  ]
  socket.write(first)
  await waitFor('it is there', () => got.length === 1)
  socket.write(second)
  await waitFor('the rest is there', () => got.length === 2)
  socket.write(Buffer.from([0xff, 0xfe]))
  await waitFor('what is no text is there', () => got.length === 3)
  socket.end(Buffer.from([0xc3]))
  await closeOf(client)
  assert.deepEqual(got, ['naïve ', '\u{1f600}', Buffer.from([0xff, 0xfe]), Buffer.from([0xc3])])
})

test('whoever speaks no WebSocket is told so', async () => {
  const response = await fetch(`http://127.0.0.1:${port()}/ws`)
  assert.deepEqual([response.status, response.headers.get('upgrade')], [426, 'websocket'])
  const socket = connect(port(), '127.0.0.1')
  socket.write('\x10\x00nonsense\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 400 /)
})

test('silent connections keep nobody out: the oldest ends', async () => {
  const silent: Socket[] = []
  for (let count = 0; count < webSocketLimits.handshakesMax; count++) {
    const socket = connect(port(), '127.0.0.1')
    socket.on('error', () => undefined)
    silent.push(socket)
  }
  const oldest = once(silent[0] as Socket, 'close')
  await Promise.all(
    silent
      .filter(({ connecting: isConnecting }) => isConnecting)
      .map((socket) => once(socket, 'connect')),
  )
  silent[0]?.resume()
  await connected()
  await oldest
  for (const socket of silent) socket.destroy()
})
