// What is left when all is over: everything in the queues, and the topics from their beginnings.
import type { ChannelModel } from 'amqplib'
import type { EachBatchPayload, Kafka } from 'kafkajs'
import { within } from '../../support/wait-for.ts'
import { idOf } from '../body.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'
import { deadQueue, queues } from './declare-all.ts'
import { endOf, eventsPartitions, eventsTopic, kafkaOf, pairsTopic } from './kafka-link.ts'

interface LeftRecord {
  readonly offset: number
  readonly value: string
}

/** Values of a partition at their offsets. */
export interface TopicLeft {
  readonly partition: string
  readonly records: readonly LeftRecord[]
}

export interface Left {
  /** Ids in the order of each queue. */
  readonly queues: Readonly<Record<string, readonly string[]>>
  readonly topics: readonly TopicLeft[]
}

const drainMsMax = 60_000

/** What earlier tries took from the queues counts as well. */
export async function drainAll(
  parts: ClientParts,
  drained: Record<string, string[]>,
): Promise<Left> {
  await using link = await AmqpLink.open(parts)
  for (const queue of [...queues, deadQueue]) {
    const taken = (drained[queue] ??= [])
    await within(`${queue} is drained`, drainQueue(link.model, queue, taken), drainMsMax)
  }
  const topics: TopicLeft[] = []
  for (const topic of [eventsTopic, pairsTopic]) {
    topics.push(...(await within(`${topic} is read`, readTopic(parts, topic), drainMsMax)))
  }
  return { queues: drained, topics }
}

async function drainQueue(model: ChannelModel, queue: string, taken: string[]): Promise<void> {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) break
    taken.push(idOf(message.content) ?? 'nobody’s')
  }
  await channel.close()
}

/** Of transactions what is committed; up to a last record of ours, which no open transaction may hold back. */
async function readTopic(parts: ClientParts, topic: string): Promise<TopicLeft[]> {
  const kafka = kafkaOf(parts)
  const last = `${lastMark}${Date.now()}`
  const missing = await markEnds(kafka, topic, last)
  const records = new Map(Array.from(missing, (partition) => [partition, [] as LeftRecord[]]))
  const consumer = kafka.consumer({ groupId: last, maxWaitTimeInMs: 200 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
      const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => {
        const { partition, messages } = batch
        for (const { offset, value } of messages) {
          const text = value === null ? '' : (idOf(value) ?? value.toString('latin1', 0, 60))
          if (text === last) missing.delete(partition)
          if (text.startsWith(lastMark)) continue
          records.get(partition)?.push({ offset: Number(offset), value: text })
        }
        if (missing.size === 0) resolve()
        return Promise.resolve()
      }
      consumer.run({ autoCommit: false, eachBatch }).catch(reject)
    })
  } finally {
    await endOf(consumer)
  }
  return Array.from(records, ([partition, list]) => ({
    partition: `${topic}/${partition}`,
    records: list,
  }))
}

/** Returns the partitions. */
async function markEnds(kafka: Kafka, topic: string, last: string): Promise<Set<number>> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    const partitions = partitionsOf(topic)
    const messages = partitions.map((partition) => ({ partition, value: last }))
    await producer.send({ topic, messages, acks: -1 })
    return new Set(partitions)
  } finally {
    await endOf(producer)
  }
}

const lastMark = 'the last '

function partitionsOf(topic: string): number[] {
  return topic === eventsTopic ? Array.from({ length: eventsPartitions }, (_, at) => at) : [0, 1]
}
