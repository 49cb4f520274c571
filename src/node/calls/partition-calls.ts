// Calls about partitions of topics that are spread over cells: their home asks those who lead them.
import type { Broker } from '../../broker/broker.ts'
import { readCarried } from '../../broker/carried-record.ts'
import { describeCompaction } from '../../broker/compaction/describe-compaction.ts'
import { timeAt } from '../../broker/group/group-lag.ts'
import { placeIn } from '../../broker/group/reset-targets.ts'
import { factsOf } from '../../broker/spread/facts-of.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import { CallError } from './call-error.ts'
import type { CallHandlers, PartitionEnds } from './calls.ts'

type PartitionCall = Extract<keyof CallHandlers, `partitions.${string}`>

/** What a cell answers of the partitions that it leads. */
export function partitionHandlers(
  broker: Broker,
  topics: Topics,
): Pick<CallHandlers, PartitionCall> {
  const { store } = broker
  return {
    'partitions.describe': async ({ topicIds }) => {
      const ends = topicIds.flatMap((topicId) => {
        const part = partOf(topics, topicId)
        return part === undefined ? [] : [endsOf(part)]
      })
      return { content: ends }
    },
    'partitions.compactions': async ({ topicId }) => {
      const part = partOf(topics, topicId)
      const described = [...ledIn(part)].map(([number, partition]) => {
        const { at = null, ...compaction } = describeCompaction(partition, store)
        return [number, { ...compaction, at }] as const
      })
      return { content: part?.config.isCompacted === true ? described : [] }
    },
    'partitions.places': async ({ topicId, partitions, place }) => {
      const view = getPart(topics, topicId)
      const found = []
      for (const partition of partitions) {
        const index = view.numbers?.indexOf(partition) ?? -1
        if (index < 0) throw notHere(topicId, partition)
        const { offset, time } = await placeIn(broker, { view, index }, place)
        found.push({ partition, offset, time })
      }
      return { content: found }
    },
    'partitions.times': async ({ records }) => {
      const times: (number | null)[] = []
      for (const { topicId, partition, offset } of records) {
        const log = partOf(topics, topicId)?.led(partition)?.log
        const time = log && (await timeAt(store, log, offset).catch(() => undefined))
        times.push(time ?? null)
      }
      return { content: times }
    },
    'partitions.record': async ({ topicId, partition: number, offset }) => {
      const partition = getPart(topics, topicId).led(number)
      if (partition === undefined) throw notHere(topicId, number)
      return { content: {}, body: await readCarried(partition, offset) }
    },
  }
}

function partOf(topics: Topics, topicId: string): Topic | undefined {
  return topics.findById(topicId)?.topic
}

/** Throws `CallError`. */
function getPart(topics: Topics, topicId: string): Topic {
  const part = partOf(topics, topicId)
  if (part !== undefined) return part
  throw new CallError('refused', `topic ${topicId} is not here`)
}

function notHere(topicId: string, partition: number): CallError {
  return new CallError('refused', `partition ${partition} of topic ${topicId} is not here`)
}

function* ledIn(part: Topic | undefined): Generator<[number: number, partition: Partition]> {
  for (const [at, partition] of (part?.partitions ?? []).entries()) {
    const number = part?.numbers?.[at]
    if (number !== undefined) yield [number, partition]
  }
}

function endsOf(part: Topic): PartitionEnds {
  const partitions = Array.from(
    ledIn(part),
    ([number, partition]) => [number, factsOf(partition)] as const,
  )
  return { topicId: part.topicId, partitions }
}
