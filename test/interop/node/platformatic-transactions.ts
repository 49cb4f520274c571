// Transactions of @platformatic/kafka: node platformatic-transactions.ts HOST:PORT PREFIX

import { Consumer, FetchIsolationLevels, Producer, type Message } from '@platformatic/kafka'
import { broker, prefix, range, step, until } from './report.ts'

const options = { clientId: 'interop', bootstrapBrokers: [broker], autocreateTopics: true }

function newProducer(name: string): Producer {
  const transactionalId = `${prefix}-${name}`
  return new Producer({ ...options, idempotent: true, transactionalId })
}

interface Sent {
  messages: { readonly topic: string; readonly partition: number; readonly value: Buffer }[]
}

function records(topic: string, ...texts: readonly string[]): Sent {
  return { messages: texts.map((text) => ({ topic, partition: 0, value: Buffer.from(text) })) }
}

/** Values from the first to `last`. */
async function values(topic: string, isolationLevel: number, last: string): Promise<string[]> {
  const groupId = `${topic}-${isolationLevel}`
  const consumer = new Consumer({ ...options, groupId, autocommit: false, maxWaitTime: 200 })
  const seen: string[] = []
  try {
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', isolationLevel })
    stream.on('data', ({ value }) => seen.push(value.toString()))
    await until(`${last} in ${topic}`, () => seen.includes(last))
    await stream.close()
  } finally {
    await consumer.close(true)
  }
  return seen
}

await step('commit transactions', async () => {
  const topic = `${prefix}-tx`
  const producer = newProducer('tx')
  for (const n of range(4)) {
    const transaction = await producer.beginTransaction()
    await transaction.send(records(topic, `${n}-0`, `${n}-1`))
    await (n === 1 ? transaction.abort() : transaction.commit())
  }
  await producer.close()
  return {
    committed: await values(topic, FetchIsolationLevels.READ_COMMITTED, '3-1'),
    all: (await values(topic, FetchIsolationLevels.READ_UNCOMMITTED, '3-1')).length,
  }
})

await step('fence a producer', async () => {
  const topic = `${prefix}-fence`
  const [first, second] = [newProducer('fence'), newProducer('fence')]
  const zombie = await first.beginTransaction()
  await zombie.send(records(topic, 'zombie'))
  const alive = await beginWhenAborted(second)
  await alive.send(records(topic, 'alive'))
  let fenced = false
  // INVALID_PRODUCER_EPOCH or PRODUCER_FENCED.
  await zombie.commit().catch((error: Error) => (fenced = hasCode(error, 47, 90)))
  await alive.commit()
  await Promise.all([first.close(true), second.close()])
  return {
    fenced,
    committed: await values(topic, FetchIsolationLevels.READ_COMMITTED, 'alive'),
  }
})

/**
 * Who comes while a transaction of its id is open is told to come again (51), which this client leaves to others. It is told here
 * that it has no id yet: it says 0 by itself, and Kafka fences who says another id than it has.
 */
async function beginWhenAborted(producer: Producer): ReturnType<Producer['beginTransaction']> {
  for (;;) {
    try {
      return await producer.beginTransaction({ producerId: -1n, producerEpoch: -1 })
    } catch (error) {
      if (!hasCode(error, 51)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** Whether one of these codes is somewhere in what the client wraps an error in. */
function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  const { apiCode, cause, errors = [] } = error as Wrapped
  if (apiCode !== undefined && codes.includes(apiCode)) return true
  return [cause, ...errors].some((inner) => inner !== undefined && hasCode(inner, ...codes))
}

interface Wrapped {
  readonly apiCode?: number
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
}

await step('offsets in a transaction', async () => {
  const [source, topic] = [`${prefix}-txsource`, `${prefix}-txoffsets`]
  const plain = new Producer(options)
  await plain.send(records(source, ...range(8).map(String)))
  await plain.close()
  const groupId = `${prefix}-txgroup`
  const consumer = new Consumer({ ...options, groupId, autocommit: false, maxWaitTime: 200 })
  const stream = await consumer.consume({ topics: [source], mode: 'earliest' })
  const read: Message[] = []
  stream.on('data', (message) => read.push(message))
  await until('the source is read', () => read.length === 8)
  const producer = newProducer('offsets')
  const offsets: number[] = []
  for (const offset of [5, 6, 7]) {
    const transaction = await producer.beginTransaction()
    await transaction.send(records(topic, 'x'))
    await transaction.addConsumer(consumer)
    await transaction.addOffset(read[offset - 1]!)
    await (offset === 6 ? transaction.abort() : transaction.commit())
    const topics = [{ topic: source, partitions: [0] }]
    const committed = await consumer.listCommittedOffsets({ topics })
    offsets.push(Number(committed.get(source)?.[0]))
  }
  await stream.close()
  await Promise.all([consumer.close(true), producer.close()])
  return { offsets }
})
// What was not closed, as a step failed, must not keep the program.
process.exit()
