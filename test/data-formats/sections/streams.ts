// Streams and topics, and what is kept for those who read and write them.
import assert from 'node:assert/strict'
import type { ConfigResourceTypes } from 'kafkajs'
import { kafkaErrors } from '../../../src/codec/kafka/error-codes.gen.ts'
import type { PartitionProduceResponse } from '../../../src/codec/kafka/messages/produce.gen.ts'
import { compressionNames } from '../../../src/record/batch/compression.ts'
import { batchOfRecords } from '../../support/kafka-fixture.ts'
import { waitFor } from '../../support/wait-for.ts'
import { createTopic, fetchValues, newProducer, produce } from '../kafka-calls.ts'
import { takeBodies, whenReady } from '../section.ts'
import type { Section } from '../section.ts'

const streamBodies = ['first', 'second', 'third']

export const stream: Section = {
  name: 'stream',

  async fill({ channel }) {
    await channel.assertQueue('stream', { arguments: { 'x-queue-type': 'stream' } })
    for (const body of streamBodies) {
      const options = { persistent: true, headers: { body }, contentType: 'text/plain' }
      channel.sendToQueue('stream', Buffer.from(body), options)
    }
    await channel.waitForConfirms()
  },

  async check({ channel }) {
    const found: unknown[][] = []
    await channel.prefetch(10)
    const { consumerTag } = await channel.consume(
      'stream',
      (message) => {
        const { headers, contentType } = message?.properties ?? {}
        found.push([
          message?.content.toString(),
          headers?.['body'],
          headers?.['x-stream-offset'],
          contentType,
        ])
        if (message !== null) channel.ack(message)
      },
      { arguments: { 'x-stream-offset': 1 } },
    )
    await waitFor('two records', () => found.length === 2)
    await channel.cancel(consumerTag)
    assert.deepEqual(found, [
      ['second', 'second', 1, 'text/plain'],
      ['third', 'third', 2, 'text/plain'],
    ])
  },
}

/** kafkajs gives its constants only to CommonJS. */
const topicResource = 2 as ConfigResourceTypes.TOPIC

const topic = 'events'
const group = 'readers'

export const topics: Section = {
  name: 'topics',

  async fill(broker, facts) {
    const kafka = broker.kafka()
    const admin = kafka.admin()
    const producer = kafka.producer()
    await Promise.all([admin.connect(), producer.connect()])
    const configEntries = [{ name: 'max.message.bytes', value: '234567' }]
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }] })
    const headers = { trace: 'abc' }
    const messages = ['a', 'b', 'c'].map((value) => ({ key: 'key', value, headers, partition: 1 }))
    await producer.send({ topic, messages })
    const partitions = [{ partition: 1, offset: '2' }]
    await admin.setOffsets({ groupId: group, topic, partitions })
    facts['cluster'] = (await admin.describeCluster()).clusterId
    await Promise.all([admin.disconnect(), producer.disconnect()])
  },

  async check(broker, facts) {
    const kafka = broker.kafka()
    const admin = kafka.admin()
    // It waits for its last fetch when it leaves.
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 50 })
    await Promise.all([admin.connect(), consumer.connect()])
    assert.equal((await admin.describeCluster()).clusterId, facts['cluster'])
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: topicResource, name: topic, configNames: ['max.message.bytes'] }],
    })
    assert.equal(resources[0]?.configEntries[0]?.configValue, '234567')
    const ends = (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => [
      partition,
      low,
      high,
    ])
    assert.deepEqual(
      ends.toSorted(([a = 0], [b = 0]) => Number(a) - Number(b)),
      [
        [0, '0', '0'],
        [1, '0', '3'],
        [2, '0', '0'],
      ],
    )
    // It goes on where it was.
    const found: unknown[] = []
    await consumer.subscribe({ topic })
    await consumer.run({
      async eachMessage({ partition, message: { key, value, offset, headers } }) {
        found.push([partition, offset, String(key), String(value), String(headers?.['trace'])])
      },
    })
    await waitFor('the last record', () => found.length > 0)
    assert.deepEqual(found, [[1, '2', 'key', 'c', 'abc']])
    await Promise.all([admin.disconnect(), consumer.disconnect()])
  },
}

export const compressed: Section = {
  name: 'compressed',

  async fill(broker) {
    await createTopic(broker, 'compressed')
    for (const name of compressionNames) {
      const records = [{ key: name, value: `${name} 1` }, { value: `${name} 2` }]
      await produce(broker, 'compressed', batchOfRecords(records, name))
    }
  },

  async check(broker) {
    assert.deepEqual(
      await fetchValues(broker, 'compressed'),
      compressionNames.flatMap((name) => [`${name} 1`, `${name} 2`]),
    )
  },
}

const idempotentValues = ['one', 'two', 'three']

export const producers: Section = {
  name: 'producers',

  async fill(broker, facts) {
    await createTopic(broker, 'idempotent')
    const producerId = await newProducer(broker)
    facts['producerId'] = producerId
    for (const [baseSequence, value] of idempotentValues.entries()) {
      const batch = batchOfRecords([{ value }], 'none', {
        producerId,
        producerEpoch: 0,
        baseSequence,
      })
      assert.equal((await produce(broker, 'idempotent', batch)).errorCode, 0)
    }
  },

  async check(broker, facts) {
    const producerId = Number(facts['producerId'])
    const send = (baseSequence: number, value: string): Promise<PartitionProduceResponse> => {
      const producer = { producerId, producerEpoch: 0, baseSequence }
      return produce(broker, 'idempotent', batchOfRecords([{ value }], 'none', producer))
    }
    const again = await send(2, 'three')
    assert.deepEqual([again.errorCode, again.baseOffset], [0, 2])
    const gap = await send(9, 'too far')
    assert.equal(gap.errorCode, kafkaErrors.OUT_OF_ORDER_SEQUENCE_NUMBER.code)
    const next = await send(3, 'four')
    assert.deepEqual([next.errorCode, next.baseOffset], [0, 3])
    assert.deepEqual(await fetchValues(broker, 'idempotent'), [...idempotentValues, 'four'])
    assert.ok((await newProducer(broker)) > producerId)
  },
}

export const sourceQueues: Section = {
  name: 'source queues',

  async fill(broker) {
    const { channel } = broker
    await createTopic(broker, 'orders')
    const options = { arguments: { 'x-source': 'orders', 'x-source-offset': 'first' } }
    await channel.assertQueue('billing', options)
    await produce(
      broker,
      'orders',
      batchOfRecords([{ value: '1' }, { value: '2' }, { value: '3' }]),
    )
    channel.sendToQueue('billing', Buffer.from('own'), { persistent: true })
    await channel.waitForConfirms()
    await whenReady(channel, 'billing', 4)
    const own = await channel.get('billing')
    const first = await channel.get('billing')
    assert.ok(own && first)
    assert.deepEqual([own.content.toString(), first.content.toString()], ['own', '1'])
    channel.nack(own)
    channel.ack(first)
  },

  async check(broker) {
    const { channel } = broker
    assert.deepEqual(await takeBodies(channel, 'billing'), ['own', '2', '3'])
    await produce(broker, 'orders', batchOfRecords([{ value: '4' }]))
    await whenReady(channel, 'billing', 1)
    assert.deepEqual(await takeBodies(channel, 'billing'), ['4'])
    assert.deepEqual(await fetchValues(broker, 'orders'), ['1', '2', '3', '4'])
  },
}
