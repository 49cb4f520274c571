import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { MovedClock } from '../../test/support/moved-clock.ts'
import { waitFor } from '../../test/support/wait-for.ts'
import { MemoryAccount } from '../broker/memory-account.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { linkLimits } from '../limits/link.ts'
import { takeOver } from './byte-source.ts'
import { Relay, type RelayOwner } from './relay.ts'
import { SendWatch } from './send-watch.ts'

/** A client and an owner, each with a socket to the relay between them. */
interface Ends {
  readonly client: Socket
  readonly owner: Socket
  readonly relay: Relay
  readonly memory: MemoryAccount
  /** Whether the relay is done. */
  readonly isClosed: () => boolean
}

let server: Server
const accepted: Socket[] = []
before(async () => {
  server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
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

async function open(owner: Partial<RelayOwner> = {}, clock: Clock = systemClock): Promise<Ends> {
  const [client, link] = [await pair(), await pair()]
  const memory = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })
  const sendWatch = new SendWatch({ clock, memory, timeoutMs: 30_000 })
  let isClosed = false
  const relay = new Relay(
    takeOver(client.near, true),
    takeOver(link.near, true),
    { clock, memory, sendWatch },
    { ...owner, onClosed: () => (isClosed = true) },
  )
  return { client: client.far, owner: link.far, relay, memory, isClosed: () => isClosed }
}

async function allOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const bytes of socket) parts.push(bytes as Buffer)
  return Buffer.concat(parts)
}

test('bytes go both ways whole and in order, at the same time', async () => {
  const { client, owner, isClosed } = await open()
  const [there, back] = [randomBytes(5_000_001), randomBytes(3_000_017)]
  client.end(there)
  owner.end(back)
  const [atOwner, atClient] = await Promise.all([allOf(owner), allOf(client)])
  assert(atOwner.equals(there))
  assert(atClient.equals(back))
  await waitFor('the relay is done', isClosed)
})

test('an end that says no more still hears the other one', async () => {
  const { client, owner } = await open()
  client.end('question')
  assert.equal(String(await allOf(owner)), 'question')
  owner.end('answer')
  assert.equal(String(await allOf(client)), 'answer')
})

for (const [name, other] of [
  ['client', 'owner'],
  ['owner', 'client'],
] as const) {
  test(`when the ${name} is gone, the other end is closed`, async () => {
    const ends = await open()
    ends[other].resume()
    ends[name].resetAndDestroy()
    await once(ends[other], 'end')
    ends[other].destroy()
    await waitFor('the relay is done', ends.isClosed)
    assert.equal(ends.memory.largest(), undefined)
  })

  test(`an end that does not read stops the ${name}, and little waits in between`, async () => {
    const ends = await open()
    const [from, to] = [ends[name], ends[other]]
    const bytes = randomBytes(32 * 1024 * 1024)
    to.pause()
    let isSent = false
    from.write(bytes, () => (isSent = true))
    await waitFor('something waits', () => ends.relay.heldSize > 0)
    // What both systems keep of it is theirs.
    let before = -1
    await waitFor('nothing moves any more', async () => {
      const isSame = before === from.bytesWritten - from.writableLength
      before = from.bytesWritten - from.writableLength
      await new Promise((resolve) => setImmediate(resolve))
      return isSame
    })
    assert.equal(isSent, false)
    // The first read may have been into the buffer of all connections.
    assert(ends.relay.heldSize <= 4 * linkLimits.relayReadSize, `${ends.relay.heldSize} bytes wait`)
    const received = allOf(to)
    from.end()
    assert((await received).equals(bytes))
    assert.equal(ends.relay.heldSize, 0)
    to.end()
    await waitFor('the relay is done', ends.isClosed)
  })
}

test('what the owner of the relay sends comes after what has gone by', async () => {
  const { client, owner, relay } = await open({
    onFromLink: (bytes) => relay.toClient(bytes),
    onLinkEnded: () => {
      relay.cutLink()
      relay.toClient(Buffer.from(' and a last word'))
      relay.endClient()
    },
  })
  const received = allOf(client)
  owner.write('what it said')
  owner.end()
  assert.equal(String(await received), 'what it said and a last word')
  client.end()
})

test('an end that stays half closed for long is closed', async () => {
  const clock = new MovedClock()
  const { client, owner, isClosed } = await open({}, clock)
  client.end()
  assert.equal((await allOf(owner)).length, 0)
  clock.advance(linkLimits.halfClosedMsMax - 1)
  assert.equal(isClosed(), false)
  clock.advance(1)
  await waitFor('the relay is done', isClosed)
})

test('a client that reads nothing for long is ended', async () => {
  const clock = new MovedClock()
  const { client, owner, relay, isClosed } = await open({}, clock)
  client.pause()
  owner.write(Buffer.alloc(32 * 1024 * 1024))
  await waitFor('something waits', () => relay.heldSize > 0)
  await waitFor('it is ended', () => {
    clock.advance(1000)
    return isClosed()
  })
  await waitFor('the owner is told', () => owner.destroyed)
})
