// A group with one reader, which commits after each batch. Where it goes on shows whether commits that were confirmed
// are still there.
import type { EachBatchPayload } from 'kafkajs'
import { idOf } from '../body.ts'
import type { ClientParts } from './client-parts.ts'
import { endOf, eventsTopic, kafkaOf, readersGroup } from './kafka-link.ts'

/** Offsets that the broker has confirmed, by partition. */
export type Committed = Map<number, number>

const lookMs = 50

export async function read(parts: ClientParts, committed: Committed): Promise<void> {
  await parts.persist(
    () => parts.isRunning,
    () => readUntilCrash(parts, committed),
  )
}

async function readUntilCrash(parts: ClientParts, committed: Committed): Promise<void> {
  const consumer = kafkaOf(parts).consumer({
    groupId: readersGroup,
    sessionTimeout: 10_000,
    heartbeatInterval: 1000,
    maxWaitTimeInMs: 200,
    retry: { retries: 4 },
  })
  const ended = Promise.withResolvers<void>()
  const batches = new Batches(parts, committed)
  consumer.on('consumer.crash', () => ended.resolve())
  consumer.on('consumer.group_join', () => batches.onJoin())
  const looking = setInterval(() => {
    if (!parts.isRunning) ended.resolve()
  }, lookMs)
  try {
    await consumer.connect()
    await consumer.subscribe({ topic: eventsTopic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => batches.onBatch(payload),
    })
    await ended.promise
  } finally {
    clearInterval(looking)
    await endOf(consumer)
  }
}

class Batches {
  readonly #parts: ClientParts
  readonly #committed: Committed
  /** Partitions that were read since the reader came to the group. */
  #begun = new Set<number>()

  constructor(parts: ClientParts, committed: Committed) {
    this.#parts = parts
    this.#committed = committed
  }

  onJoin(): void {
    this.#begun = new Set()
  }

  async onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { partition } = batch
    const [first] = batch.messages
    if (first === undefined) return
    this.#noteBegin(partition, Number(first.offset))
    for (const { offset, value } of batch.messages) {
      this.#note(partition, Number(offset), value)
      payload.resolveOffset(offset)
    }
    await payload.heartbeat()
    const next = Number(batch.lastOffset()) + 1
    const partitions = [{ partition, offset: String(next) }]
    await payload.commitOffsetsIfNecessary({ topics: [{ topic: eventsTopic, partitions }] })
    this.#committed.set(partition, Math.max(next, this.#committed.get(partition) ?? 0))
  }

  #noteBegin(partition: number, offset: number): void {
    if (this.#begun.has(partition)) return
    this.#begun.add(partition)
    const committed = this.#committed.get(partition) ?? 0
    const place = `${eventsTopic}/${partition}`
    this.#parts.history.resumed.push({ partition: place, offset, committed })
  }

  #note(partition: number, offset: number, value: Buffer | null): void {
    const id = value === null ? undefined : idOf(value)
    const place = `${eventsTopic}/${partition}`
    if (id === undefined) {
      this.#parts.wrong(`${place}: the record at ${offset} is nobody's or has other bytes`)
    }
    this.#parts.history.read.push({ partition: place, offset, id: id ?? '' })
  }
}
