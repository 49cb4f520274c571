// Work queues that transactions write to, as Kafka's readers of committed records see them.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { type RunningBroker, startBroker } from '../../../src/start-broker.ts'
import { AmqpSession } from '../../support/amqp-session.ts'
import { otherPortsOff } from '../../support/other-ports-off.ts'
import { waitFor } from '../../support/wait-for.ts'

const values = [
  { value: 'a', isCommit: true },
  { value: 'b', isCommit: false },
  { value: 'c', isCommit: true },
]

test('a reader of committed records gets what a producer commits after it has aborted, also after a restart', async () => {
  const data = await mkdtemp(join(tmpdir(), 'transactions-'))
  const off = { httpPort: 'off' } as const
  const start = (): Promise<RunningBroker> =>
    startBroker({ data, ...otherPortsOff, amqpPort: 0, kafkaPort: 0, ...off })
  let broker = await start()
  try {
    const session = await AmqpSession.open(`amqp://127.0.0.1:${broker.addresses['amqp']!.port}`)
    await (await session.channel()).assertQueue('work', { durable: true })
    await session[Symbol.asyncDispose]()
    const producer = clientOf(broker).producer({ transactionalId: 'tx', maxInFlightRequests: 1 })
    await producer.connect()
    for (const { value, isCommit } of values) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: 'work', messages: [{ value }] })
      await (isCommit ? transaction.commit() : transaction.abort())
    }
    const open = await producer.transaction()
    await open.send({ topic: 'work', messages: [{ value: 'd' }, { value: 'e' }] })
    await producer.disconnect()
    await broker.close()
    broker = await start()
    assert.equal(await countOf(broker, 'work'), 2)
    const next = clientOf(broker).producer({ transactionalId: 'tx', maxInFlightRequests: 1 })
    await next.connect()
    await (await next.transaction()).abort()
    await next.disconnect()
    assert.equal(await countOf(broker, 'work'), 2, 'what was aborted is in no count')
    const consumer = clientOf(broker).consumer({ groupId: 'readers', maxWaitTimeInMs: 50 })
    const read: string[] = []
    await consumer.connect()
    await consumer.subscribe({ topic: 'work', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => void read.push(message.value!.toString()),
    })
    await waitFor('the last one is read', () => read.includes('c'))
    assert.deepEqual(read, ['a', 'c'])
    await consumer.disconnect()
  } finally {
    await broker.close()
    await rm(data, { recursive: true })
  }
})

async function countOf({ addresses }: RunningBroker, queue: string): Promise<number> {
  await using session = await AmqpSession.open(`amqp://127.0.0.1:${addresses['amqp']!.port}`)
  return (await (await session.channel()).checkQueue(queue)).messageCount
}

function clientOf({ addresses }: RunningBroker): Kafka {
  const { host, port } = addresses['kafka']!
  return new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING })
}
