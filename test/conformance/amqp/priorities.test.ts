// x-max-priority, as RabbitMQ has it (facts 1.4; rabbit_priority_queue.erl), and the two priorities of
// quorum queues of 4.2.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfirmChannel, ConsumeMessage, GetMessage, Options } from 'amqplib'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onlyPabal,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox, settled } from '../../support/inbox.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

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

interface PriorityQueue {
  readonly channel: ConfirmChannel
  readonly queue: string
}

async function priorityQueue(
  args: Record<string, unknown> = {},
  options: Options.AssertQueue = {},
): Promise<PriorityQueue> {
  const channel = await session.confirmChannel()
  const queue = uniqueName('priority')
  await channel.assertQueue(queue, { ...options, arguments: { 'x-max-priority': 5, ...args } })
  return { channel, queue }
}

/** Publishes messages in this order; the digits at the end of a name are its priority. */
async function publish(
  { channel, queue }: PriorityQueue,
  names: readonly string[],
  options: Options.Publish = {},
): Promise<void> {
  for (const name of names) {
    const priority = /\d+$/.exec(name)?.[0]
    channel.sendToQueue(queue, Buffer.from(name), {
      ...options,
      persistent: true,
      ...(priority !== undefined && { priority: Number(priority) }),
    })
  }
  await channel.waitForConfirms()
}

const nameOf = ({ content, fields }: GetMessage | ConsumeMessage): string =>
  content.toString() + (fields.redelivered ? ' again' : '')

async function get({ channel, queue }: PriorityQueue): Promise<GetMessage> {
  const message = await channel.get(queue)
  assert.ok(message, `${queue} has a message`)
  return message
}

/** Takes everything that there is, one by one. */
async function drain({ channel, queue }: PriorityQueue): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) return names
    names.push(nameOf(message))
  }
}

async function countOf({ channel, queue }: PriorityQueue): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

describe('x-max-priority', () => {
  it('higher priorities go first, equal ones in their order; none is 0 and more than the highest is the highest', async () => {
    const it = await priorityQueue()
    await publish(it, ['a', 'b3', 'c0', 'd9', 'e5', 'f3', 'g255'])
    assert.equal(await countOf(it), 7)
    assert.deepEqual(await drain(it), ['d9', 'e5', 'g255', 'b3', 'f3', 'a', 'c0'])
  })

  it('what comes while others are being worked on goes before what waits', async () => {
    const it = await priorityQueue()
    await publish(it, ['a1', 'b1', 'c1'])
    await it.channel.prefetch(1)
    const inbox = await Inbox.consume(it.channel, it.queue)
    await inbox.received(1)
    await publish(it, ['d2', 'e5'])
    for (let count = 1; count < 5; count++) {
      it.channel.ack(inbox.messages[count - 1]!)
      await inbox.received(count + 1)
    }
    assert.deepEqual(inbox.messages.map(nameOf), ['a1', 'e5', 'd2', 'b1', 'c1'])
  })

  it('a consumer that waits gets what comes, and no first delivery is marked as another one', async () => {
    const it = await priorityQueue()
    const inbox = await Inbox.consume(it.channel, it.queue, { noAck: true })
    await publish(it, ['a1', 'b2'])
    await publish(it, ['c1'])
    await inbox.received(3)
    assert.deepEqual(inbox.messages.map(nameOf).toSorted(), ['a1', 'b2', 'c1'])
  })

  it('what is given back goes to its place among its equals', async () => {
    const it = await priorityQueue()
    await publish(it, ['a1', 'b1', 'c3'])
    const taken = [await get(it), await get(it), await get(it)]
    await publish(it, ['d2', 'e1'])
    for (const message of taken) it.channel.nack(message, false, true)
    await waitFor('all are back', async () => (await countOf(it)) === 5)
    assert.deepEqual(await drain(it), ['c3 again', 'd2', 'a1 again', 'b1 again', 'e1'])
  })

  it('acks and a multiple nack reach messages of all priorities', async () => {
    const it = await priorityQueue()
    await publish(it, ['a5', 'b3', 'c', 'd5', 'e3', 'f'])
    const taken: GetMessage[] = []
    for (let count = 0; count < 6; count++) taken.push(await get(it))
    const [first, , third] = taken as [GetMessage, GetMessage, GetMessage]
    it.channel.ack(first)
    it.channel.ack(third)
    it.channel.nack(taken.at(-1)!, true, true)
    await waitFor('four are back', async () => (await countOf(it)) === 4)
    assert.deepEqual(await drain(it), ['d5 again', 'e3 again', 'c again', 'f again'])
  })

  it('of too many messages the first of the highest priority goes', async () => {
    for (const limit of [{ 'x-max-length': 2 }, { 'x-max-length-bytes': 4 }]) {
      const it = await priorityQueue(limit)
      await publish(it, ['a0', 'b5'])
      await publish(it, ['c5'])
      await publish(it, ['d0'])
      await publish(it, ['e3'])
      assert.deepEqual(await drain(it), ['a0', 'd0'])
    }
  })

  it('a full queue refuses messages of whatever priority', async () => {
    const it = await priorityQueue({ 'x-max-length': 2, 'x-overflow': 'reject-publish' })
    await publish(it, ['a0', 'b1'])
    await assert.rejects(publish(it, ['c5']))
    assert.deepEqual(await drain(it), ['b1', 'a0'])
  })

  it('what is too old goes when nothing of a higher priority is before it', async () => {
    const it = await priorityQueue()
    await publish(it, ['high5'])
    await publish(it, ['low0', 'lower0'], { expiration: '1' })
    const expired = uniqueName('expired')
    await it.channel.assertQueue(expired, {
      arguments: { 'x-message-ttl': 20, 'x-expires': 60_000 },
    })
    it.channel.sendToQueue(expired, Buffer.from('x'))
    await waitFor(
      '20 ms are over',
      async () => (await it.channel.checkQueue(expired)).messageCount === 0,
    )
    assert.equal(await countOf(it), 3)
    const high = await get(it)
    assert.equal(nameOf(high), 'high5')
    await waitFor('the old ones are gone', async () => (await countOf(it)) === 0)
    it.channel.ack(high)
  })

  it('dead letters leave from every priority, and go by theirs in a queue that has some', async () => {
    const grave = await priorityQueue()
    const it = await priorityQueue({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': grave.queue,
    })
    await publish(it, ['a1', 'b', 'c4'])
    for (let count = 0; count < 3; count++) it.channel.reject(await get(it), false)
    await waitFor('three dead letters', async () => (await countOf(grave)) === 3)
    assert.deepEqual(await drain(grave), ['c4', 'a1', 'b'])
    assert.equal(await countOf(it), 0)
  })

  it('a purge drops what is ready, of every priority', async () => {
    const it = await priorityQueue()
    await publish(it, ['a1', 'b5', 'c', 'd5'])
    const taken = await get(it)
    assert.equal((await it.channel.purgeQueue(it.queue)).messageCount, 3)
    it.channel.nack(taken, false, true)
    await waitFor('it is back', async () => (await countOf(it)) === 1)
    assert.deepEqual(await drain(it), ['b5 again'])
    assert.equal((await it.channel.deleteQueue(it.queue)).messageCount, 0)
  })

  it('transient and exclusive queues have priorities, too', async () => {
    for (const options of [{ durable: false }, { exclusive: true }]) {
      const it = await priorityQueue({}, options)
      await publish(it, ['a', 'b2', 'c5', 'd2'])
      assert.deepEqual(await drain(it), ['c5', 'b2', 'd2', 'a'])
      await it.channel.deleteQueue(it.queue)
    }
  })

  it('a queue that is declared again must have the same highest priority', async () => {
    const { channel, queue } = await priorityQueue()
    const closed = channelClosed(channel)
    const options = { arguments: { 'x-max-priority': 6 } }
    await channel.assertQueue(queue, options).catch(() => undefined)
    assert.equal(
      replyText(await closed),
      "PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue " +
        `'${queue}' in vhost '/': received '6' but current is '5'`,
    )
  })

  it('all 256 priorities can be in use, and 0 as the highest means that there are none', async () => {
    const it = await priorityQueue({ 'x-max-priority': 255 })
    const names = Array.from({ length: 256 }, (_, priority) => `m${(priority * 7) % 256}`)
    await publish(it, names)
    const expected = Array.from({ length: 256 }, (_, index) => `m${255 - index}`)
    assert.deepEqual(await drain(it), expected)
    const plain = await priorityQueue({ 'x-max-priority': 0 })
    await publish(plain, ['a0', 'b5'])
    assert.deepEqual(await drain(plain), ['a0', 'b5'])
  })

  it('no message is delivered twice or lost between consumers', async () => {
    const it = await priorityQueue()
    await it.channel.prefetch(3)
    const inboxes = [
      await Inbox.consume(it.channel, it.queue, { noAck: true }),
      await Inbox.consume(it.channel, it.queue, { noAck: true }),
    ]
    const names = Array.from({ length: 500 }, (_, index) => `n${index}-${(index * 3) % 8}`)
    await publish(it, names)
    await waitFor('all are there', () => inboxes.flatMap(({ bodies }) => bodies).length === 500)
    await settled(it.channel, it.queue)
    assert.deepEqual(inboxes.flatMap(({ bodies }) => bodies).toSorted(), names.toSorted())
  })
})

describe('a quorum queue', onlyPabal, () => {
  it('delivers two messages with a priority above 4 for each other one', async () => {
    const channel = await session.confirmChannel()
    const queue = uniqueName('quorum')
    await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } })
    const it = { channel, queue }
    await publish(it, ['a', 'b4', 'c0', 'd5', 'e9', 'f255', 'g6', 'h7'])
    assert.deepEqual(await drain(it), ['d5', 'e9', 'a', 'f255', 'g6', 'b4', 'h7', 'c0'])
  })
})

const restarts: Record<string, (broker: TestBroker) => Promise<unknown>> = {
  'a clean restart': (running) => running.stop(),
  'kill -9': (running) => running.kill(),
}

for (const [name, end] of Object.entries(restarts)) {
  describe(`after ${name}`, onlyPabal, () => {
    it('messages have their priorities and places, and acked ones are gone', async () => {
      await using own = await TestBroker.start()
      const options = { durable: true, arguments: { 'x-max-priority': 9 } }
      {
        await using first = await AmqpSession.open(own.url)
        const channel = await first.confirmChannel()
        await channel.assertQueue('jobs', options)
        const it = { channel, queue: 'jobs' }
        await publish(it, ['a', 'b3', 'c9', 'd', 'e3', 'f9', 'g3'])
        for (const expected of ['c9', 'f9', 'b3']) {
          const message = await get(it)
          assert.equal(nameOf(message), expected)
          channel.ack(message)
        }
        assert.equal(nameOf(await get(it)), 'e3')
        // Durable as well, and so is what was acked before it.
        await publish(it, ['h7'])
      }
      await end(own)
      await own.restart()
      await using second = await AmqpSession.open(own.url)
      const channel = await second.confirmChannel()
      assert.equal((await channel.assertQueue('jobs', options)).messageCount, 5)
      const it = { channel, queue: 'jobs' }
      await publish(it, ['i9', 'j1', 'k3'])
      const drained = await drain(it)
      const names = drained.map((each) => each.replace(' again', ''))
      assert.deepEqual(names, ['i9', 'h7', 'e3', 'g3', 'k3', 'j1', 'a', 'd'])
      assert.ok(drained.includes('e3 again'))
      // A clean stop says exactly what was delivered.
      if (name === 'a clean restart') {
        assert.deepEqual(
          drained.filter((each) => each.endsWith(' again')),
          ['e3 again'],
        )
      }
      assert.equal((await channel.deleteQueue('jobs')).messageCount, 0)
      assert.doesNotMatch(own.output, /pabal repair/)
    })
  })
}
