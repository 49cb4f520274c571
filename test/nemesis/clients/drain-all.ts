// What is left when all is over: everything in the queues, and the topics from their beginnings.
import type { ChannelModel } from 'amqplib'
import { within } from '../../support/wait-for.ts'
import { idOf } from '../body.ts'
import { AmqpLink } from './amqp-link.ts'
import type { ClientParts } from './client-parts.ts'
import { deadQueue, queues } from './declare-all.ts'
import { eventsTopic, kafkaOf, pairsTopic } from './kafka-link.ts'

/** Values of a partition at their offsets. */
export interface TopicLeft {
  readonly partition: string
  readonly records: readonly { readonly offset: number; readonly value: string }[]
}

export interface Left {
  /** Ids in the order of each queue. */
  readonly queues: Readonly<Record<string, readonly string[]>>
  readonly topics: readonly TopicLeft[]
}

const drainMsMax = 60_000

export async function drainAll(parts: ClientParts): Promise<Left> {
  const drained: Record<string, readonly string[]> = {}
  await using link = await AmqpLink.open(parts)
  for (const queue of [...queues, deadQueue]) {
    drained[queue] = await within(`${queue} is drained`, drainQueue(link.model, queue), drainMsMax)
  }
  const topics: TopicLeft[] = []
  for (const topic of [eventsTopic, pairsTopic]) {
    topics.push(...(await within(`${topic} is read`, readTopic(parts, topic), drainMsMax)))
  }
  return { queues: drained, topics }
}

async function drainQueue(model: ChannelModel, queue: string): Promise<string[]> {
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  const ids: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) break
    ids.push(idOf(message.content) ?? 'nobody’s')
  }
  await channel.close()
  return ids
}

/** Of transactions what is committed. */
async function readTopic(parts: ClientParts, topic: string): Promise<TopicLeft[]> {
  const kafka = kafkaOf(parts)
  const admin = kafka.admin()
  await admin.connect()
  const ends = new Map(
    (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]),
  )
  await admin.disconnect()
  const records = new Map(
    Array.from(ends, ([partition]) => [partition, [] as TopicLeft['records'][number][]]),
  )
  const missing = new Set(
    Array.from(ends).flatMap(([partition, end]) => (end > 0 ? [partition] : [])),
  )
  const consumer = kafka.consumer({ groupId: `last-${topic}-${Date.now()}`, maxWaitTimeInMs: 200 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      if (missing.size === 0) resolve()
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
      consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch }) => {
            const { partition, messages } = batch
            for (const { offset, value } of messages) {
              const text = value === null ? '' : (idOf(value) ?? value.toString('latin1', 0, 60))
              records.get(partition)?.push({ offset: Number(offset), value: text })
            }
            if (Number(batch.lastOffset()) + 1 >= (ends.get(partition) ?? 0))
              missing.delete(partition)
            if (missing.size === 0) resolve()
            return Promise.resolve()
          },
        })
        .catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return Array.from(records, ([partition, list]) => ({
    partition: `${topic}/${partition}`,
    records: list,
  }))
}
