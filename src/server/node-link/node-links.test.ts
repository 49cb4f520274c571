import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { clusterSecret, LinkUnderTest, neighbour } from '../../../test/support/link-under-test.ts'
import { notingLogger } from '../../../test/support/noting-logger.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { linkLimits } from '../../limits/link.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { connectSocket } from '../connect-socket.ts'
import { openLinkCipher, plainLinks } from './link-cipher.ts'
import type { IncomingLink } from './link-listener.ts'
import { greeting, LinkProof, type LinkVersions, linkVersions, nonceSize } from './link-proof.ts'
import { NodeLinks } from './node-links.ts'
import { encodePreface, type Preface } from './preface.ts'

const { newest } = linkVersions
const preface: Preface = { protocol: 'amqp', cell: 3, from: 'a', facts: { user: 'guest' } }

/** Takes all, and gives back what comes. */
function echo(link: IncomingLink): void {
  const socket = link.accept(9)
  socket?.on('error', () => undefined)
  socket?.pipe(socket)
}

/** Sends bytes and resolves with all that comes until the other end closes. */
async function say(port: number, ...parts: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (bytes) => received.push(bytes))
  socket.on('error', () => undefined)
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return Buffer.concat(received)
}

test('a node of the cluster is taken, and bytes go through as they are', async () => {
  const prefaces: Preface[] = []
  using port = await LinkUnderTest.open((link) => {
    prefaces.push(link.preface)
    echo(link)
  })
  const link = await neighbour().connectTo(port.target, preface)
  assert(link.socket !== undefined)
  assert.equal(link.epoch, 9)
  link.socket.write('first ')
  link.socket.end('last')
  let text = ''
  for await (const bytes of link.socket) text += String(bytes)
  assert.equal(text, 'first last')
  assert.deepEqual(prefaces, [preface])
  assert.equal(port.links.strangerCount, 0)
})

test('what the other end says at once after its answer is not lost', async () => {
  using port = await LinkUnderTest.open((link) => {
    link.accept(1)?.end('hello')
  })
  const link = await neighbour().connectTo(port.target, preface)
  assert(link.socket !== undefined)
  let text = ''
  for await (const bytes of link.socket) text += String(bytes)
  assert.equal(text, 'hello')
})

test('a refusal comes with its reason, and with words for people', async () => {
  using port = await LinkUnderTest.open((link) => link.refuse('not-owner', 'cell 3 is elsewhere'))
  const link = await neighbour().connectTo(port.target, preface)
  assert.deepEqual(link, {
    socket: undefined,
    refusal: 'not-owner',
    text: 'cell 3 is elsewhere',
  })
})

test('a protocol that nobody has registered is refused', async () => {
  using port = await LinkUnderTest.open(echo)
  const link = await neighbour().connectTo(port.target, { ...preface, protocol: 'kafka' })
  assert(link.socket === undefined)
  assert.equal(link.refusal, 'unusable')
})

test('a handler that fails refuses the link', async () => {
  using port = await LinkUnderTest.open(() => {
    throw new Error('a mistake')
  })
  const link = await neighbour().connectTo(port.target, preface)
  assert(link.socket === undefined)
  assert.deepEqual([link.refusal, port.links.strangerCount], ['unusable', 0])
})

test('a node of another cluster hears nothing of a client', async () => {
  let isAsked = false
  using port = await LinkUnderTest.open(() => (isAsked = true))
  const link = await neighbour(Buffer.alloc(32, 8)).connectTo(port.target, preface)
  assert(link.socket === undefined)
  assert.equal(link.refusal, 'unreachable')
  assert.match(link.text, /does not know the secret/)
  await waitFor('it is forgotten', () => port.links.strangerCount === 0)
  assert.equal(isAsked, false)
})

test('who only claims to know the secret is refused, and it is logged', async () => {
  let isAsked = false
  using port = await LinkUnderTest.open(() => (isAsked = true))
  const wrong = new LinkProof(Buffer.alloc(32, 8))
  const nonces = {
    version: newest,
    dialer: Buffer.alloc(nonceSize),
    listener: Buffer.alloc(nonceSize),
  }
  await say(
    port.port,
    greeting(newest),
    nonces.dialer,
    wrong.seal('preface', nonces, encodePreface(preface)),
  )
  assert.equal(isAsked, false)
  assert.match(port.warnings.join(), /refused: it does not know the secret of this cluster/)
})

test('what a node has said once proves nothing a second time', async () => {
  let asked = 0
  using port = await LinkUnderTest.open((link) => {
    asked++
    echo(link)
  })
  const said: Buffer[] = []
  const listening = new NodeLinks({
    secret: clusterSecret,
    clock: systemClock,
    random: systemRandom,
    cipher: plainLinks,
    connect: async (...where) => {
      const socket = await connectSocket(...where)
      const write = socket.write.bind(socket)
      socket.write = (bytes: Buffer | string) => {
        said.push(Buffer.from(bytes))
        return write(Buffer.from(bytes))
      }
      return socket
    },
  })
  const link = await listening.connectTo(port.target, preface)
  link.socket?.destroy()
  assert.equal(asked, 1)
  await say(port.port, ...said)
  assert.equal(asked, 1)
  assert.match(port.warnings.join(), /does not know the secret/)
})

test('what is no node is refused, and a flood of it is logged once', async () => {
  using port = await LinkUnderTest.open(echo)
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => say(port.port, Buffer.from('GET / HTTP/1.1\r\n\r\n'))),
  )
  assert.equal(Buffer.concat(answers).length, 0)
  assert.equal(port.warnings.length, 1)
  assert.match(
    port.warnings.join(),
    /from 127\.0\.0\.1 to the node port was refused: it is no node/,
  )
})

test('another version is told which one is spoken here', async () => {
  using port = await LinkUnderTest.open(echo)
  const newer = greeting(newest + 1)
  assert.deepEqual(await say(port.port, newer, Buffer.alloc(nonceSize)), greeting(newest))
  assert.match(
    port.warnings.join(),
    /speaks version 2 of the node port, and this one 1: its Pabal is newer/,
  )
})

/** What a node of one release says to a node of another, and what each of them logs. */
async function meet(
  dialer: LinkVersions,
  listener: LinkVersions,
): Promise<{ readonly isOpen: boolean; readonly told: string[]; readonly warnings: string[] }> {
  using port = await LinkUnderTest.open(echo, systemClock, plainLinks, listener)
  const { logger, warnings: told } = notingLogger()
  const own = { secret: clusterSecret, clock: systemClock, random: systemRandom }
  const links = new NodeLinks({ ...own, cipher: plainLinks, versions: dialer, logger })
  let isOpen = false
  for (let count = 0; count < 2; count++) {
    const { socket } = await links.connectTo(port.target, preface)
    isOpen = socket !== undefined
    socket?.destroy()
  }
  return { isOpen, told, warnings: port.warnings }
}

test('nodes of two releases that follow on one another work together, whoever asks', async () => {
  const before = { newest: 4, oldest: 3 }
  const after = { newest: 5, oldest: 4 }
  assert.deepEqual(await meet(before, after), { isOpen: true, told: [], warnings: [] })
  const newer = await meet(after, before)
  assert.deepEqual([newer.isOpen, newer.told], [true, []])
  // The newer one knows from then on what the older one speaks.
  assert.equal(newer.warnings.length, 1)
})

test('nodes that are further apart refuse each other, and both say so', async () => {
  const before = { newest: 4, oldest: 3 }
  const later = { newest: 6, oldest: 5 }
  const apart = await meet(before, later)
  assert.equal(apart.isOpen, false)
  assert.match(apart.told.join(), /^Node 1 at 127.0.0.1:\d+ is not asked: it speaks version 6 of/)
  assert.match(
    apart.told.join(),
    /and this one 3 to 4: its Pabal is newer by more than one release/,
  )
  assert.match(
    apart.warnings.join(),
    /refused: it speaks version 4 .* this one 5 to 6: .* is older/,
  )
  const back = await meet(later, before)
  assert.equal(back.isOpen, false)
  assert.match(back.told.join(), /it speaks version 4 .* is older by more than one release/)
  assert.match(back.warnings.join(), /refused: it speaks version 6 .* is newer, and comes again if/)
})

test('a preface that is too large ends before it is read', async () => {
  using port = await LinkUnderTest.open(echo)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(linkLimits.prefaceSizeMax + 1)
  await say(port.port, greeting(newest), Buffer.alloc(nonceSize), size)
  assert.match(port.warnings.join(), /preface has \d+ bytes/)
})

test('who says nothing is ended after a while', async () => {
  const clock = new VirtualClock()
  using port = await LinkUnderTest.open(echo, clock)
  const silent = say(port.port)
  await waitFor('it is there', () => port.links.strangerCount === 1)
  clock.advance(linkLimits.proofMsMax)
  assert.equal((await silent).length, 0)
  assert.match(port.warnings.join(), /it said too little/)
})

test('whatever somebody says, nobody is asked, and the port goes on', async () => {
  let isAsked = false
  using port = await LinkUnderTest.open((link) => {
    if (link.preface.from === preface.from) echo(link)
    else isAsked = true
  })
  const begun = Buffer.concat([greeting(newest), Buffer.alloc(nonceSize)])
  const bytes = fc.uint8Array({ maxLength: 200 }).map((part) => Buffer.from(part))
  await fc.assert(
    fc.asyncProperty(fc.nat(begun.length), bytes, async (size, noise) => {
      const socket = connect(port.port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      socket.end(Buffer.concat([begun.subarray(0, size), noise]))
      await once(socket, 'close')
    }),
    { numRuns: 60 },
  )
  assert.equal(isAsked, false)
  const link = await neighbour().connectTo(port.target, preface)
  assert(link.socket !== undefined)
  link.socket.destroy()
  assert.equal(port.links.strangerCount, 0)
})

test('silent connections keep no node out: the oldest of them ends', async () => {
  using port = await LinkUnderTest.open(echo)
  const silent: Socket[] = []
  for (let count = 0; count < linkLimits.strangersMax; count++) {
    const socket = connect(port.port, '127.0.0.1')
    socket.on('error', () => undefined)
    silent.push(socket)
  }
  await waitFor('all are there', () => port.links.strangerCount === linkLimits.strangersMax)
  const link = await neighbour().connectTo(port.target, preface)
  assert(link.socket !== undefined)
  link.socket.destroy()
  await waitFor(
    'the oldest has ended',
    () => port.links.strangerCount === linkLimits.strangersMax - 1,
  )
  for (const socket of silent) socket.destroy()
})

test('a node that cannot be reached is not asked again at once', async () => {
  const clock = new VirtualClock()
  let attempts = 0
  const links = new NodeLinks({
    secret: clusterSecret,
    clock,
    random: systemRandom,
    cipher: plainLinks,
    connect: () => {
      attempts++
      return Promise.reject(new Error('connection refused'))
    },
  })
  const target = { node: 4, incarnation: 1, addresses: { link: { host: '127.0.0.1', port: 1 } } }
  const refused = { socket: undefined, refusal: 'unreachable', text: 'connection refused' }
  const askedTogether = linkLimits.dialsAtOnceMax + 20
  const all = await Promise.all(
    Array.from({ length: askedTogether }, () => links.connectTo(target, preface)),
  )
  assert.deepEqual(
    all,
    Array.from({ length: askedTogether }, () => refused),
  )
  assert.equal(attempts, linkLimits.dialsAtOnceMax)
  clock.advance(linkLimits.unreachableMs)
  assert.deepEqual(await links.connectTo(target, preface), refused)
  assert.equal(attempts, linkLimits.dialsAtOnceMax + 1)
  await links.connectTo({ ...target, incarnation: 2 }, preface)
  assert.equal(attempts, linkLimits.dialsAtOnceMax + 2)
})

test('who has no use for a link any more is told at once, and the others go on', async () => {
  const accepted: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    accepted.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  const target = { node: 4, incarnation: 1, addresses: { link: { host: '127.0.0.1', port } } }
  const links = neighbour()
  const moved = new AbortController()
  const noUse = {
    socket: undefined,
    refusal: 'unreachable',
    text: 'another node is the owner by now',
  }
  const count = linkLimits.dialsAtOnceMax + 10
  const waiting = Array.from({ length: count }, () =>
    links.connectTo(target, preface, moved.signal),
  )
  // It stands still: it takes connections and says nothing.
  await waitFor('all have connected', () => accepted.length === linkLimits.dialsAtOnceMax)
  const other = links.connectTo({ ...target, incarnation: 2 }, preface)
  moved.abort()
  assert.deepEqual(
    await Promise.all(waiting),
    Array.from({ length: count }, () => noUse),
  )
  for (const socket of accepted) socket.destroy()
  await waitFor('the other one has connected', () => accepted.length > linkLimits.dialsAtOnceMax)
  for (const socket of accepted) socket.destroy()
  assert.equal((await other).socket, undefined)
  server.close()
})

test('no more connections to a node are made at a time than may be', async () => {
  let open = 0
  let most = 0
  const server = createServer((socket) => {
    most = Math.max(most, ++open)
    socket.on('error', () => undefined)
    socket.on('data', () => socket.destroy())
    socket.on('close', () => open--)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  const target = { node: 4, incarnation: 1, addresses: { link: { host: '127.0.0.1', port } } }
  const links = neighbour()
  const results = await Promise.all(
    Array.from({ length: 3 * linkLimits.dialsAtOnceMax }, () => links.connectTo(target, preface)),
  )
  assert(results.every(({ socket }) => socket === undefined))
  assert(most <= linkLimits.dialsAtOnceMax, `${most} at a time`)
  server.close()
})

describe('an encrypted node port', () => {
  test('takes nodes of its cluster, and bytes go through both ways', async () => {
    using port = await LinkUnderTest.open(
      echo,
      systemClock,
      openLinkCipher(clusterSecret, systemClock),
    )
    const links = neighbour(clusterSecret, openLinkCipher(clusterSecret, systemClock))
    const { socket } = await links.connectTo(port.target, preface)
    assert.ok(socket)
    assert.ok('encrypted' in socket)
    const text = 'x'.repeat(300_000)
    socket.write(text)
    let got = ''
    for await (const bytes of socket) {
      got += String(bytes)
      if (got.length >= text.length) break
    }
    assert.equal(got, text)
  })

  test('refuses who knows another secret, and who speaks in the clear', async () => {
    using port = await LinkUnderTest.open(
      echo,
      systemClock,
      openLinkCipher(clusterSecret, systemClock),
    )
    const other = Buffer.alloc(32, 9)
    const stranger = neighbour(other, openLinkCipher(other, systemClock))
    const refused = await stranger.connectTo(port.target, preface)
    assert.equal(refused.socket, undefined)
    await waitFor('it to be told', () => port.warnings.length > 0)
    const plain = await neighbour().connectTo(port.target, preface)
    assert.equal(plain.socket, undefined)
    assert.match(refused.text, /does not know the secret/)
    assert.match(plain.text, /closed the connection/)
    assert.match(port.warnings.join(), /does not know the secret of this cluster/)
  })
})
