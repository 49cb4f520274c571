// Many clients that each keep within the limits of a connection, and together would not.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { memoryLimits } from '../../limits/memory.ts'

const megabyte = 1024 * 1024
/** Budgets are 10 MiB of input and of output, and 8 MiB of what is parked. */
const watermark = 80 * megabyte
const resourceError = 506
/** What one chunk brings before the connection is paused. */
const chunkSize = 256 * 1024

let broker: BrokerInProcess
let clients: RawClient[]

beforeEach(async () => {
  broker = await BrokerInProcess.start({ watermark })
  clients = []
})
afterEach(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]()
  await waitFor('all connections are gone', () => broker.clients.size === 0)
  assert.deepEqual(broker.memory.sizes, { input: 0, parked: 0, output: 0, unacked: 0 })
  assert.deepEqual(broker.bugs, [])
  await broker[Symbol.asyncDispose]()
})

async function connect(count: number): Promise<RawClient[]> {
  const opened = await Promise.all(
    Array.from({ length: count }, () => RawClient.openChannel(broker.port)),
  )
  clients.push(...opened)
  return opened
}

async function connectOne(): Promise<RawClient> {
  const [client] = await connect(1)
  return client as RawClient
}

/** Sends a message but for its last `missing` bytes. */
function begin(client: RawClient, size: number, missing: number, channel = 1): void {
  client.send(channel, 'basic.publish', { routingKey: 'nobody' })
  client.sendHeader(channel, size)
  for (let left = size - missing; left > 0; left -= 100_000) {
    client.sendBody(channel, Buffer.alloc(Math.min(left, 100_000)))
  }
}

function end(client: RawClient, missing: number, channel = 1): void {
  client.sendBody(channel, Buffer.alloc(missing))
}

/** Resolves when everything up to `deliveryTag` is confirmed. */
async function confirmed(client: RawClient, deliveryTag: number): Promise<void> {
  for (let acked = 0; acked < deliveryTag;) {
    const { args } = await client.expect(1, 'basic.ack', 30_000)
    acked = Number(args['deliveryTag'])
  }
}

function watchPeak(kind: keyof BrokerInProcess['memory']['sizes']): { peak: number } & Disposable {
  const watched = { peak: 0, [Symbol.dispose]: () => clearInterval(timer) }
  const timer = setInterval(() => {
    watched.peak = Math.max(watched.peak, broker.memory.sizes[kind])
  }, 1)
  return watched
}

describe('unfinished messages of many connections', () => {
  it('are bounded together, and all of them get through', async () => {
    using input = watchPeak('input')
    const publishers = await connect(40)
    for (const each of publishers) await each.call(1, 'confirm.select')
    for (const each of publishers) begin(each, megabyte, 1000)
    await waitFor('the budget is used up', () => broker.memory.isOver('input'))
    for (const each of publishers) end(each, 1000)
    for (const each of publishers) await each.expect(1, 'basic.ack')
    assert.ok(input.peak > 10 * megabyte, 'they came all at once')
    assert.ok(input.peak < 20 * megabyte, `${input.peak} bytes`)
  })

  it('that are never finished do not keep others out', async () => {
    const silent = await connect(13)
    for (const each of silent) begin(each, megabyte, 1)
    await waitFor('the budget is used up', () => broker.memory.isOver('input'))
    const honest = await connectOne()
    await honest.call(1, 'confirm.select')
    for (let count = 0; count < 200; count++) {
      honest.publish(1, { routingKey: 'nobody' }, Buffer.alloc(10_000))
    }
    await confirmed(honest, 200)
    // A large one waits until those who bring nothing have had their turn.
    begin(honest, megabyte, 1000)
    end(honest, 1000)
    await confirmed(honest, 201)
  })

  it('on many channels of one connection end it', async () => {
    const greedy = await connectOne()
    const channels = Array.from({ length: 60 }, (_, index) => index + 2)
    for (const channel of channels) await greedy.call(channel, 'channel.open')
    for (const channel of channels) begin(greedy, 16 * megabyte, 15.5 * megabyte, channel)
    const honest = await connectOne()
    await honest.call(1, 'queue.declare', { queue: 'q' })
    const close = await greedy.expectClose(0)
    assert.equal(close.code, resourceError)
    assert.match(close.text, /^RESOURCE_ERROR - memory is low/)
  })
})

describe('transactions of many connections', () => {
  it('are bounded together', async () => {
    using input = watchPeak('input')
    const sessions = await connect(30)
    for (const each of sessions) await each.call(1, 'tx.select')
    for (const each of sessions) {
      for (let count = 0; count < 10; count++) {
        each.publish(1, { routingKey: 'nobody' }, Buffer.alloc(100_000))
      }
      each.send(1, 'tx.commit')
    }
    for (const each of sessions) await each.expect(1, 'tx.commit-ok', 60_000)
    assert.ok(input.peak < 20 * megabyte, `${input.peak} bytes`)
  })
})

describe('what is published while publishers are blocked', () => {
  it('is bounded over all connections, and all of it gets through', async () => {
    const publishers = await connect(40)
    for (const each of publishers) await each.call(1, 'confirm.select')
    broker.broker.shortage.set('memory', true)
    const body = Buffer.alloc(100_000)
    for (const each of publishers) {
      for (let count = 0; count < 10; count++) each.publish(1, { routingKey: 'nobody' }, body)
    }
    await waitFor('the budget is used up', () => broker.memory.isOver('parked'))
    const most = broker.memory.budgets.parked + publishers.length * (chunkSize + body.length)
    assert.ok(broker.memory.sizes.parked < most, `${broker.memory.sizes.parked} bytes`)
    broker.broker.shortage.set('memory', false)
    for (const each of publishers) await confirmed(each, 10)
  })
})

describe('consumers that do not read', () => {
  it('are bounded together, and those who read go on', async () => {
    using output = watchPeak('output')
    const publisher = await connectOne()
    await publisher.call(1, 'queue.declare', { queue: 'deaf' })
    await publisher.call(1, 'queue.declare', { queue: 'read' })
    const deaf = await connect(60)
    for (const each of deaf) {
      await each.call(1, 'basic.consume', { queue: 'deaf', consumerTag: 'deaf', noAck: true })
      each.pauseReading()
    }
    const reader = await connectOne()
    await reader.call(1, 'basic.consume', { queue: 'read', consumerTag: 'read', noAck: true })
    const body = Buffer.alloc(100_000)
    for (let count = 0; count < 3000; count++) publisher.publish(1, { routingKey: 'deaf' }, body)
    await waitFor('much is unsent', () => broker.memory.isOver('output'), 60_000)
    for (let count = 0; count < 20; count++) publisher.publish(1, { routingKey: 'read' }, body)
    for (let count = 0; count < 20; count++) await reader.expectMessage(1, 'basic.deliver')
    const most = (memoryLimits.outputHardFactor + 0.5) * broker.memory.budgets.output
    assert.ok(output.peak < most, `${output.peak} bytes`)
  })
})
