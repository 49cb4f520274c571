// Rates of publishers, as amqplib meets them: it sees back pressure and nothing else.
import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { hashPassword } from '../../../src/auth/password-hash.ts'
import { AccessKeeper } from '../../../src/broker/access-keeper.ts'
import { checkPolicy } from '../../../src/broker/policy/check-policy.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { rateLimits } from '../../../src/limits/rate.ts'
import type { LimitValues } from '../../../src/meta/access-rows.ts'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { RawClient } from '../../support/raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerInProcess
let keeper: AccessKeeper
let guest: ChannelModel

before(async () => {
  broker = await BrokerInProcess.start({ connectionRate: { messages: 2000, bytes: undefined } })
  keeper = new AccessKeeper({ broker: broker.broker, clients: broker.clients, settingsVHosts: [] })
  guest = await connect(broker.url)
})
after(async () => {
  await guest.close()
  await broker[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await limitUser({})
  const all = { configure: '.*', write: '.*', read: '.*' }
  await keeper.setPermission({ user: 'app', vhost: '/', ...all })
  await keeper.putVHost('/', {})
  const channel = await guest.createChannel()
  for (const queue of ['q', 'other']) {
    await channel.assertQueue(queue)
    await channel.purgeQueue(queue)
  }
  await channel.close()
})

async function limitUser(limits: LimitValues): Promise<void> {
  const hashed = hashPassword(Buffer.from('pw'), systemRandom)
  await keeper.putUser({ name: 'app', tags: [], limits, ...hashed })
}

function open(heartbeat = 0): Promise<ChannelModel> {
  const query = heartbeat === 0 ? '' : `?heartbeat=${heartbeat}`
  return connect(`amqp://app:pw@127.0.0.1:${broker.port}/%2F${query}`)
}

/**
 * Publishes `count` messages on each channel, as fast as the broker takes them; how long until all are
 * confirmed, in ms. The time in which the client writes does not count: the broker shares its thread.
 */
async function flood(
  channels: readonly ConfirmChannel[],
  count: number,
  size: number,
): Promise<number> {
  for (const channel of channels) {
    for (let index = 0; index < count; index++) channel.sendToQueue('q', Buffer.alloc(size))
  }
  const startedAt = performance.now()
  await Promise.all(channels.map((channel) => channel.waitForConfirms()))
  return performance.now() - startedAt
}

/** How long `amount` takes at a rate per second, with what was saved up before; a busy machine is slower. */
function expectRate(ms: number, amount: number, rate: number): void {
  const expected = (amount / rate) * 1000 - rateLimits.burstMs
  assert.ok(ms > expected * 0.85 && ms < expected * 1.5, `${ms} ms instead of ${expected}`)
}

/** The slowest of the confirms that another user waits for one by one, until `work` is done. */
async function slowestConfirmDuring(work: Promise<unknown>): Promise<number> {
  const state = { isOver: false }
  void work.then(() => (state.isOver = true))
  const channel = await guest.createConfirmChannel()
  const taken: number[] = []
  while (!state.isOver) {
    const startedAt = performance.now()
    channel.sendToQueue('other', Buffer.alloc(10))
    await channel.waitForConfirms()
    taken.push(performance.now() - startedAt)
  }
  await channel.close()
  assert.ok(taken.length > 100, `only ${taken.length} confirms`)
  // Not the very slowest: a test shares its machine.
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * 0.95)]!
}

it('a user publishes as fast as it may, on all connections together, and nobody else is slower', async () => {
  await limitUser({ 'max-publish-rate': 1000 })
  const connections = [await open(), await open()]
  const channels = await Promise.all(connections.map((one) => one.createConfirmChannel()))
  const flooded = flood(channels, 1000, 10)
  const slowest = await slowestConfirmDuring(flooded)
  expectRate(await flooded, 2000, 1000)
  assert.ok(slowest < 100, `a confirm of another took ${slowest} ms`)
  assert.equal((await channels[0]!.checkQueue('q')).messageCount, 2000)
  for (const connection of connections) await connection.close()
})

it('who leaves after each message and comes again is no faster', async () => {
  await keeper.putVHost('/', { limits: { 'max-publish-rate': 10 } })
  const startedAt = performance.now()
  const count = 12
  for (let index = 0; index < count; index++) {
    await using client = await RawClient.openChannel(broker.port)
    await client.call(1, 'confirm.select')
    client.publish(1, { exchange: '', routingKey: 'q' }, 'v')
    await client.expect(1, 'basic.ack')
  }
  const ms = performance.now() - startedAt
  // One was saved up, and the last is paid for by whoever comes next.
  assert.ok(ms > (count - 2) * 95, `${count} messages in ${ms} ms`)
})

it('bytes of a virtual host', async () => {
  await keeper.putVHost('/', { limits: { 'max-publish-bytes-rate': 1_000_000 } })
  const connection = await open()
  const channel = await connection.createConfirmChannel()
  expectRate(await flood([channel], 200, 10_000), 2_000_000, 1_000_000)
  await connection.close()
})

it('each connection has a rate of its own', async () => {
  const connections = [await open(), await open()]
  const channels = await Promise.all(connections.map((one) => one.createConfirmChannel()))
  expectRate(await flood(channels, 4000, 1), 4000, 2000)
  for (const connection of connections) await connection.close()
})

it('a connection that waits gets deliveries and heartbeats, and goes on when its limit is lifted', async () => {
  await limitUser({ 'max-publish-rate': 1 })
  const connection = await open(1)
  const channel = await connection.createConfirmChannel()
  const received: number[] = []
  await channel.consume('other', (message) => received.push(message!.content.length), {
    noAck: true,
  })
  let isDone = false
  const flooded = flood([channel], 100, 10).then(() => (isDone = true))
  const others = await guest.createConfirmChannel()
  for (let size = 1; size <= 3; size++) {
    others.sendToQueue('other', Buffer.alloc(size))
    await waitFor('a delivery', () => received.length === size)
    const ends = performance.now() + 1000
    await waitFor('a heartbeat has passed', () => performance.now() > ends)
  }
  // Longer than two heartbeats, with which both sides would have given up.
  assert.deepEqual([received, isDone], [[1, 2, 3], false])
  await limitUser({})
  await flooded
  await others.close()
  await connection.close()
})

it('a queue with a rate slows down who publishes into it, and nobody else', async () => {
  const connection = await open()
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('limited', { arguments: { 'x-max-publish-rate': 1000 } })
  await channel.assertExchange('fan', 'fanout')
  for (const queue of ['limited', 'q']) await channel.bindQueue(queue, 'fan', '')
  for (let index = 0; index < 2000; index++) channel.publish('fan', '', Buffer.alloc(10))
  const startedAt = performance.now()
  const confirmed = channel.waitForConfirms().then(() => performance.now() - startedAt)
  const slowest = await slowestConfirmDuring(confirmed)
  expectRate(await confirmed, 2000, 1000)
  assert.ok(slowest < 100, `a confirm of another took ${slowest} ms`)
  assert.equal((await channel.deleteQueue('limited')).messageCount, 2000)
  await connection.close()
})

it('a rate of bytes by policy holds at once, and who waits goes on when it is lifted', async () => {
  const policies = broker.broker.policiesOf(broker.broker.getVHost('/'))
  const named = { vhost: '/', name: 'p', isOperator: false, pattern: '^q$' }
  const { policy } = checkPolicy({ ...named, definition: { 'max-publish-bytes-rate': 1_000_000 } })
  assert.ok(policy)
  await policies.set(policy).done
  const connection = await open()
  const channel = await connection.createConfirmChannel()
  expectRate(await flood([channel], 200, 10_000), 2_000_000, 1_000_000)
  // Worth two seconds.
  channel.sendToQueue('q', Buffer.alloc(2_000_000))
  await channel.waitForConfirms()
  channel.sendToQueue('q', Buffer.alloc(1))
  const startedAt = performance.now()
  await policies.delete(false, 'p')
  await channel.waitForConfirms()
  assert.ok(performance.now() - startedAt < 1000)
  await connection.close()
})
