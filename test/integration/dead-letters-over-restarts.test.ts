// What waits in a queue with a time to live, or on its way to a dead-letter exchange, is there after a
// restart and goes on.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { waitFor } from '../support/wait-for.ts'

const ports = { ...otherPortsOff, amqpPort: 0, kafkaPort: 'off', httpPort: 'off' } as const

function open(broker: RunningBroker): Promise<AmqpSession> {
  return AmqpSession.open(`amqp://localhost:${broker.addresses['amqp']?.port}`)
}

test('messages expire after a restart, by their own time and by their queue’s', async () => {
  const data = await mkdtemp(path.join(tmpdir(), 'pabal-dead-'))
  const count = 300
  {
    await using broker = await startBroker({ ...ports, data })
    await using session = await open(broker)
    const channel = await session.confirmChannel()
    await channel.assertQueue('dead')
    const to = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
    await channel.assertQueue('ttl', { arguments: { ...to, 'x-message-ttl': 4000 } })
    await channel.assertQueue('own', { arguments: to })
    const options = { persistent: true }
    for (let n = 0; n < count; n++) {
      channel.sendToQueue('ttl', Buffer.from(`${n}`), options)
      channel.sendToQueue('own', Buffer.from(`${n}`), { ...options, expiration: '4000' })
    }
    await channel.waitForConfirms()
    assert.equal((await channel.checkQueue('dead')).messageCount, 0)
  }
  {
    await using broker = await startBroker({ ...ports, data })
    await using session = await open(broker)
    const channel = await session.channel()
    await waitFor('all are dead', async () => {
      const { messageCount } = await channel.checkQueue('dead')
      return messageCount === 2 * count
    })
    for (const queue of ['ttl', 'own']) {
      assert.equal((await channel.checkQueue(queue)).messageCount, 0)
    }
    const first = await channel.get('dead', { noAck: true })
    assert.ok(first !== false)
    assert.equal(first.properties.headers?.['x-death']?.[0]?.reason, 'expired')
  }
  await rm(data, { recursive: true })
})
