// Queues, exchanges and topics that clients use, declared before anything goes wrong.
import { bindExchange } from './amqp-binder.ts'
import { receiptsQueue } from './amqp-consumer.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'
import { eventsPartitions, eventsTopic, kafkaOf, pairsTopic } from './kafka-link.ts'

export const queues = ['orders', 'parcels'] as const
export const deadQueue = 'dead'

export async function declareAll(parts: ClientParts): Promise<void> {
  let isDone = false
  await parts.persist(
    () => !isDone,
    async () => {
      await using link = await AmqpLink.open(parts)
      const channel = await link.do(link.model.createChannel())
      channel.on('error', () => undefined)
      const dead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadQueue }
      await link.do(channel.assertQueue(deadQueue, { durable: true }))
      await link.do(channel.assertQueue('orders', { durable: true, arguments: dead }))
      const quorum = { ...dead, 'x-queue-type': 'quorum' }
      await link.do(channel.assertQueue('parcels', { durable: true, arguments: quorum }))
      const few = { 'x-max-length': 10 }
      await link.do(channel.assertQueue(receiptsQueue, { durable: true, arguments: few }))
      await link.do(channel.assertExchange(bindExchange, 'direct', { durable: true }))
      isDone = true
    },
  )
  isDone = false
  await parts.persist(
    () => !isDone,
    async () => {
      const admin = kafkaOf(parts).admin()
      await admin.connect()
      try {
        await admin.createTopics({
          topics: [
            { topic: eventsTopic, numPartitions: eventsPartitions, replicationFactor: 1 },
            { topic: pairsTopic, numPartitions: 2, replicationFactor: 1 },
          ],
        })
        isDone = true
      } finally {
        await admin.disconnect()
      }
    },
  )
}
