// The memory watermark seen from outside.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import amqp from 'amqplib'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

test('a publisher hears that memory is low, and consumers go on', async () => {
  await using broker = await TestBroker.start(['--memory-watermark', '0'])
  const connection = await amqp.connect(broker.url)
  // It is never closed in good order: its message waits until the end.
  connection.on('error', () => undefined)
  const told: string[] = []
  connection.on('blocked', (reason: string) => told.push(reason))
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('short')
  channel.sendToQueue('short', Buffer.from('m'))
  await waitFor('the publisher is told', () => told.length > 0)
  assert.deepEqual(told, ['low on memory'])
  const consumer = await connection.createChannel()
  await consumer.consume('short', () => undefined)
  assert.equal((await consumer.checkQueue('short')).consumerCount, 1)
  await waitFor('the log says so', () => {
    return broker.output.includes('Publishers are blocked: low on memory')
  })
})
