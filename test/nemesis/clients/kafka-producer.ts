// An idempotent producer. A batch that fails for good may be there or not: the next one comes from a new producer, as
// kafkajs would use its sequence numbers again.
import { setTimeout as delay } from 'node:timers/promises'
import { bodyOf } from '../body.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, eventsPartitions, eventsTopic, kafkaOf } from './kafka-link.ts'

const pauseMs = 15
const batchSizeMax = 8

export async function produce(parts: ClientParts, from: string): Promise<void> {
  let seq = 0
  const isWanted = (): boolean => parts.isSending
  await parts.persist(isWanted, async () => {
    const producer = kafkaOf(parts).producer({ idempotent: true, maxInFlightRequests: 1 })
    try {
      await producer.connect()
      for (let batch = 0; isWanted(); batch++) {
        const partition = batch % eventsPartitions
        const size = 1 + (batch % batchSizeMax)
        const sent = Array.from({ length: size }, () =>
          parts.sends(from, seq++, `${eventsTopic}/${partition}`),
        )
        const messages = sent.map((each) => ({ value: bodyOf(from, each.seq), partition }))
        const [answer] = await producer.send({ topic: eventsTopic, messages, acks: -1 })
        const base = Number(answer?.baseOffset ?? -1)
        for (const [at, each] of sent.entries()) {
          each.outcome = 'confirmed'
          // Of a batch that is known to be there already the broker may not know the place any more.
          if (base >= 0) each.offset = base + at
        }
        await delay(pauseMs)
      }
    } finally {
      await endOf(producer)
    }
  })
}
