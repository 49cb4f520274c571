// Transactions of two records in two partitions; some are aborted. A reader of what is committed sees both or neither.
import { setTimeout as delay } from 'node:timers/promises'
import type { Pair } from '../history.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, kafkaOf, pairsTopic } from './kafka-link.ts'

const pauseMs = 40

export async function transact(parts: ClientParts): Promise<void> {
  let count = 0
  const { pairs } = parts.history
  await parts.persist(
    () => parts.isSending,
    async () => {
      const producer = kafkaOf(parts).producer({
        transactionalId: 'nemesis',
        idempotent: true,
        maxInFlightRequests: 1,
        transactionTimeout: 10_000,
      })
      try {
        await producer.connect()
        while (parts.isSending) {
          const id = `pair-${count++}`
          const isAborted = count % 4 === 0
          // Without a word of commit it never counts.
          const pair: { id: string; outcome: Pair['outcome'] } = { id, outcome: 'aborted' }
          pairs.push(pair)
          const transaction = await producer.transaction()
          // One send for both goes wrong in KafkaJS when leaders move in the middle: it notes by its connections to
          // brokers which of them have answered, so what has another one by then is sent again, under new numbers.
          for (const partition of [0, 1])
            await transaction.send({
              topic: pairsTopic,
              messages: [{ value: id, partition }],
              acks: -1,
            })
          if (isAborted) await transaction.abort()
          else {
            pair.outcome = 'unknown'
            await transaction.commit()
            pair.outcome = 'committed'
          }
          await delay(pauseMs)
        }
      } finally {
        await endOf(producer)
      }
    },
  )
}
