// An idempotent producer. A batch that fails for good may be there or not: the next one comes from a new producer, as
// kafkajs would use its sequence numbers again.
import { setTimeout as delay } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import { bodyOf } from '../body.ts'
import type { Sent } from '../history.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, eventsPartitions, eventsTopic, kafkaOf } from './kafka-link.ts'

const pauseMs = 15
const batchSizeMax = 8

export async function produce(parts: ClientParts, from: string): Promise<void> {
  const next = { seq: 0 }
  await parts.persist(
    () => parts.isSending,
    async () => {
      const producer = kafkaOf(parts).producer({ idempotent: true, maxInFlightRequests: 1 })
      try {
        await producer.connect()
        for (let batch = 0; parts.isSending; batch++) {
          const sent = sentNext(parts, { from, batch, next })
          await send(producer, batch % eventsPartitions, sent)
          await delay(pauseMs)
        }
      } finally {
        await endOf(producer)
      }
    },
  )
}

interface NextBatch {
  readonly from: string
  readonly batch: number
  readonly next: { seq: number }
}

function sentNext(parts: ClientParts, { from, batch, next }: NextBatch): Sent[] {
  const to = `${eventsTopic}/${batch % eventsPartitions}`
  const size = 1 + (batch % batchSizeMax)
  return Array.from({ length: size }, () => parts.sends(from, next.seq++, to))
}

async function send(producer: Producer, partition: number, sent: readonly Sent[]): Promise<void> {
  const messages = sent.map(({ from, seq }) => ({ value: bodyOf(from, seq), partition }))
  const [answer] = await producer.send({ topic: eventsTopic, messages, acks: -1 })
  const base = Number(answer?.baseOffset ?? -1)
  for (const [at, each] of sent.entries()) {
    each.outcome = 'confirmed'
    // Of a batch that is known to be there already the broker may not know the place any more.
    if (base >= 0) each.offset = base + at
  }
}
