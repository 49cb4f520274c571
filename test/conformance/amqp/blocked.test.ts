// Publishers wait while storage is short, and everybody else goes on (RabbitMQ, "Blocked Connections").
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import amqp from 'amqplib'
import { BrokerInProcess } from '../../support/broker-in-process.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('a broker that is low on disk', () => {
  it('parks publishes in order, tells publishers, and lets consumers go on', async () => {
    await using broker = await BrokerInProcess.start()
    const connection = await amqp.connect(broker.url)
    const told: string[] = []
    connection.on('blocked', (reason: string) => told.push(`blocked: ${reason}`))
    connection.on('unblocked', () => told.push('unblocked'))
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('short', { durable: true })
    channel.sendToQueue('short', Buffer.from('before'))
    await channel.waitForConfirms()

    broker.broker.shortage.set('disk', true)
    let confirmed = 0
    for (const text of ['one', 'two', 'three']) {
      channel.sendToQueue('short', Buffer.from(text), {}, () => confirmed++)
    }
    await waitFor('the publisher is told', () => told.length === 1)
    assert.deepEqual(told, ['blocked: low on disk'])
    const first = await channel.get('short')
    assert.ok(first !== false && first.content.toString() === 'before')
    channel.ack(first)
    assert.equal((await channel.checkQueue('short')).messageCount, 0)
    assert.equal(confirmed, 0)

    broker.broker.shortage.set('disk', false)
    await channel.waitForConfirms()
    assert.equal(confirmed, 3)
    assert.deepEqual(told, ['blocked: low on disk', 'unblocked'])
    const texts: string[] = []
    for (let got = await channel.get('short', { noAck: true }); got !== false;) {
      texts.push(got.content.toString())
      got = await channel.get('short', { noAck: true })
    }
    assert.deepEqual(texts, ['one', 'two', 'three'])
    await connection.close()
  })

  it('says nothing to those who do not publish', async () => {
    await using broker = await BrokerInProcess.start()
    const connection = await amqp.connect(broker.url)
    let isTold = false
    connection.on('blocked', () => (isTold = true))
    const channel = await connection.createChannel()
    broker.broker.shortage.set('disk', true)
    await channel.assertQueue('quiet', { durable: true })
    assert.equal(isTold, false)
    broker.broker.shortage.set('disk', false)
    await connection.close()
  })

  it('lets a transaction and a close wait until it is over', async () => {
    await using broker = await BrokerInProcess.start()
    const connection = await amqp.connect(broker.url)
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('kept', { durable: true })
    broker.broker.shortage.set('disk', true)
    channel.sendToQueue('kept', Buffer.from('sent before closing'))
    let isClosed = false
    const closing = channel.close().then(() => (isClosed = true))
    await waitFor('the message is parked', () => broker.memory.sizes.parked > 0)
    assert.equal(isClosed, false)
    broker.broker.shortage.set('disk', false)
    await closing
    const other = await connection.createChannel()
    assert.equal((await other.checkQueue('kept')).messageCount, 1)
    await connection.close()
  })
})
