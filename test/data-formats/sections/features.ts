// What a queue or an exchange remembers besides its messages.
import assert from 'node:assert/strict'
import type { GetMessage } from 'amqplib'
import type { FixtureBroker } from '../fixture-broker.ts'
import { takeAll, takeBodies, whenReady } from '../section.ts'
import type { Section } from '../section.ts'

export const deduplication: Section = {
  name: 'deduplication',

  async fill({ channel }) {
    const options = { arguments: { 'x-cache-size': 10 } }
    await channel.assertExchange('once', 'x-message-deduplication', options)
    await channel.assertQueue('once')
    await channel.bindQueue('once', 'once', '')
    await channel.assertQueue('no twins', { arguments: { 'x-message-deduplication': true } })
    await publishWithIds({ channel }, ['a', 17, 'a'])
    assert.equal((await channel.checkQueue('once')).messageCount, 2)
  },

  async check({ channel }) {
    await publishWithIds({ channel }, ['a', 17, 'b'])
    const found = await takeAll(channel, 'once')
    assert.deepEqual(
      found.map(({ properties }) => properties.headers?.['x-deduplication-header']),
      ['a', 17, 'b'],
    )
    assert.equal((await takeAll(channel, 'no twins')).length, 3)
  },
}

async function publishWithIds(
  { channel }: Pick<FixtureBroker, 'channel'>,
  ids: readonly (string | number)[],
): Promise<void> {
  for (const id of ids) {
    const options = { persistent: true, headers: { 'x-deduplication-header': id } }
    channel.publish('once', '', Buffer.from('body'), options)
    channel.sendToQueue('no twins', Buffer.from('body'), options)
  }
  await channel.waitForConfirms()
}

export const replay: Section = {
  name: 'replay',

  async fill({ channel }) {
    await channel.assertQueue('kept', { arguments: { 'x-retention-bytes': 1_000_000 } })
    for (const body of ['one', 'two', 'three']) {
      channel.sendToQueue('kept', Buffer.from(body), { persistent: true })
    }
    await channel.waitForConfirms()
    assert.deepEqual(await takeBodies(channel, 'kept'), ['one', 'two', 'three'])
  },

  async check({ channel, api }) {
    assert.equal((await channel.checkQueue('kept')).messageCount, 0)
    const answer = await api.ask('POST', ['queues', '/', 'kept', 'rewind'], { offset: 1 })
    assert.deepEqual(answer, { status: 200, body: { message_count: 2 } })
    assert.deepEqual(await takeBodies(channel, 'kept'), ['two', 'three'])
  },
}

/** Enough for a file of its own with the topology. */
const bindingCount = 1500
const longKey = 'k'.repeat(200)

export const manyBindings: Section = {
  name: 'many bindings',

  async fill({ channel }) {
    await channel.assertQueue('bound')
    await Promise.all(
      Array.from({ length: bindingCount }, (_, number) =>
        channel.bindQueue('bound', 'amq.direct', `${longKey}${number}`),
      ),
    )
  },

  async check({ channel }) {
    for (let number = 0; number < bindingCount; number++) {
      channel.publish('amq.direct', `${longKey}${number}`, Buffer.from('x'), { persistent: false })
    }
    await channel.waitForConfirms()
    assert.equal((await channel.purgeQueue('bound')).messageCount, bindingCount)
  },
}

const wornCount = 400
const wornBody = 'worn '.repeat(100)

/** Most of the file that it is in is of no use, so what lives there moves. */
export const worn: Section = {
  name: 'worn',

  async fill({ channel }) {
    await channel.assertQueue('worn')
    for (let number = 0; number < wornCount; number++) {
      channel.sendToQueue('worn', Buffer.from(`${wornBody}${number}`), { persistent: true })
    }
    await channel.waitForConfirms()
    const messages: GetMessage[] = []
    while (messages.length < wornCount) {
      const message = await channel.get('worn')
      assert.ok(message)
      messages.push(message)
    }
    for (const [number, message] of messages.entries()) {
      if (number % 20 === 0) channel.nack(message)
      else channel.ack(message)
    }
    await whenReady(channel, 'worn', wornCount / 20)
  },

  async check({ channel }) {
    const bodies = await takeBodies(channel, 'worn')
    assert.ok(bodies.every((body) => body.startsWith(wornBody)))
    assert.deepEqual(
      bodies.map((body) => Number(body.slice(wornBody.length))),
      Array.from({ length: wornCount / 20 }, (_, n) => n * 20),
    )
  },
}
