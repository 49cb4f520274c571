// All records of a topic from its beginning to its end, as a client reads them that other people wrote.
import { Kafka, logLevel } from 'kafkajs'
import { within } from './wait-for.ts'

export interface CopiedRecord {
  readonly partition: number
  readonly offset: string
  readonly key: string | undefined
  readonly value: string | null
  readonly timestamp: string
  readonly headers: unknown
}

let readers = 0

/** Sorted by partition and offset. Kafka's committed records, when it has transactions. */
export async function readTopic(port: number, topic: string): Promise<CopiedRecord[]> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const waiting = new Map(
    ends.flatMap(({ partition, low, high }) =>
      low === high ? [] : [[partition, Number(high)] as const],
    ),
  )
  const records: CopiedRecord[] = []
  const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${readers++}` })
  const ended = Promise.withResolvers<void>()
  if (waiting.size === 0) ended.resolve()
  // Also of what has no records for readers at its end.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const { partition, lastOffset } = payload
    if (Number(lastOffset) + 1 >= (waiting.get(partition) ?? 0)) waiting.delete(partition)
    if (waiting.size === 0) ended.resolve()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      const { offset, key, value, timestamp, headers } = message
      const texts = { key: key?.toString(), value: value === null ? null : value.toString() }
      records.push({ partition, offset, ...texts, timestamp, headers })
    },
  })
  await within(`all of '${topic}' is read`, ended.promise, 30_000)
  await consumer.disconnect()
  return records.toSorted(
    (a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset),
  )
}
