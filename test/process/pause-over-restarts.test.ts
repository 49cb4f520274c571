// A pause outlives the broker, however that ends, and loses nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmqpSession } from '../support/amqp-session.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import { waitFor } from '../support/wait-for.ts'

async function change(broker: TestBroker, verb: string, name: string): Promise<void> {
  const url = `http://127.0.0.1:${broker.httpPort}/api/v1/streams/${verb}`
  const body = JSON.stringify({ streams: [{ vhost: '/', name }] })
  const response = await fetch(url, { method: 'POST', body })
  const { done } = (await response.json()) as { readonly done: readonly unknown[] }
  assert.equal(done.length, 1)
}

test('a paused queue is paused after a crash, and delivers all once it is resumed', async () => {
  await using broker = await TestBroker.start(['--http-port', '0'])
  {
    await using session = await AmqpSession.open(broker.url)
    const channel = await session.confirmChannel()
    await channel.assertQueue('held')
    await channel.assertQueue('gone')
    for (const name of ['held', 'gone']) await change(broker, 'pause', name)
    await channel.deleteQueue('gone')
    const got: string[] = []
    await channel.consume('held', (message) => got.push(message!.content.toString()))
    for (const text of ['a', 'b']) {
      channel.sendToQueue('held', Buffer.from(text), { persistent: true })
    }
    await channel.waitForConfirms()
    assert.equal(await channel.get('held'), false)
    assert.deepEqual(got, [])
    await broker.kill()
  }
  await broker.restart()
  await using session = await AmqpSession.open(broker.url)
  const channel = await session.confirmChannel()
  assert.equal((await channel.assertQueue('held')).messageCount, 2)
  assert.equal(await channel.get('held'), false)
  const got: string[] = []
  await channel.consume('held', (message) => got.push(message!.content.toString()))
  channel.sendToQueue('held', Buffer.from('c'), { persistent: true })
  await channel.waitForConfirms()
  assert.deepEqual(got, [])
  await change(broker, 'resume', 'held')
  await waitFor('all are delivered', () => got.join('') === 'abc')
})
