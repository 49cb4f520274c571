// Facts 1.2 and section 2, tx: publishes and acks wait for commit; rollback forgets them. amqplib has
// no transactions, so this uses the raw client; pika's are tested in pika/.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type BrokerUnderTest,
  startBrokerUnderTest,
  uniqueName,
} from '../../support/broker-under-test.ts'
import { RawClient } from '../../support/raw-client.ts'
import { encodeTable } from '../../support/raw-codec.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: BrokerUnderTest
before(async () => {
  broker = await startBrokerUnderTest()
})
after(() => broker[Symbol.asyncDispose]())

/** A client with channel 1 in a transaction, channel 2 outside, and an exclusive queue. */
async function transactional(): Promise<{ client: RawClient; queue: string }> {
  const client = await RawClient.openChannel(broker.port)
  await client.call(2, 'channel.open')
  const { queue } = await client.call(1, 'queue.declare', { exclusive: true })
  await client.call(1, 'tx.select')
  return { client, queue: queue as string }
}

/** RabbitMQ counts ahead of publishes that are on their way to the queue, hence the wait. */
async function assertReady(client: RawClient, queue: string, count: number): Promise<void> {
  await waitFor(`${count} ready messages`, async () => {
    const { messageCount } = await client.call(2, 'queue.declare', { queue, passive: true })
    return messageCount === count
  })
}

async function get(client: RawClient, queue: string): Promise<string> {
  client.send(1, 'basic.get', { queue })
  return (await client.expectMessage(1, 'basic.get-ok')).body.toString()
}

describe('tx', () => {
  it('publishes at commit, in order', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    for (const body of ['1', '2', '3']) client.publish(1, { routingKey: queue }, body)
    await assertReady(client, queue, 0)
    await client.call(1, 'tx.commit')
    await assertReady(client, queue, 3)
    for (const body of ['1', '2', '3']) assert.equal(await get(client, queue), body)
  })

  it('forgets publishes at rollback', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    client.publish(1, { routingKey: queue }, 'never')
    await client.call(1, 'tx.rollback')
    client.publish(1, { routingKey: queue }, 'committed')
    await client.call(1, 'tx.commit')
    await assertReady(client, queue, 1)
    assert.equal(await get(client, queue), 'committed')
  })

  it('begins the next transaction after each commit and rollback', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    await client.call(1, 'tx.select')
    for (let n = 0; n < 3; n += 1) {
      client.publish(1, { routingKey: queue }, `${n}`)
      await client.call(1, n === 1 ? 'tx.rollback' : 'tx.commit')
    }
    await assertReady(client, queue, 2)
  })

  it('acks at commit', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    client.publish(2, { routingKey: queue }, 'x')
    await assertReady(client, queue, 1)
    await get(client, queue)
    client.send(1, 'basic.ack', { deliveryTag: 1 })
    await client.call(1, 'tx.commit')
    await client.call(1, 'channel.close', { replyCode: 200 })
    await assertReady(client, queue, 0)
  })

  it('takes acks back at rollback: the message is still out and can be acked again', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    client.publish(2, { routingKey: queue }, 'x')
    await assertReady(client, queue, 1)
    await get(client, queue)
    client.send(1, 'basic.ack', { deliveryTag: 1 })
    await client.call(1, 'tx.rollback')
    await assertReady(client, queue, 0)
    client.send(1, 'basic.ack', { deliveryTag: 1 })
    await client.call(1, 'tx.commit')
    await client.call(1, 'channel.close', { replyCode: 200 })
    await assertReady(client, queue, 0)
  })

  it('forgets publishes and acks that are not committed when the channel closes', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    client.publish(2, { routingKey: queue }, 'x')
    await assertReady(client, queue, 1)
    await get(client, queue)
    client.send(1, 'basic.ack', { deliveryTag: 1 })
    client.publish(1, { routingKey: queue }, 'never')
    await client.call(1, 'channel.close', { replyCode: 200 })
    await assertReady(client, queue, 1)
  })

  it('says when a full queue refuses a message of it, and does the rest', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    const full = uniqueName('full')
    const args = encodeTable({
      'x-max-length': ['I', 2],
      'x-overflow': ['S', 'reject-publish'],
    })
    await client.call(2, 'queue.declare', { queue: full, exclusive: true, arguments: args })
    client.publish(2, { routingKey: queue }, 'acked')
    await assertReady(client, queue, 1)
    await get(client, queue)
    client.send(1, 'basic.ack', { deliveryTag: 1 })
    for (const body of ['1', '2', '3']) client.publish(1, { routingKey: full }, body)
    client.publish(1, { routingKey: queue }, '4')
    client.send(1, 'tx.commit')
    const { scope, code, text, classId, methodId } = await client.expectClose(1)
    assert.deepEqual(
      { scope, code, text, classId, methodId },
      {
        scope: 'channel',
        code: 406,
        text: 'PRECONDITION_FAILED - partial tx completion',
        classId: 90,
        methodId: 20,
      },
    )
    await assertReady(client, full, 2)
    await assertReady(client, queue, 1)
    await client.call(1, 'channel.open')
    for (const body of ['1', '2']) assert.equal(await get(client, full), body)
    assert.equal(await get(client, queue), '4')
  })

  it('holds nacks and rejects back too', async () => {
    const { client, queue } = await transactional()
    await using _ = client
    for (const body of ['drop', 'requeue']) client.publish(2, { routingKey: queue }, body)
    await assertReady(client, queue, 2)
    await get(client, queue)
    await get(client, queue)
    client.send(1, 'basic.reject', { deliveryTag: 1 })
    client.send(1, 'basic.nack', { deliveryTag: 2, requeue: true })
    await assertReady(client, queue, 0)
    await client.call(1, 'tx.commit')
    await assertReady(client, queue, 1)
    assert.equal(await get(client, queue), 'requeue')
  })

  it('returns mandatory messages before commit-ok', async () => {
    const { client } = await transactional()
    await using _ = client
    client.publish(1, { routingKey: uniqueName('nowhere'), mandatory: true }, 'lost')
    client.send(1, 'tx.commit')
    await client.expectMessage(1, 'basic.return')
    await client.expect(1, 'tx.commit-ok')
  })

  it('checks unknown tags when they are acked, not at commit', async () => {
    const { client } = await transactional()
    await using _ = client
    client.send(1, 'basic.ack', { deliveryTag: 9 })
    const close = await client.expectClose(1)
    assert.deepEqual([close.scope, close.code], ['channel', 406])
    assert.equal(close.text, 'PRECONDITION_FAILED - unknown delivery tag 9')
  })

  it('commits and rolls back nothing', async () => {
    const { client } = await transactional()
    await using _ = client
    await client.call(1, 'tx.commit')
    await client.call(1, 'tx.rollback')
  })
})
