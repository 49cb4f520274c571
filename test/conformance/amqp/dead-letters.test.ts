// Dead letters, time to live and length limits, as RabbitMQ has them (facts 1.4 and 1.5).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Channel, ConfirmChannel, ConsumeMessage, GetMessage, Options } from 'amqplib'
import { AmqpSession } from '../../support/amqp-session.ts'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { Inbox } from '../../support/inbox.ts'
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

interface Queues {
  readonly channel: Channel
  /** Its dead letters go to `graveyard` through a fanout. */
  readonly queue: string
  readonly exchange: string
  readonly graveyard: string
}

async function queueWithGraveyard(args: Record<string, unknown> = {}): Promise<Queues> {
  const channel = await session.channel()
  const exchange = uniqueName('dlx')
  await channel.assertExchange(exchange, 'fanout')
  const { queue: graveyard } = await channel.assertQueue(uniqueName('graveyard'))
  await channel.bindQueue(graveyard, exchange, '')
  const { queue } = await channel.assertQueue(uniqueName('mortal'), {
    arguments: { 'x-dead-letter-exchange': exchange, ...args },
  })
  return { channel, queue, exchange, graveyard }
}

async function nextOf(channel: Channel, queue: string): Promise<GetMessage> {
  let found: GetMessage | false = false
  await waitFor('a message', async () => {
    found = await channel.get(queue, { noAck: true })
    return found !== false
  })
  return found as unknown as GetMessage
}

const bodyOf = ({ content }: GetMessage | ConsumeMessage): string => content.toString()

const deathsOf = ({ properties }: GetMessage): Record<string, unknown>[] =>
  (properties.headers?.['x-death'] ?? []) as unknown as Record<string, unknown>[]

async function countOf(channel: Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(queue)).messageCount
}

function send(channel: Channel, queue: string, body: string, options?: Options.Publish): void {
  channel.sendToQueue(queue, Buffer.from(body), options)
}

describe('a rejected message', () => {
  it('goes to the dead-letter exchange with what happened to it', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard()
    const options = { headers: { mine: 1 }, messageId: 'm', persistent: true, expiration: '60000' }
    send(channel, queue, 'bad', options)
    const message = await waitForGet(channel, queue)
    channel.reject(message, false)
    const dead = await nextOf(channel, graveyard)
    assert.equal(bodyOf(dead), 'bad')
    assert.equal(dead.fields.routingKey, queue)
    assert.deepEqual([dead.properties.messageId, dead.properties.expiration], ['m', undefined])
    const { headers = {} } = dead.properties
    assert.equal(headers['mine'], 1)
    assert.deepEqual(
      [
        headers['x-first-death-reason'],
        headers['x-first-death-queue'],
        headers['x-first-death-exchange'],
      ],
      ['rejected', queue, ''],
    )
    const [death, ...others] = deathsOf(dead)
    assert.deepEqual(others, [])
    const { time, ...rest } = death ?? {}
    assert.ok(time !== undefined)
    assert.deepEqual(rest, {
      'original-expiration': '60000',
      count: 1,
      reason: 'rejected',
      queue,
      exchange: '',
      'routing-keys': [queue],
    })
    assert.equal(await countOf(channel, queue), 0)
  })

  it('goes there also when many are refused at once, in their order', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard()
    const inbox = await Inbox.consume(channel, queue)
    const bodies = Array.from({ length: 500 }, (_, n) => `${n}`)
    for (const body of bodies) send(channel, queue, body)
    await inbox.received(bodies.length)
    channel.nackAll(false)
    await waitFor('all dead', async () => (await countOf(channel, graveyard)) === bodies.length)
    const dead = await Inbox.consume(channel, graveyard, { noAck: true })
    await dead.received(bodies.length)
    assert.deepEqual(dead.bodies, bodies)
  })

  it('gets the dead-letter routing key', async () => {
    const channel = await session.channel()
    const { queue: graveyard } = await channel.assertQueue(uniqueName('graveyard'))
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': graveyard }
    const { queue } = await channel.assertQueue(uniqueName('mortal'), { arguments: args })
    send(channel, queue, 'x')
    channel.nack(await waitForGet(channel, queue), false, false)
    const dead = await nextOf(channel, graveyard)
    assert.deepEqual([dead.fields.exchange, dead.fields.routingKey], ['', graveyard])
  })

  it('gets as much of the dead-letter routing key as fits, and is whole', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard({
      'x-dead-letter-routing-key': 'é'.repeat(150),
    })
    send(channel, queue, 'x')
    channel.reject(await waitForGet(channel, queue), false)
    const { content, fields } = await nextOf(channel, graveyard)
    // What a client reads behind the key shows whether the key is as long as it says.
    assert.deepEqual(
      [content.toString(), fields.routingKey, fields.messageCount],
      ['x', `${'é'.repeat(126)}...`, 0],
    )
  })

  it('is gone when the dead-letter exchange does not exist', async () => {
    const channel = await session.channel()
    const args = { 'x-dead-letter-exchange': uniqueName('nowhere') }
    const { queue } = await channel.assertQueue(uniqueName('mortal'), { arguments: args })
    send(channel, queue, 'x')
    channel.nack(await waitForGet(channel, queue), false, false)
    assert.equal(await countOf(channel, queue), 0)
  })

  it('counts its deaths in a retry loop', async () => {
    const channel = await session.channel()
    const [work, retry] = [uniqueName('work'), uniqueName('retry')]
    const to = (queue: string): Record<string, unknown> => ({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': queue,
    })
    await channel.assertQueue(work, { arguments: to(retry) })
    await channel.assertQueue(retry, { arguments: { ...to(work), 'x-message-ttl': 1 } })
    send(channel, work, 'again')
    const counts: unknown[] = []
    const { consumerTag } = await channel.consume(work, (message) => {
      if (message === null) return
      counts.push(message.properties.headers?.['x-death']?.[0]?.count)
      if (counts.length < 4) channel.nack(message, false, false)
      else channel.ack(message)
    })
    await waitFor('four deliveries', () => counts.length === 4)
    await channel.cancel(consumerTag)
    assert.deepEqual(counts, [undefined, 1, 2, 3])
  })

  it('with a body of megabytes arrives whole', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard()
    const body = Buffer.alloc(3_000_000, 'large')
    channel.sendToQueue(queue, body)
    channel.reject(await waitForGet(channel, queue), false)
    const dead = await nextOf(channel, graveyard)
    assert.ok(dead.content.equals(body))
  })
})

async function waitForGet(channel: Channel, queue: string): Promise<GetMessage> {
  let found: GetMessage | false = false
  await waitFor('a message to get', async () => {
    found = await channel.get(queue)
    return found !== false
  })
  return found as unknown as GetMessage
}

describe('time to live', () => {
  it('of a queue ends messages that nobody takes, in order', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard({ 'x-message-ttl': 20 })
    for (const body of ['a', 'b', 'c']) send(channel, queue, body)
    const dead = await Inbox.consume(channel, graveyard, { noAck: true })
    await dead.received(3)
    assert.deepEqual(dead.bodies, ['a', 'b', 'c'])
    const death = dead.messages[0]?.properties.headers?.['x-death']?.[0]
    assert.deepEqual([death?.reason, death?.queue], ['expired', queue])
    assert.equal(await countOf(channel, queue), 0)
  })

  it('of a message acts at the head of its queue', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard()
    send(channel, queue, 'lasting')
    send(channel, queue, 'short', { expiration: '1' })
    const message = await waitForGet(channel, queue)
    assert.equal(bodyOf(message), 'lasting')
    const dead = await nextOf(channel, graveyard)
    assert.equal(bodyOf(dead), 'short')
    assert.equal(deathsOf(dead)[0]?.['original-expiration'], '1')
    channel.nack(message)
  })

  it('lets through what lies behind thousands that have expired', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('behind'))
    send(channel, queue, 'first')
    for (let count = 0; count < 2500; count++) send(channel, queue, 'short', { expiration: '1' })
    send(channel, queue, 'live')
    const inbox = await Inbox.consume(channel, queue, { noAck: true })
    await waitFor('the live one', () => inbox.bodies.includes('live'))
    assert.equal(await countOf(channel, queue), 0)
  })

  it('of a message counts when the one before it is taken', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard()
    send(channel, queue, 'longer', { expiration: '60000' })
    send(channel, queue, 'short', { expiration: '1' })
    const message = await waitForGet(channel, queue)
    assert.equal(bodyOf(await nextOf(channel, graveyard)), 'short')
    channel.ack(message)
  })

  it('of a month keeps a message, and the process at rest', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('month'), { messageTtl: 2_592_000_000 })
    send(channel, queue, 'x')
    assert.equal(bodyOf(await nextOf(channel, queue)), 'x')
  })

  it('of zero delivers to whoever is there, or drops', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard({ 'x-message-ttl': 0 })
    send(channel, queue, 'late')
    assert.equal(bodyOf(await nextOf(channel, graveyard)), 'late')
    const inbox = await Inbox.consume(channel, queue, { noAck: true })
    send(channel, queue, 'in time')
    await inbox.received(1)
    assert.deepEqual(inbox.bodies, ['in time'])
  })

  it('without a dead-letter exchange just ends', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('ttl'), { messageTtl: 10 })
    for (let count = 0; count < 50; count++) send(channel, queue, 'x')
    await waitFor('an empty queue', async () => (await countOf(channel, queue)) === 0)
  })

  it('drops a message that would go round for ever', async () => {
    const channel = await session.channel()
    const queue = uniqueName('round')
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue }
    await channel.assertQueue(queue, { arguments: { ...args, 'x-message-ttl': 5 } })
    send(channel, queue, 'x')
    await waitFor('an empty queue', async () => (await countOf(channel, queue)) === 0)
  })
})

describe('a length limit', () => {
  it('drops the oldest messages to the dead-letter exchange', async () => {
    const { channel, queue, graveyard } = await queueWithGraveyard({ 'x-max-length': 3 })
    for (let n = 0; n < 8; n++) send(channel, queue, `${n}`)
    await waitFor('five dead', async () => (await countOf(channel, graveyard)) === 5)
    assert.equal(await countOf(channel, queue), 3)
    const dead = await nextOf(channel, graveyard)
    assert.deepEqual([bodyOf(dead), deathsOf(dead)[0]?.['reason']], ['0', 'maxlen'])
    assert.equal(bodyOf(await nextOf(channel, queue)), '5')
  })

  it('in bytes counts the bodies that are ready', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('bytes'), {
      arguments: { 'x-max-length-bytes': 100 },
    })
    for (let n = 0; n < 10; n++) send(channel, queue, `${n}`.padEnd(30, '.'))
    await waitFor('three left', async () => (await countOf(channel, queue)) === 3)
    const [first] = bodyOf(await waitForGet(channel, queue))
    assert.equal(first, '7')
    send(channel, queue, 'x'.repeat(40))
    assert.equal(await countOf(channel, queue), 3)
  })

  it('does not count what a consumer gets at once', async () => {
    const channel = await session.channel()
    const { queue } = await channel.assertQueue(uniqueName('one'), {
      arguments: { 'x-max-length': 1 },
    })
    const inbox = await Inbox.consume(channel, queue)
    for (let n = 0; n < 20; n++) send(channel, queue, `${n}`)
    await inbox.received(20)
  })

  for (const overflow of ['reject-publish', 'reject-publish-dlx']) {
    it(`with ${overflow} nacks what has no room`, async () => {
      const { channel, queue, graveyard } = await queueWithGraveyard({
        'x-max-length': 2,
        'x-overflow': overflow,
      })
      const publisher = await session.confirmChannel()
      const isNacked: boolean[] = await Promise.all(
        Array.from({ length: 5 }, (_, n) => confirmed(publisher, queue, `${n}`)),
      )
      assert.deepEqual(isNacked, [false, false, true, true, true])
      assert.equal(await countOf(channel, queue), 2)
      assert.equal(await countOf(channel, graveyard), overflow === 'reject-publish' ? 0 : 3)
      channel.ack(await waitForGet(channel, queue))
      assert.equal(await confirmed(publisher, queue, 'fits'), false)
    })
  }

  it('in bytes with reject-publish counts the message that comes', async () => {
    const { channel, queue } = await queueWithGraveyard({
      'x-max-length-bytes': 10,
      'x-overflow': 'reject-publish',
    })
    const publisher = await session.confirmChannel()
    const bodies = ['eleven long', 'seven..', 'four', 'one']
    const isNacked: boolean[] = []
    for (const body of bodies) isNacked.push(await confirmed(publisher, queue, body))
    assert.deepEqual(isNacked, [true, false, true, false])
    assert.equal(await countOf(channel, queue), 2)
  })
})

/** Whether the publish was nacked. */
function confirmed(channel: ConfirmChannel, queue: string, body: string): Promise<boolean> {
  return new Promise((resolve) => {
    channel.sendToQueue(queue, Buffer.from(body), {}, (error) => resolve(error !== null))
  })
}

describe('a queue that expires', () => {
  it('goes when nobody has used it for so long, and not while it has a consumer', async () => {
    const channel = await session.channel()
    const options = { arguments: { 'x-expires': 150 } }
    const { queue: idle } = await channel.assertQueue(uniqueName('idle'), options)
    const { queue: used } = await channel.assertQueue(uniqueName('used'), options)
    await channel.consume(used, () => undefined)
    await waitFor('the idle queue is gone', async () => !(await exists(idle)))
    assert.equal(await exists(used), true)
  })

  it('stays while somebody asks for it', async () => {
    const channel = await session.channel()
    const options = { arguments: { 'x-expires': 150 } }
    const { queue } = await channel.assertQueue(uniqueName('asked'), options)
    const start = performance.now()
    await waitFor('three times its time', async () => {
      await channel.checkQueue(queue)
      return performance.now() - start > 450
    })
    assert.equal(await exists(queue), true)
  })
})

/** Whether a message gets there: to ask for the queue would be a use of it. */
async function exists(queue: string): Promise<boolean> {
  const channel = await session.confirmChannel()
  let isReturned = false
  channel.once('return', () => (isReturned = true))
  channel.sendToQueue(queue, Buffer.from('there?'), { mandatory: true })
  await channel.waitForConfirms()
  await channel.close()
  return !isReturned
}
