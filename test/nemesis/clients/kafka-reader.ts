// A group with one reader, which commits after each batch. Where it goes on shows whether commits that were confirmed
// are still there.
import { idOf } from '../body.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, eventsTopic, kafkaOf, readersGroup } from './kafka-link.ts'

/** Offsets that the broker has confirmed, by partition. */
export type Committed = Map<number, number>

export async function read(parts: ClientParts, committed: Committed): Promise<void> {
  const { history } = parts
  await parts.persist(
    () => parts.isRunning,
    async () => {
      const consumer = kafkaOf(parts).consumer({
        groupId: readersGroup,
        sessionTimeout: 10_000,
        heartbeatInterval: 1000,
        maxWaitTimeInMs: 200,
        retry: { retries: 4 },
      })
      const crashed = Promise.withResolvers<void>()
      consumer.on('consumer.crash', () => crashed.resolve())
      const poll = setInterval(() => {
        if (!parts.isRunning) crashed.resolve()
      }, 50)
      try {
        await consumer.connect()
        await consumer.subscribe({ topic: eventsTopic, fromBeginning: true })
        let begun = new Set<number>()
        consumer.on('consumer.group_join', () => (begun = new Set()))
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: async ({ batch, resolveOffset, heartbeat, commitOffsetsIfNecessary }) => {
            const { partition } = batch
            const first = batch.messages[0]
            if (first === undefined) return
            const place = `${eventsTopic}/${partition}`
            if (!begun.has(partition)) {
              begun.add(partition)
              const before = committed.get(partition) ?? 0
              history.resumed.push({
                partition: place,
                offset: Number(first.offset),
                committed: before,
              })
            }
            for (const { offset, value } of batch.messages) {
              const id = value === null ? undefined : idOf(value)
              if (id === undefined) {
                parts.wrong(`${place}: the record at ${offset} is nobody's or has other bytes`)
              }
              history.read.push({ partition: place, offset: Number(offset), id: id ?? '' })
              resolveOffset(offset)
            }
            await heartbeat()
            const next = Number(batch.lastOffset()) + 1
            await commitOffsetsIfNecessary({
              topics: [{ topic: eventsTopic, partitions: [{ partition, offset: String(next) }] }],
            })
            committed.set(partition, Math.max(next, committed.get(partition) ?? 0))
          },
        })
        await crashed.promise
      } finally {
        clearInterval(poll)
        await endOf(consumer)
      }
    },
  )
}
