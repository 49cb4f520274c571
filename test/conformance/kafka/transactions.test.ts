// Transactions through clients that others wrote, of the protocol before KIP-890: kafkajs and @platformatic/kafka.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Consumer, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

let broker: RunningBroker
let kafka: Kafka
before(async () => {
  broker = await startBroker({
    storage: 'memory',
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 0,
    httpPort: 'off',
  })
  const { host, port } = broker.addresses['kafka']!
  const config: KafkaConfig = { brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING }
  kafka = new Kafka(config)
})
after(() => broker.close())

async function createTopic(topic: string, numPartitions = 1): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  await admin.disconnect()
}

/** Values that a consumer has read, in their order. */
interface Reading extends AsyncDisposable {
  readonly values: string[]
}

async function read(topic: string, readUncommitted: boolean): Promise<Reading> {
  const groupId = `reader-${topic}-${readUncommitted}`
  const consumer: Consumer = kafka.consumer({ groupId, readUncommitted, maxWaitTimeInMs: 50 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => void values.push(message.value!.toString()),
  })
  return { values, [Symbol.asyncDispose]: () => consumer.disconnect() }
}

describe('transactions of kafkajs', () => {
  it('show what is committed, and what is aborted only to those who read all', async () => {
    await createTopic('t', 2)
    const producer = kafka.producer({ transactionalId: 'tx', maxInFlightRequests: 1 })
    await producer.connect()
    const send = async (value: string, isCommit: boolean): Promise<void> => {
      const transaction = await producer.transaction()
      for (const partition of [0, 1]) {
        await transaction.send({
          topic: 't',
          messages: [{ value: `${value}${partition}`, partition }],
        })
      }
      await (isCommit ? transaction.commit() : transaction.abort())
    }
    await send('a', true)
    await send('b', false)
    await send('c', true)
    await producer.disconnect()
    await using committed = await read('t', false)
    await using all = await read('t', true)
    await waitFor(
      'everything is read',
      () => committed.values.length >= 4 && all.values.length >= 6,
    )
    assert.deepEqual(committed.values.toSorted(), ['a0', 'a1', 'c0', 'c1'])
    assert.deepEqual(all.values.toSorted(), ['a0', 'a1', 'b0', 'b1', 'c0', 'c1'])
  })

  it('commit the offsets of a group, or do not', async () => {
    await createTopic('in')
    await createTopic('out')
    const producer = kafka.producer({ transactionalId: 'copy', maxInFlightRequests: 1 })
    await producer.connect()
    const admin = kafka.admin()
    await admin.connect()
    const offset = async (): Promise<string | undefined> => {
      const [found] = await admin.fetchOffsets({ groupId: 'copiers', topics: ['in'] })
      return found?.partitions[0]?.offset
    }
    const copy = async (next: string, isCommit: boolean): Promise<void> => {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'out', messages: [{ value: next }] })
      const topics = [{ topic: 'in', partitions: [{ partition: 0, offset: next }] }]
      await transaction.sendOffsets({ consumerGroupId: 'copiers', topics })
      await (isCommit ? transaction.commit() : transaction.abort())
    }
    await copy('5', true)
    assert.equal(await offset(), '5')
    await copy('7', false)
    assert.equal(await offset(), '5')
    await admin.disconnect()
    await producer.disconnect()
  })

  it('a second producer with the same id fences the first, and aborts what that had begun', async () => {
    await createTopic('f')
    const options = { transactionalId: 'one', maxInFlightRequests: 1, retry: { retries: 0 } }
    const first = kafka.producer(options)
    await first.connect()
    const transaction = await first.transaction()
    await transaction.send({ topic: 'f', messages: [{ value: 'zombie' }] })
    const second = kafka.producer(options)
    await second.connect()
    const other = await second.transaction()
    await other.send({ topic: 'f', messages: [{ value: 'alive' }] })
    await assert.rejects(transaction.commit(), { type: /INVALID_PRODUCER_EPOCH|PRODUCER_FENCED/ })
    await other.commit()
    await using committed = await read('f', false)
    await waitFor('it is read', () => committed.values.length > 0)
    assert.deepEqual(committed.values, ['alive'])
    await first.disconnect()
    await second.disconnect()
  })
})
