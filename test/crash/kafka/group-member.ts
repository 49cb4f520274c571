// A member of the consumer group: notes what it gets, then commits it.

import kafkajs, { type Consumer } from 'kafkajs'
import { idOf, parseValue } from './planned-record.ts'
import type { RecordLedger } from './record-ledger.ts'

const { Kafka, logLevel } = kafkajs

export const groupId: string = 'readers'

interface MemberOptions {
  readonly name: string
  readonly port: number
}

/** Resolves when the member reads. It goes on by itself when the broker dies and comes back. */
export async function startGroupMember(
  ledger: RecordLedger,
  { name, port }: MemberOptions,
): Promise<Consumer> {
  const kafka = new Kafka({
    clientId: name,
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 30, maxRetryTime: 200, retries: 1000 },
  })
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: 6000,
    rebalanceTimeout: 3000,
    heartbeatInterval: 200,
    maxWaitTimeInMs: 100,
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) ledger.violate(0, '', `${name} has given up: ${String(payload.error)}`)
  })
  await consumer.connect()
  await consumer.subscribe({ topic: ledger.topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    async eachBatch(payload) {
      const { batch } = payload
      const { partition, topic } = batch
      ledger.showEnd(partition, Number(batch.highWatermark))
      for (const message of batch.messages) {
        const offset = Number(message.offset)
        const record = parseValue(message.value)
        if (record === undefined) ledger.violate(partition, '', `${offset} is not as it was sent`)
        else ledger.deliver(name, partition, { offset, id: idOf(record) })
      }
      const next = Number(batch.lastOffset()) + 1
      await consumer.commitOffsets([{ topic, partition, offset: String(next) }])
      ledger.commit(name, partition, next)
      await payload.heartbeat()
    },
  })
  return consumer
}
