import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from '../../test/support/make-certificate.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { ServingGate } from '../lib/serving-gate.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { takingOver } from './byte-source.ts'
import { WriteHold } from './write-hold.ts'

/** An accepted socket behind a gate that is open, and what its peer has got. */
class Held implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock()
  readonly gate: ServingGate = new ServingGate(this.clock)
  received = ''
  #stop: () => void = () => undefined

  async open(isTls: boolean): Promise<{ readonly socket: Socket; readonly hold: WriteHold }> {
    this.gate.openUntil(1000)
    const accepted = Promise.withResolvers<{ socket: Socket; hold: WriteHold }>()
    const accept = takingOver((socket) => {
      accepted.resolve({ socket, hold: new WriteHold(socket, this.gate) })
    })
    const { certificate: cert, key } = makeCertificate({ name: 'broker', hosts: ['localhost'] })
    const server = isTls
      ? createTlsServer({ cert, key }, accept)
      : createServer({ pauseOnConnect: true }, accept)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const peer = isTls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1')
    peer.on('data', (bytes: Buffer) => (this.received += bytes.toString('latin1')))
    peer.on('error', () => undefined)
    this.#stop = () => {
      peer.destroy()
      server.close()
    }
    const opened = await accepted.promise
    opened.socket.on('error', () => undefined)
    return opened
  }

  /** Waits until the peer has got it. */
  async gets(text: string): Promise<void> {
    await waitFor(`the peer gets ${text.slice(-20)}`, () => this.received === text)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    return Promise.resolve()
  }
}

for (const isTls of [false, true]) {
  const how = isTls ? 'TLS' : 'plain'

  test(`what is written while the gate is shut leaves when it opens, in order (${how})`, async () => {
    await using held = new Held()
    const { socket, hold } = await held.open(isTls)
    socket.write('before,')
    await held.gets('before,')
    held.clock.pass(1000)
    const large = 'x'.repeat(3_000_000)
    let sentCount = 0
    socket.cork()
    socket.write(Buffer.from('first,'), () => sentCount++)
    socket.write(Buffer.from('second,'), () => sentCount++)
    socket.uncork()
    socket.write(Buffer.from(large), () => sentCount++)
    assert.equal(hold.isHolding, true)
    // Life signs go past it, one after the other.
    hold.pass(Buffer.from('alive,'))
    await held.gets('before,alive,')
    hold.pass(Buffer.from('alive,'))
    await held.gets('before,alive,alive,')
    assert.equal(sentCount, 0)
    // A gate that opens while one is under way waits for it.
    hold.pass(Buffer.from('alive,'))
    held.gate.openUntil(5000)
    socket.write(Buffer.from('last'))
    await held.gets(`before,alive,alive,alive,first,second,${large}last`)
    await waitFor('all are told', () => sentCount === 3)
  })

  test(`what waits when it is lost never leaves, and its memory is given back (${how})`, async () => {
    await using held = new Held()
    const { socket } = await held.open(isTls)
    held.clock.pass(1000)
    let isGivenBack = false
    socket.write(Buffer.from('confirm'), () => (isGivenBack = true))
    held.gate.lose()
    await once(socket, 'close')
    assert.deepEqual([held.received, isGivenBack], ['', true])
  })
}

test('a socket that ends while it waits gives back what it holds, and is forgotten', async () => {
  await using held = new Held()
  const { socket, hold } = await held.open(false)
  held.clock.pass(1000)
  let isGivenBack = false
  socket.write(Buffer.from('confirm'), () => (isGivenBack = true))
  socket.destroy()
  await waitFor('it is given back', () => isGivenBack)
  hold.onOpened = () => assert.fail('it is told of a socket that has ended')
  held.gate.openUntil(5000)
})

test('who has seen the gate shut hears when it opens', async () => {
  await using held = new Held()
  const { hold } = await held.open(false)
  let toldCount = 0
  hold.onOpened = () => toldCount++
  assert.equal(hold.isShut, false)
  held.clock.pass(1000)
  assert.equal(hold.isOpen, false)
  assert.equal(hold.isShut, true)
  held.gate.openUntil(5000)
  held.gate.openUntil(6000)
  assert.equal(toldCount, 1)
})
