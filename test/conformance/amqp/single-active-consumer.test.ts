// Facts 1.4: x-single-active-consumer.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConsumeMessage } from 'amqplib'
import { AmqpSession, channelClosed, replyText } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  onRabbit310,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
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

class Reader {
  readonly messages: ConsumeMessage[] = []
  readonly channel: Channel
  readonly #tag: string

  private constructor(channel: Channel, tag: string) {
    this.channel = channel
    this.#tag = tag
  }

  static async open(queue: string, options: { priority?: number } = {}): Promise<Reader> {
    const channel = await session.channel()
    const reader = new Reader(channel, uniqueName('tag'))
    const note = (message: ConsumeMessage | null): void => {
      if (message !== null) reader.messages.push(message)
    }
    await channel.consume(queue, note, { ...options, consumerTag: reader.#tag })
    return reader
  }

  get texts(): string[] {
    return this.messages.map(({ content }) => content.toString())
  }

  async cancel(): Promise<void> {
    await this.channel.cancel(this.#tag)
  }

  async has(...expected: readonly string[]): Promise<void> {
    await waitFor(`${expected.join()} came`, () => this.messages.length >= expected.length)
    assert.deepEqual(this.texts, expected)
  }
}

async function declare(channel: Channel, type: string): Promise<string> {
  const name = uniqueName('single')
  await channel.assertQueue(name, {
    durable: true,
    arguments: { 'x-queue-type': type, 'x-single-active-consumer': true },
  })
  return name
}

for (const type of ['classic', 'quorum']) {
  describe(`a ${type} queue with a single active consumer`, () => {
    it('sends everything to the first one, and to the next when it is cancelled', async () => {
      const channel = await session.channel()
      const queue = await declare(channel, type)
      const [first, second] = [await Reader.open(queue), await Reader.open(queue)]
      channel.sendToQueue(queue, Buffer.from('a'))
      channel.sendToQueue(queue, Buffer.from('b'))
      await first.has('a', 'b')
      await first.cancel()
      channel.sendToQueue(queue, Buffer.from('c'))
      await second.has('c')
      await channel.deleteQueue(queue)
    })

    it('gives the next one what a closed channel had not settled', async () => {
      const channel = await session.channel()
      const queue = await declare(channel, type)
      const [first, second] = [await Reader.open(queue), await Reader.open(queue)]
      channel.sendToQueue(queue, Buffer.from('a'))
      await first.has('a')
      assert.deepEqual(second.texts, [])
      await first.channel.close()
      await second.has('a')
      assert.equal(second.messages[0]?.fields.redelivered, true)
      await channel.deleteQueue(queue)
    })

    it('is another queue without the argument', async () => {
      const channel = await session.channel()
      const queue = await declare(channel, type)
      channel
        .assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } })
        .catch(() => {})
      const error = await channelClosed(channel)
      assert.equal(
        replyText(error),
        `PRECONDITION_FAILED - inequivalent arg 'x-single-active-consumer' for queue '${queue}' ` +
          "in vhost '/': received none but current is the value 'true' of type 'bool'",
      )
    })
  })
}

it('a classic one has no exclusive consumer', async () => {
  const channel = await session.channel()
  const queue = await declare(channel, 'classic')
  channel.consume(queue, () => {}, { exclusive: true }).catch(() => {})
  const error = await channelClosed(channel)
  assert.equal(error.code, 403)
  assert.match(replyText(error), /^ACCESS_REFUSED - queue '.*' in vhost '\/' in exclusive use$/)
})

it('a quorum one gives nothing to basic.get', async () => {
  const channel = await session.channel()
  const queue = await declare(channel, 'quorum')
  channel.get(queue).catch(() => {})
  const error = await channelClosed(channel)
  assert.equal(error.code, 405)
  assert.equal(
    replyText(error),
    `RESOURCE_LOCKED - cannot obtain access to locked queue '${queue}' in vhost '/'. basic.get ` +
      'operations are not supported by <<"quorum">> queues with single active consumer',
  )
})

it(
  'on a quorum one a higher priority takes over once all is settled',
  onRabbit310('does not look at priorities there'),
  async () => {
    const channel = await session.channel()
    const queue = await declare(channel, 'quorum')
    const first = await Reader.open(queue)
    channel.sendToQueue(queue, Buffer.from('a'))
    await first.has('a')
    const higher = await Reader.open(queue, { priority: 5 })
    channel.sendToQueue(queue, Buffer.from('b'))
    await waitFor('b is ready', async () => (await channel.checkQueue(queue)).messageCount === 1)
    assert.deepEqual([first.texts, higher.texts], [['a'], []])
    first.channel.ack(first.messages[0] as ConsumeMessage)
    await higher.has('b')
    assert.deepEqual(first.texts, ['a'])
    await channel.deleteQueue(queue)
  },
)
