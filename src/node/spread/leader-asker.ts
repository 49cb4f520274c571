// Asks the cells that lead partitions of a home's topics.
import { preconditionFailed } from '../../broker/broker-error.ts'
import { carriedRecord } from '../../broker/carried-record.ts'
import type {
  FoundPlace,
  PartitionLeaders,
  RemoteCompaction,
  RemoteRecord,
} from '../../broker/topic/partition-leaders.ts'
import type { StreamPlace } from '../../broker/topic/stream-place.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Clock } from '../../lib/clock.ts'
import { upTo } from '../../lib/in-time.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { CallError } from '../calls/call-error.ts'
import type { CellCalls } from '../calls/cell-calls.ts'

const { gatherMs: msMax } = clusterHttpLimits

type Found = NonNullable<Awaited<ReturnType<PartitionLeaders['readRecord']>>>

export class LeaderAsker implements PartitionLeaders {
  readonly #calls: Pick<CellCalls, 'call'>
  readonly #clock: Clock

  constructor(calls: Pick<CellCalls, 'call'>, clock: Clock) {
    this.#calls = calls
    this.#clock = clock
  }

  async look(topics: Iterable<Topic>): Promise<void> {
    const byCell = new Map<number, Map<string, Topic>>()
    for (const topic of topics) {
      for (const cell of cellsOf(topic)) {
        const ofCell = byCell.get(cell) ?? new Map<string, Topic>()
        byCell.set(cell, ofCell.set(topic.topicId, topic))
      }
    }
    const asking = Array.from(byCell, ([cell, ofCell]) => this.#lookAt(cell, ofCell))
    await upTo(this.#clock, msMax, Promise.allSettled(asking))
  }

  async findPlaces(
    topic: Topic,
    partitions: readonly number[],
    place: StreamPlace,
  ): Promise<readonly FoundPlace[]> {
    const byCell = Map.groupBy(partitions, (number) => cellOf(topic, number))
    const asking = Array.from(byCell, async ([cell, ofCell]) => {
      const args = { topicId: topic.topicId, partitions: ofCell, place }
      return (await explained(topic, this.#calls.call(cell, 'partitions.places', args))).content
    })
    return (await Promise.all(asking)).flat()
  }

  async timesOf(records: readonly RemoteRecord[]): Promise<readonly (number | undefined)[]> {
    const byCell = Map.groupBy(records, ({ topic, partition }) => cellOf(topic, partition))
    const times = new Map<RemoteRecord, number>()
    const asking = Array.from(byCell, async ([cell, ofCell]) => {
      const asked = ofCell.map(({ topic: { topicId }, partition, offset }) => {
        return { topicId, partition, offset }
      })
      const args = { records: asked }
      const { content } = await this.#calls.call(cell, 'partitions.times', args, { msMax })
      for (const [at, record] of ofCell.entries()) {
        const time = content[at] ?? undefined
        if (time !== undefined) times.set(record, time)
      }
    })
    await Promise.allSettled(asking)
    return records.map((record) => times.get(record))
  }

  async compactionsOf(topic: Topic): Promise<ReadonlyMap<number, RemoteCompaction>> {
    const found = new Map<number, RemoteCompaction>()
    const asking = Array.from(cellsOf(topic), async (cell) => {
      const args = { topicId: topic.topicId }
      const { content } = await this.#calls.call(cell, 'partitions.compactions', args, { msMax })
      for (const [number, { at, ...compaction }] of content) {
        found.set(number, { ...compaction, at: at ?? undefined })
      }
    })
    await Promise.allSettled(asking)
    return found
  }

  async readRecord({ topic, partition, offset }: RemoteRecord): Promise<Found | undefined> {
    const args = { topicId: topic.topicId, partition, offset }
    const cell = cellOf(topic, partition)
    const { body } = await explained(topic, this.#calls.call(cell, 'partitions.record', args))
    return carriedRecord(body)
  }

  async #lookAt(cell: number, topics: ReadonlyMap<string, Topic>): Promise<void> {
    const args = { topicIds: [...topics.keys()] }
    const { content } = await this.#calls.call(cell, 'partitions.describe', args, { msMax })
    for (const { topicId, partitions } of content) {
      const known = topics.get(topicId)?.partitions
      for (const [number, facts] of partitions) {
        const remote = known?.[number]?.remote
        if (remote !== undefined && facts.epoch >= remote.facts.epoch) remote.facts = facts
      }
    }
  }
}

function* cellsOf({ partitions }: Topic): Generator<number> {
  const seen = new Set<number>()
  for (const { remote } of partitions) {
    if (remote === undefined || seen.has(remote.cell)) continue
    seen.add(remote.cell)
    yield remote.cell
  }
}

/** The cell that leads a partition which another one leads. */
function cellOf({ partitions }: Topic, number: number): number {
  return partitions[number]?.remote?.cell ?? -1
}

/** Rejects with a BrokerError that a person understands. */
async function explained<T>({ name }: Topic, call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    throw preconditionFailed(
      `who leads a partition of '${name}' does not answer: try again (${error.message})`,
    )
  }
}
