// The memory of large bodies is used again and again: nobody may see another one's.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { waitFor } from '../../support/wait-for.ts'

const MiB = 2 ** 20
const COUNT = 24

let broker: BrokerUnderTest
let session: AmqpSession
before(async () => {
  broker = await startBrokerUnderTest()
  session = await AmqpSession.open(broker.url)
})
after(async () => {
  await session[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
})

/** Sizes on both sides of what goes to a file of its own. */
function bodyOf(number: number): Buffer {
  const size = number % 3 === 1 ? 300_000 : 2 * MiB + number * 1000
  return Buffer.alloc(size, `message ${number} `)
}

async function publishAll(queue: string): Promise<void> {
  const channel = await session.confirmChannel()
  for (let number = 0; number < COUNT; number++) {
    channel.sendToQueue(queue, bodyOf(number), { persistent: true, priority: number })
    if (number % 4 === 3) await channel.waitForConfirms()
  }
  await channel.close()
}

it('large bodies that wait for a peer who does not read are not written over', async () => {
  const queue = uniqueName('late')
  const channel = await session.channel()
  await channel.assertQueue(queue)
  const late = await RawClient.open(broker.port)
  await late.call(1, 'channel.open')
  await late.call(1, 'basic.consume', { queue, noAck: true })
  late.pauseReading()
  await publishAll(queue)
  late.resumeReading()
  for (let number = 0; number < COUNT; number++) {
    const { body } = await late.expectMessage(1, 'basic.deliver')
    assert.ok(body.equals(bodyOf(number)), `message ${number}`)
  }
  await late.close()
})

it('large bodies are what was sent for consumers side by side, and when they come again', async () => {
  const queue = uniqueName('again')
  const channel = await session.channel()
  await channel.assertQueue(queue)
  const got: number[] = []
  const wrong: number[] = []
  for (let index = 0; index < 2; index++) {
    await channel.consume(queue, (message) => {
      if (message === null) return
      const number = message.properties.priority as number
      if (!message.content.equals(bodyOf(number))) wrong.push(number)
      got.push(number)
      if (message.fields.redelivered) channel.ack(message)
      else channel.nack(message)
    })
  }
  await publishAll(queue)
  await waitFor('each message twice', () => got.length >= 2 * COUNT)
  assert.deepEqual(wrong, [])
})

it('a transient message is what was sent', async () => {
  const channel = await session.confirmChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  for (let number = 0; number < COUNT; number++) channel.sendToQueue(queue, bodyOf(number))
  await channel.waitForConfirms()
  for (let number = 0; number < COUNT; number++) {
    const message = await channel.get(queue, { noAck: true })
    assert.ok(message !== false && message.content.equals(bodyOf(number)))
  }
})

it('a transaction commits large bodies in the order in which they were published', async () => {
  const queue = uniqueName('committed')
  const client = await RawClient.openChannel(broker.port)
  await client.call(1, 'queue.declare', { queue, durable: true })
  await client.call(1, 'tx.select')
  for (let number = 0; number < 6; number++)
    client.publish(1, { routingKey: queue }, bodyOf(number))
  await client.call(1, 'tx.commit')
  for (let number = 0; number < 6; number++) {
    client.send(1, 'basic.get', { queue, noAck: true })
    const { body } = await client.expectMessage(1, 'basic.get-ok')
    assert.ok(body.equals(bodyOf(number)), `message ${number}`)
  }
  await client.close()
})
