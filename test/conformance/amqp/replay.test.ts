// Queues that keep what was acked, and are rewound: Pabal's own, so only this broker is asked.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Channel, GetMessage } from 'amqplib'
import { BrokerClient } from '../../../src/cli/broker-client.ts'
import { AmqpSession, channelClosed } from '../../support/amqp-session.ts'
import { onlyPabal, uniqueName } from '../../support/broker-under-test.ts'
import { TestBroker } from '../../support/start-test-broker.ts'
import { waitFor } from '../../support/wait-for.ts'

const mainFile = path.join(import.meta.dirname, '../../../src/main.ts')
const messageCount = 1000
const hour = { 'x-retention-ms': 3_600_000 }

const numbers = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`)

describe('a queue that keeps what was acked', onlyPabal, () => {
  let broker: TestBroker
  let session: AmqpSession
  before(async () => {
    broker = await TestBroker.start()
    session = await AmqpSession.open(broker.url)
  })
  after(async () => {
    await session[Symbol.asyncDispose]()
    await broker[Symbol.asyncDispose]()
  })

  async function declare(args: Record<string, unknown>): Promise<string> {
    const queue = uniqueName('replay')
    const channel = await session.channel()
    await channel.assertQueue(queue, { arguments: args })
    return queue
  }

  async function fill(queue: string, bodies: readonly string[]): Promise<void> {
    const channel = await session.confirmChannel()
    for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true })
    await channel.waitForConfirms()
  }

  /** Takes so many messages and acks them. */
  async function consume(queue: string, count: number): Promise<GetMessage[]> {
    const channel = await session.channel()
    const messages = await hold(channel, queue, count)
    channel.ack(messages.at(-1)!, true)
    await channel.close()
    return messages
  }

  /** The same without the acks. */
  async function hold(channel: Channel, queue: string, count: number): Promise<GetMessage[]> {
    const messages: GetMessage[] = []
    await channel.prefetch(count)
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message !== null) messages.push(message as unknown as GetMessage)
    })
    await waitFor('all messages', () => messages.length >= count || undefined)
    await channel.cancel(consumerTag)
    return messages
  }

  async function rewind(queue: string, target: object): Promise<number> {
    const client = new BrokerClient(broker.dataFolder)
    const { status, body } = await client.ask('POST', ['queues', '/', queue, 'rewind'], target)
    assert.equal(status, 200, JSON.stringify(body))
    return (body as { readonly message_count: number }).message_count
  }

  /** What `pabal queue rewind` to the beginning prints. */
  async function command(queue: string, ...flags: readonly string[]): Promise<string> {
    const place = ['--to-time', '0', '--data', broker.dataFolder]
    const child = spawn(process.execPath, [mainFile, 'queue', 'rewind', queue, ...place, ...flags])
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const [code] = (await once(child, 'close')) as [number | null]
    assert.equal(code, 0)
    return output
  }

  const bodiesOf = (messages: readonly GetMessage[]): string[] =>
    messages.map(({ content }) => content.toString())

  async function restart(): Promise<void> {
    await session[Symbol.asyncDispose]()
    await broker.kill()
    await broker.restart()
    session = await AmqpSession.open(broker.url)
  }

  for (const type of ['classic', 'quorum']) {
    it(`delivers a thousand acked messages again, also after kill -9 (${type})`, async () => {
      const queue = await declare({ ...hour, 'x-queue-type': type })
      const all = numbers(0, messageCount)
      await fill(queue, all)
      const first = await consume(queue, messageCount)
      assert.deepEqual(bodiesOf(first), all)
      await restart()
      assert.equal(await rewind(queue, { offset: 0 }), messageCount)
      const again = await consume(queue, messageCount)
      assert.deepEqual(bodiesOf(again), all)
      assert.ok(again.every(({ fields }) => fields.redelivered))
      assert.equal(await rewind(queue, { offset: 900 }), 100)
      await restart()
      assert.deepEqual(bodiesOf(await consume(queue, 100)), all.slice(900))
    })
  }

  it('leaves what is unacked with its consumer, and below the target as it is', async () => {
    const queue = await declare(hour)
    await fill(queue, numbers(0, 10))
    await consume(queue, 6)
    const channel = await session.channel()
    const held = await hold(channel, queue, 2)
    assert.equal(await rewind(queue, { offset: 3, dry_run: true }), 3)
    assert.equal((await channel.checkQueue(queue)).messageCount, 2)
    assert.equal(await rewind(queue, { offset: 3 }), 3)
    assert.deepEqual(bodiesOf(await consume(queue, 5)), ['3', '4', '5', '8', '9'])
    channel.nack(held[0]!, false, true)
    channel.ack(held[1]!)
    assert.deepEqual(bodiesOf(await consume(queue, 1)), ['6'])
    const { messageCount: left } = await channel.checkQueue(queue)
    assert.equal(left, 0)
  })

  it('begins and ends to keep by policy', async () => {
    const queue = await declare({})
    const client = new BrokerClient(broker.dataFolder)
    await fill(queue, numbers(0, 4))
    await consume(queue, 2)
    const definition = { 'retention-bytes': 1_000_000 }
    const policy = ['policies', '/', queue]
    await client.ask('PUT', policy, { pattern: `^${queue}$`, definition })
    await consume(queue, 2)
    assert.equal(await rewind(queue, { offset: 0 }), 2)
    assert.deepEqual(bodiesOf(await consume(queue, 2)), ['2', '3'])
    await restart()
    assert.equal(await rewind(queue, { offset: 3 }), 1)
    await client.ask('DELETE', policy)
    const answer = await client.ask('POST', ['queues', '/', queue, 'rewind'], { offset: 0 })
    assert.equal(answer.status, 400)
    assert.match(JSON.stringify(answer.body), /keeps nothing that was acked/)
  })

  it('is rewound to a time with the command, whatever its messages live', async () => {
    const queue = await declare({ ...hour, 'x-message-ttl': 60_000, 'x-max-priority': 5 })
    await fill(queue, numbers(0, 3))
    const channel = await session.channel()
    channel.sendToQueue(queue, Buffer.from('high'), { priority: 5 })
    await channel.checkQueue(queue)
    await consume(queue, 4)
    assert.equal(
      await command(queue, '--dry-run'),
      `Would make 4 messages of queue '${queue}' ready again\n`,
    )
    assert.equal(await command(queue), `Queue '${queue}' was rewound: 4 messages are ready again\n`)
    assert.deepEqual(bodiesOf(await consume(queue, 4)), ['high', '0', '1', '2'])
    assert.equal(await rewind(queue, { offset: 0, partition: 1 }), 1)
    assert.deepEqual(bodiesOf(await consume(queue, 1)), ['high'])
    assert.equal(await rewind(queue, { time: Date.now() + 1_000_000 }), 0)
  })

  it('is durable', async () => {
    const channel = await session.channel()
    const closed = channelClosed(channel)
    await assert.rejects(
      channel.assertQueue(uniqueName('replay'), { durable: false, arguments: hour }),
    )
    assert.equal((await closed).code, 406)
  })
})
