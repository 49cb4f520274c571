// Whoever declares what this version does not act on is told so in the log: accepting it silently
// loses messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { silentLogger } from '../../src/lib/logger.ts'
import { startBroker } from '../../src/start-broker.ts'
import { AmqpSession } from '../support/amqp-session.ts'

test('a declaration with settings that have no effect is warned of once', async () => {
  const warnings: { fields: unknown; message: unknown }[] = []
  const logger = {
    ...silentLogger,
    warn: (fields: unknown, message?: unknown): void => void warnings.push({ fields, message }),
    child: () => logger,
  }
  const ports = { amqpPort: 0, kafkaPort: 0, httpPort: 'off' } as const
  await using broker = await startBroker({ ...ports, storage: 'memory', logger })
  const { amqp, kafka } = broker.addresses
  await using session = await AmqpSession.open(`amqp://localhost:${amqp?.port}`)
  const channel = await session.channel()
  const args = { 'x-max-priority': 5, 'x-queue-type': 'classic' }
  for (let times = 0; times < 2; times++) await channel.assertQueue('tasks', { arguments: args })
  await channel.assertQueue('plain', { arguments: { 'x-queue-type': 'quorum' } })
  const brokers = [`localhost:${kafka?.port}`]
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
  await admin.createTopics({
    topics: [{ topic: 'users', configEntries }, { topic: 'plain-topic' }],
  })
  await admin.disconnect()
  assert.deepEqual(warnings, [
    {
      fields: { vhost: '/', queue: 'tasks' },
      message:
        'A queue was declared with settings that have no effect yet: ' +
        'x-max-priority (messages are delivered in the order they came)',
    },
    {
      fields: { vhost: '/', topic: 'users' },
      message:
        'A topic was declared with settings that have no effect yet: ' +
        'cleanup.policy=compact (old values of a key are not removed)',
    },
  ])
})
