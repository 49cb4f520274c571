// Topics that are spread over the cells of a cluster, on their way into a cluster and out of it: each cell has the records
// of the partitions that it leads, and which cell that is follows from their numbers.
import { cellOfPartition } from '../broker/topic/cell-of-partition.ts'
import type { TopologyEntry } from '../log/commit.ts'
import { LogError } from '../log/log-error.ts'
import { foldTopology } from '../meta/fold-topology.ts'
import type { QueueRow, TopicRow } from '../meta/topology-change.ts'

/** That of the virtual host `/`. */
const homeCell = 0

/** What a folder has of one. */
export interface CarriedTopic {
  readonly name: string
  /** Over so many cells. */
  readonly spread: number
  /** Of the partitions whose records it has. */
  readonly numbers: readonly number[]
  /** The folder has the topic itself, and others have parts of it. */
  readonly isHome: boolean
  /** Logs of messages that were on their way to partitions of other cells. */
  readonly transitLogs: readonly number[]
}

export function carriedTopics(entries: readonly TopologyEntry[], cell: number): CarriedTopic[] {
  return foldTopology(entries).queues.flatMap(({ name, topic }) => {
    if (topic?.spread === undefined) return []
    const { spread, numbers, transit = [] } = topic
    return {
      name,
      spread,
      numbers: numbers ?? ledBy(cell, topic, spread),
      isHome: numbers === undefined,
      transitLogs: transit.map(({ logId }) => logId),
    }
  })
}

/**
 * Logs of partitions whose records are in other cells: a folder has their ends and no records, which is no damage. The
 * home of topics is cell 0; where it is another one, what has records there is its own all the same.
 */
export function logsElsewhere(entries: readonly TopologyEntry[]): ReadonlySet<number> {
  const remote = foldTopology(entries).queues.flatMap(({ topic }) => {
    const { spread, numbers, logIds = [] } = topic ?? {}
    if (topic === undefined || spread === undefined || numbers !== undefined) return []
    const own = new Set(ledBy(homeCell, topic, spread))
    return logIds.filter((_logId, index) => !own.has(index))
  })
  return new Set(remote)
}

/** A part of a topic needs no virtual host of its own: it belongs to the topic in another cell. */
export function isPart({ topic }: QueueRow): boolean {
  return topic?.numbers !== undefined
}

/** Throws `LogError` where a folder that becomes a cell has records that no other cell would look for there. */
export function checkCarriedTopics(
  entries: readonly TopologyEntry[],
  { cell, cellCount }: { readonly cell: number; readonly cellCount: number },
): void {
  for (const { name, topic } of foldTopology(entries).queues) {
    const { spread = 0, numbers } = topic ?? {}
    if (spread > cellCount) {
      const text = `topic '${name}' of the folder is spread over ${spread} cells, and the cluster has ${cellCount}`
      throw new LogError('io', `${text}: make one with --cluster-cells ${spread}`)
    }
    const [first] = numbers ?? []
    if (topic === undefined || first === undefined) continue
    const own = cellOfPartition(topic.topicId, first, spread)
    if (own === cell) continue
    const text = `the folder has partitions of topic '${name}' that cell ${own} leads`
    throw new LogError('io', `${text}: name that one with --cell`)
  }
}

function ledBy(cell: number, { topicId, logIds }: TopicRow, spread: number): number[] {
  return [...logIds.keys()].filter((index) => cellOfPartition(topicId, index, spread) === cell)
}
