// Whoever asks for what this version does not act on is told so in the log: accepting it silently
// loses messages.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Channel } from 'amqplib'
import { Kafka, logLevel } from 'kafkajs'
import { silentLogger } from '../../src/lib/logger.ts'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { AmqpSession } from '../support/amqp-session.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'

let warnings: string[]
let broker: RunningBroker
let session: AmqpSession
let channel: Channel
beforeEach(async () => {
  warnings = []
  const logger = {
    ...silentLogger,
    warn: (_fields: unknown, text?: unknown): void => void warnings.push(String(text)),
    child: () => logger,
  }
  const ports = { ...otherPortsOff, amqpPort: 0, kafkaPort: 0, httpPort: 'off' } as const
  broker = await startBroker({ ...ports, storage: 'memory', logger })
  session = await AmqpSession.open(`amqp://localhost:${broker.addresses['amqp']?.port}`)
  channel = await session.channel()
})
afterEach(async () => {
  await session[Symbol.asyncDispose]()
  await broker.close()
})

test('a queue is warned of once, however often it is declared', async () => {
  const args = {
    'x-queue-type': 'quorum',
    'x-quorum-initial-group-size': 3,
    'x-message-ttl': 1000,
  }
  for (let times = 0; times < 2; times++) await channel.assertQueue('tasks', { arguments: args })
  await channel.assertQueue('plain', { arguments: { 'x-queue-type': 'quorum' } })
  assert.deepEqual(warnings, [
    "Queue 'tasks' was declared with arguments that have no effect here: " +
      'x-quorum-initial-group-size (there is one copy, on this machine)',
  ])
})

test('a stream is warned of what concerns it', async () => {
  const args = { 'x-queue-type': 'stream', 'x-max-age': '1D', 'x-initial-cluster-size': 3 }
  await channel.assertQueue('log', { arguments: args })
  assert.deepEqual(warnings, [
    "Stream queue 'log' was declared with arguments that have no effect here: " +
      'x-initial-cluster-size (there is one copy, on this machine)',
  ])
})

test('an exchange is warned of once; one that acts on its arguments is not', async () => {
  const args = { 'x-message-deduplication': true, 'alternate-exchange': 'amq.fanout' }
  for (let times = 0; times < 2; times++) {
    await channel.assertExchange('events', 'topic', { arguments: args })
  }
  await channel.assertExchange('plain', 'topic', { alternateExchange: 'amq.fanout' })
  assert.deepEqual(warnings, [
    "Exchange 'events' was declared with arguments that have no effect here: " +
      'x-message-deduplication (duplicates are routed)',
  ])
})

test('a topic is warned of with what it has been given newly', async () => {
  const brokers = [`localhost:${broker.addresses['kafka']?.port}`]
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const zstd = { name: 'compression.type', value: 'zstd' }
  await admin.createTopics({
    topics: [{ topic: 'users', configEntries: [zstd] }, { topic: 'plain' }],
  })
  const alter = (...configEntries: { name: string; value: string }[]): Promise<unknown> => {
    const resources = [{ type: 2, name: 'users', configEntries }]
    return admin.alterConfigs({ validateOnly: false, resources })
  }
  await alter(zstd)
  await alter(zstd, { name: 'min.insync.replicas', value: '2' })
  await admin.disconnect()
  assert.deepEqual(warnings, [
    "Topic 'users' was given settings that have no effect here: " +
      'compression.type=zstd (batches stay as their producers compressed them)',
    "Topic 'users' was given settings that have no effect here: " +
      'min.insync.replicas=2 (there is one copy, on this machine)',
  ])
})
