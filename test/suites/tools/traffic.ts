// What each tool is to show: a topic that a group is behind in, a work queue and a stream of AMQP.

import { connect } from 'amqplib'
import kafkajs from 'kafkajs'

/** Where the broker listens for Kafka's clients. */
export const kafkaServer = '127.0.0.1:9092'

const { Kafka, Partitioners, logLevel } = kafkajs

/**
 * 40 records in the two partitions of the topic `orders`, of which the group `billing` has read 15 in
 * each; 5 messages in the queue `jobs`; 3 in the stream `events`.
 */
export async function makeTraffic(): Promise<void> {
  await writeAmqp()
  const kafka = new Kafka({
    clientId: 'traffic',
    brokers: [kafkaServer],
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await Promise.all([admin.connect(), producer.connect()])
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] })
  const messages = Array.from({ length: 40 }, (_, index) => ({
    key: `key ${index}`,
    value: JSON.stringify({ order: index }),
    headers: { source: 'web' },
    partition: index % 2,
  }))
  await producer.send({ topic: 'orders', messages })
  const partitions = [0, 1].map((partition) => ({ partition, offset: '15' }))
  await admin.setOffsets({ groupId: 'billing', topic: 'orders', partitions })
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

async function writeAmqp(): Promise<void> {
  const connection = await connect('amqp://guest:guest@127.0.0.1:5672')
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue('jobs')
  await channel.assertQueue('events', { arguments: { 'x-queue-type': 'stream' } })
  for (let count = 0; count < 5; count++) channel.sendToQueue('jobs', Buffer.from('job'))
  for (let count = 0; count < 3; count++) channel.sendToQueue('events', Buffer.from('event'))
  await channel.waitForConfirms()
  await connection.close()
}
