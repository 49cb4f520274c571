// Clients that do not read what they make the broker send.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { BrokerInProcess } from '../../../test/support/broker-in-process.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

const megabyte = 1024 * 1024
const durable = { queue: 'q', durable: true }

/** What systems and streams on the way may hold, with room to spare. */
const inTransit = 24 * megabyte

/** Resolves when the broker has taken nothing for a while. */
async function stuck(client: RawClient): Promise<number> {
  for (let before = -1; ;) {
    const now = client.unsentBytes
    if (now === before) return now
    before = now
    await delay(200)
  }
}

async function fill(broker: BrokerInProcess, count: number, size: number): Promise<RawClient> {
  const publisher = await RawClient.openChannel(broker.port)
  await publisher.call(1, 'queue.declare', durable)
  await publisher.call(1, 'confirm.select')
  for (let n = 0; n < count; n++) publisher.publish(1, { routingKey: 'q' }, Buffer.alloc(size, n))
  await waitFor('all is there', () => broker.broker.counts().messages === count)
  return publisher
}

test('a publisher that does not read its returns is not read', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  client.pauseReading()
  const [count, body] = [64, Buffer.alloc(megabyte, 'r')]
  for (let n = 0; n < count; n++) client.publish(1, { routingKey: 'nobody', mandatory: true }, body)
  assert.ok((await stuck(client)) > count * megabyte - inTransit)
  client.resumeReading()
  for (let n = 0; n < count; n++) {
    const { body: returned } = await client.expectMessage(1, 'basic.return')
    assert.equal(returned.length, body.length)
  }
  await client.close()
})

test('a client that does not read the messages it asks for leaves the others in the queue', async () => {
  await using broker = await BrokerInProcess.start()
  const count = 64
  await using _ = await fill(broker, count, megabyte)
  await using client = await RawClient.openChannel(broker.port)
  client.pauseReading()
  for (let n = 0; n < count; n++) client.send(1, 'basic.get', { queue: 'q' })
  await waitFor('some were answered', () => broker.broker.counts().unacked > 0)
  await delay(500)
  const { unacked } = broker.broker.counts()
  assert.ok(unacked < inTransit / megabyte, `${unacked} were answered`)
  client.resumeReading()
  for (let n = 0; n < count; n++) {
    const { body } = await client.expectMessage(1, 'basic.get-ok')
    assert.equal(body[0], n)
  }
})

test('a client that does not read small answers is not read', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue: 'q'.repeat(255) })
  client.pauseReading()
  const asks = 160_000
  client.together(() => {
    for (let n = 0; n < asks; n++) {
      client.send(1, 'queue.declare', { queue: 'q'.repeat(255), passive: true })
    }
  })
  assert.ok((await stuck(client)) > asks * 260 - inTransit)
})

test('a transaction whose messages come back waits for its client to read', async () => {
  await using broker = await BrokerInProcess.start()
  await using client = await RawClient.openChannel(broker.port)
  await client.call(1, 'tx.select')
  client.pauseReading()
  const [commits, body] = [16, Buffer.alloc(2 * megabyte, 't')]
  for (let n = 0; n < commits; n++) {
    client.publish(1, { routingKey: 'nobody', mandatory: true }, body)
    client.send(1, 'tx.commit')
  }
  assert.ok((await stuck(client)) > 2 * commits * megabyte - inTransit)
  client.resumeReading()
  for (let n = 0; n < commits; n++) {
    await client.expectMessage(1, 'basic.return')
    await client.expect(1, 'tx.commit-ok')
  }
})

test('a consumer that reads nothing is ended although it sends heartbeats, and others get its messages', async () => {
  await using broker = await BrokerInProcess.start({ settings: { sendTimeoutMs: 2000 } })
  await using _ = await fill(broker, 40, megabyte)
  await using deaf = await RawClient.openChannel(broker.port, { heartbeat: 1 })
  deaf.send(1, 'basic.consume', { queue: 'q', consumerTag: 'deaf' })
  deaf.pauseReading()
  const beating = setInterval(() => deaf.sendHeartbeat(), 300)
  try {
    await waitFor('it holds some messages', () => broker.broker.counts().unacked > 0)
    await waitFor('it is ended', () => broker.clients.size === 1)
  } finally {
    clearInterval(beating)
  }
  assert.deepEqual(pick(broker), { messages: 40, unacked: 0, consumers: 0 })
  await using other = await RawClient.openChannel(broker.port)
  await other.call(1, 'basic.consume', { queue: 'q', consumerTag: 'other' })
  for (let n = 0; n < 40; n++) {
    const { body } = await other.expectMessage(1, 'basic.deliver')
    assert.equal(body[0], n)
  }
})

test('a consumer that reads slowly is not ended', async () => {
  await using broker = await BrokerInProcess.start({ settings: { sendTimeoutMs: 2500 } })
  await using _ = await fill(broker, 60, megabyte)
  await using slow = await RawClient.openChannel(broker.port)
  slow.send(1, 'basic.consume', { queue: 'q', consumerTag: 'slow', noAck: true })
  for (let reads = 0; reads < 8; reads++) {
    slow.pauseReading()
    await delay(400)
    const before = slow.receivedBytes
    slow.resumeReading()
    // Less would not open the window of a receive buffer of 6 MB (Linux waits for a sixteenth of it).
    await waitFor('it reads a little', () => slow.receivedBytes > before + megabyte / 2)
  }
  assert.ok(slow.receivedBytes < 50 * megabyte, 'it was slow')
  assert.equal(broker.clients.size, 2)
})

test('a client that is sent a large message may go on writing before it reads', async () => {
  await using broker = await BrokerInProcess.start()
  await using _ = await fill(broker, 1, 16 * megabyte)
  await using client = await RawClient.openChannel(broker.port)
  client.pauseReading()
  client.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c' })
  await waitFor('it is delivered', () => broker.broker.counts().unacked === 1)
  for (let n = 0; n < 32; n++) client.publish(1, { routingKey: 'sink' }, Buffer.alloc(megabyte))
  await waitFor('all is taken', () => client.unsentBytes === 0)
})

function pick({ broker }: BrokerInProcess): object {
  const { messages, unacked, consumers } = broker.counts()
  return { messages, unacked, consumers }
}
