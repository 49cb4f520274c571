import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, connect as connectPlain, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as endOfTurn } from 'node:timers/promises'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { makeCertificate, type MadeCertificate } from '../../test/support/make-certificate.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { amqpLimits } from '../limits/amqp.ts'
import { networkLimits } from '../limits/network.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type ByteSource, takeOver } from './byte-source.ts'
import { TlsCredentials, type TlsMaterial } from './tls-credentials.ts'
import type { HandshakeFailure } from './tls-failure.ts'
import { TlsHandshakes } from './tls-handshakes.ts'

const hosts = ['127.0.0.1', 'localhost']
const authority = makeCertificate({ name: 'authority' })
const ours = makeCertificate({ name: 'ours', hosts, issuer: authority })
const oursRsa = makeCertificate({ name: 'ours', hosts, issuer: authority, isRsa: true })
const client = makeCertificate({ name: 'client', issuer: authority })
const stranger = makeCertificate({ name: 'stranger' })

function materialOf({ certificate, key }: MadeCertificate, clientCa?: string): TlsMaterial {
  return { certificates: certificate, key, clientCa, own: new X509Certificate(certificate) }
}

/** A listener for TLS with everything that came of it. */
class Door implements AsyncDisposable {
  readonly credentials: TlsCredentials
  readonly sockets: Socket[] = []
  readonly sources: ByteSource[] = []
  readonly failures: HandshakeFailure[] = []
  readonly refused: string[] = []
  acceptedCount = 0
  readonly #peers: Socket[] = []
  readonly #server = createServer({ pauseOnConnect: true })

  private constructor(clientCa: string | undefined, clock: Clock, handshakesMax?: number) {
    this.credentials = new TlsCredentials(materialOf(ours, clientCa))
    const handshakes = new TlsHandshakes({
      credentials: this.credentials,
      clock,
      ...(handshakesMax !== undefined && { handshakesMax }),
      onSocket: (accepted) => {
        const { socket, source } = takeOver(accepted)
        socket.on('error', () => undefined)
        this.sockets.push(socket)
        this.sources.push(source)
      },
      onFailed: (failure) => this.failures.push(failure),
      onRefused: (reason) => this.refused.push(reason),
    })
    this.#server.on('connection', handshakes.accept)
    this.#server.on('connection', () => this.acceptedCount++)
  }

  static async open(
    clientCa?: string,
    clock: Clock = systemClock,
    handshakesMax?: number,
  ): Promise<Door> {
    const door = new Door(clientCa, clock, handshakesMax)
    door.#server.listen(0, '127.0.0.1')
    await once(door.#server, 'listening')
    return door
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  connectPlain(): Socket {
    return this.#keep(connectPlain(this.#port, '127.0.0.1'))
  }

  connect(options: ConnectionOptions = {}): TLSSocket {
    const to = { port: this.#port, host: '127.0.0.1', ca: authority.certificate }
    return this.#keep(connect({ ...to, ...options }))
  }

  #keep<Peer extends Socket>(peer: Peer): Peer {
    this.#peers.push(peer)
    return peer.on('error', () => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [...this.sockets, ...this.#peers]) socket.destroy()
    this.#server.close()
  }

  /** How the one connection that was tried has failed. */
  async failure(): Promise<HandshakeFailure> {
    const failure = await waitFor('the handshake fails', () => this.failures[0])
    assert.equal(this.sockets.length, 0)
    return failure
  }
}

for (const [name, bytes] of Object.entries({
  AMQP: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
  Kafka: Buffer.from('0000000a00120000000000010000', 'hex'),
  HTTP: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
})) {
  test(`plain ${name} ends at once, and it is said why`, async () => {
    await using door = await Door.open()
    const socket = door.connectPlain()
    socket.write(bytes)
    socket.resume()
    await once(socket, 'close')
    const { reason, remoteAddress, isUsual } = await door.failure()
    assert.match(reason, /does not speak TLS/)
    assert.equal(remoteAddress, '127.0.0.1')
    assert.equal(isUsual, false)
  })
}

test('a peer that goes away before its handshake is nothing special', async () => {
  await using door = await Door.open()
  door.connectPlain().end()
  assert.deepEqual(await door.failure(), {
    remoteAddress: '127.0.0.1',
    reason: 'it went away',
    isUsual: true,
  })
})

test('a handshake that takes too long ends, however busy it looks', async () => {
  const time = new VirtualClock()
  const clock = { ...systemClock, after: time.after.bind(time) }
  await using door = await Door.open(undefined, clock)
  const socket = door.connectPlain()
  await once(socket, 'connect')
  await waitFor('it is accepted', () => time.timerCount > 0)
  socket.write(Buffer.from('160301', 'hex'))
  time.advance(amqpLimits.handshakeMsMax)
  assert.match((await door.failure()).reason, /no TLS handshake within 10 s/)
})

test('more handshakes than allowed at a time are refused', async () => {
  const time = new VirtualClock()
  const credentials = new TlsCredentials(materialOf(ours))
  const refused: string[] = []
  const onRefused = (reason: string): void => void refused.push(reason)
  const ignore = (): void => undefined
  const options = { credentials, clock: time, onSocket: ignore, onFailed: ignore, onRefused }
  const handshakes = new TlsHandshakes(options)
  const destroyed: number[] = []
  const closers: (() => void)[] = []
  const socketOf = (number: number): Socket => {
    const double = {
      remoteAddress: '',
      on: () => undefined,
      once: (_event: string, onClose: () => void) => closers.push(onClose),
      destroy: () => destroyed.push(number),
    }
    return double as unknown as Socket
  }
  for (let number = 0; number <= networkLimits.tlsHandshakesMax; number++) {
    handshakes.accept(socketOf(number))
  }
  assert.deepEqual(destroyed, [networkLimits.tlsHandshakesMax])
  assert.match(refused[0] ?? '', /more than 4096 TLS handshakes/)
  closers[0]?.()
  handshakes.accept(socketOf(-1))
  assert.equal(destroyed.length, 1, 'one that is gone leaves its place')
})

test('silent connections do not keep a client out: the oldest of them ends', async () => {
  await using door = await Door.open(undefined, systemClock, 3)
  const silent = [door.connectPlain(), door.connectPlain(), door.connectPlain()]
  const ended: number[] = []
  for (const [index, socket] of silent.entries()) socket.on('close', () => ended.push(index))
  await waitFor('they are accepted', () => door.acceptedCount === 3)
  // Their handshakes begin at the end of the turn: from then on they wait for their clients.
  await endOfTurn()
  const client = door.connect()
  await once(client, 'secureConnect')
  await waitFor('the oldest ends', () => ended.length === 1)
  assert.deepEqual(ended, [0])
  assert.deepEqual(door.refused, ['a silent TLS handshake ended for a new one: 3 at a time'])
})

for (const [cipher, isAccepted] of [
  ['ECDHE-RSA-AES128-GCM-SHA256', true],
  ['ECDHE-RSA-AES256-GCM-SHA384', true],
  ['ECDHE-RSA-CHACHA20-POLY1305', true],
  // The key is sent encrypted with the broker's: who has that later reads all that was said.
  ['AES128-GCM-SHA256', false],
  ['AES256-GCM-SHA384', false],
  // CBC, with SHA-1.
  ['ECDHE-RSA-AES128-SHA', false],
  ['ECDHE-RSA-AES256-SHA', false],
] as const) {
  test(`TLS 1.2 with ${cipher} is ${isAccepted ? 'accepted' : 'refused'}`, async () => {
    await using door = await Door.open()
    door.credentials.replace(materialOf(oursRsa))
    const client = door.connect({ maxVersion: 'TLSv1.2', ciphers: cipher })
    if (isAccepted) await once(client, 'secureConnect')
    else assert.match((await door.failure()).reason, /no cipher that the broker accepts/)
  })
}

test('a client that offers only TLS 1.1 is refused', async () => {
  await using door = await Door.open()
  const ciphers = 'DEFAULT@SECLEVEL=0'
  door.connect({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers })
  assert.match((await door.failure()).reason, /no version of TLS from 1\.2 on/)
})

test('a damaged handshake is told in a few words', async () => {
  await using door = await Door.open()
  const socket = door.connectPlain()
  // A ClientHello with one extension, which is longer than it says.
  const extensions = '0008002b000305030400'
  const body = `0303${'00'.repeat(32)}00000213010100${extensions}`
  const handshake = `010000${(body.length / 2).toString(16)}${body}`
  socket.write(Buffer.from(`16030100${(handshake.length / 2).toString(16)}${handshake}`, 'hex'))
  assert.match((await door.failure()).reason, /^OpenSSL says: [a-z ]+$/)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`with authorities for clients, ${version} wants a certificate of theirs`, async () => {
    const at = { minVersion: version, maxVersion: version }
    {
      await using door = await Door.open(authority.certificate)
      door.connect(at)
      assert.match((await door.failure()).reason, /shows no certificate/)
    }
    {
      await using door = await Door.open(authority.certificate)
      door.connect({ ...at, cert: stranger.certificate, key: stranger.key })
      assert.match((await door.failure()).reason, /does not vouch for it \([A-Z_]+\)/)
    }
    await using door = await Door.open(authority.certificate)
    door.connect({ ...at, cert: client.certificate, key: client.key })
    await waitFor('it is let in', () => door.sockets.length === 1)
  })
}

test('bytes come in order, also those that came while the connection was paused', async () => {
  await using door = await Door.open()
  const peer = door.connect()
  await waitFor('the handshake', () => door.sockets.length === 1)
  const [socket, source] = [door.sockets[0] as Socket, door.sources[0] as ByteSource]
  const sent = Buffer.alloc(3_000_000).map((_, index) => index % 251)
  const parts: Buffer[] = []
  let isEarly = false
  source.onBytes = (bytes) => {
    if (socket.isPaused()) isEarly = true
    parts.push(Buffer.from(bytes))
    socket.pause()
    setImmediate(() => socket.resume())
  }
  const ended = once(socket, 'end')
  peer.end(sent)
  await ended
  assert.equal(isEarly, false, 'nothing comes while it is paused')
  assert.ok(Buffer.concat(parts).equals(Buffer.from(sent)), 'and all of it before the end')
})

test('a peer that does not read holds the writer up', async () => {
  await using door = await Door.open()
  const peer = door.connect()
  peer.pause()
  await waitFor('the handshake', () => door.sockets.length === 1)
  const socket = door.sockets[0] as Socket
  const piece = Buffer.alloc(1_000_000)
  for (let count = 0; count < 32; count++) socket.write(piece)
  assert.ok(socket.writableLength > 16_000_000)
  let received = 0
  const drained = once(socket, 'drain')
  peer.on('data', (bytes: Buffer) => (received += bytes.length))
  peer.resume()
  await drained
  assert.equal(socket.writableLength, 0)
  await waitFor('all arrives', () => received === 32 * piece.length)
})

test('what is written at once arrives whole, and leaves others their turn', async () => {
  await using door = await Door.open()
  const peer = door.connect()
  await waitFor('the handshake', () => door.sockets.length === 1)
  const socket = door.sockets[0] as Socket
  const pieces = [16, 16_000_000, 0, 100_000, 300_000, 8].map((size, index) =>
    Buffer.alloc(size).map((_, at) => (at + index) % 251),
  )
  let most = 0
  let before = socket.bytesWritten - socket.writableLength
  const turn = (): void => {
    const now = (socket as Socket & { _handle: { bytesWritten: number } })._handle.bytesWritten
    most = Math.max(most, now - before)
    before = now
    if (now < sent.length) setImmediate(turn)
  }
  const sent = Buffer.concat(pieces)
  const received: Buffer[] = []
  peer.on('data', (bytes: Buffer) => received.push(bytes))
  socket.cork()
  for (const piece of pieces) socket.write(piece)
  socket.uncork()
  turn()
  const ended = once(peer, 'end')
  socket.end()
  await ended
  assert.ok(Buffer.concat(received).equals(sent))
  assert.ok(most <= 2 * networkLimits.tlsWriteSizeMax, `${most} bytes in one turn`)
})

test('a new certificate is for new connections, and the open ones go on', async () => {
  await using door = await Door.open()
  const before = door.connect()
  await once(before, 'secureConnect')
  assert.equal(before.getPeerCertificate().subject.CN, 'ours')
  const renewed = makeCertificate({ name: 'renewed', hosts, issuer: authority })
  door.credentials.replace(materialOf(renewed))
  const after = door.connect()
  await once(after, 'secureConnect')
  assert.equal(after.getPeerCertificate().subject.CN, 'renewed')
  await waitFor('both are in', () => door.sockets.length === 2)
  door.sockets[0]?.write('still here')
  const [bytes] = (await once(before, 'data')) as [Buffer]
  assert.equal(String(bytes), 'still here')
})

test('a certificate that OpenSSL refuses changes nothing', async () => {
  await using door = await Door.open()
  const wrong = { ...materialOf(ours), key: stranger.key }
  assert.throws(() => door.credentials.replace(wrong))
  await once(door.connect(), 'secureConnect')
})
