// Consumer groups: how far they have read, and what is left, under the names of kafka_exporter.
import { defaultVHost } from '../broker/broker.ts'
import type { FetchedOffset } from '../broker/group/group-coordinator.ts'
import { RecordTimes } from '../broker/group/record-times.ts'
import type { Partition } from '../broker/topic/partition.ts'
import { isRangeKnown, shownRange } from '../broker/topic/shown-range.ts'
import type { Family } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'

/** How far a group has come in one partition. */
interface Progress {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Records that are there and were not read; −1 when the partition is gone. */
  readonly lag: number
  readonly read: Partition | undefined
}

export function groupFamilies(source: MetricsSource): Family[] {
  return [
    perPartition(source, {
      name: 'kafka_consumergroup_current_offset',
      help: 'Current Offset of a ConsumerGroup at Topic/Partition',
      valueOf: ({ offset }) => offset,
    }),
    perPartition(source, {
      name: 'kafka_consumergroup_lag',
      help: 'Current Approximate Lag of a ConsumerGroup at Topic/Partition',
      valueOf: ({ lag }) => lag,
    }),
    perTopic(source, {
      name: 'kafka_consumergroup_current_offset_sum',
      help: 'Current Offset of a ConsumerGroup at Topic for all partitions',
      valueOf: (ofTopic) => ofTopic.reduce((sum, { offset }) => sum + offset, 0),
    }),
    perTopic(source, {
      name: 'kafka_consumergroup_lag_sum',
      help: 'Current Approximate Lag of a ConsumerGroup at Topic for all partitions',
      valueOf: (ofTopic) => ofTopic.reduce((sum, { lag }) => sum + Math.max(0, lag), 0),
    }),
    perTopic(source, {
      name: 'pabal_consumergroup_lag_seconds',
      help: 'Age of the oldest record that a group has not read, at least: 0 when it has read all',
      valueOf: (ofTopic) =>
        Math.max(0, ...ofTopic.map((progress) => lagSecondsOf(source, progress))),
    }),
    membersFamily(source),
  ]
}

interface GroupGauge<T> {
  readonly name: string
  readonly help: string
  readonly valueOf: (of: T) => number
}

function perPartition(
  source: MetricsSource,
  { name, help, valueOf }: GroupGauge<Progress>,
): Family {
  return {
    name,
    type: 'gauge',
    help,
    *samples() {
      for (const { topics } of eachGroup(source)) {
        for (const progress of [...topics.values()].flat()) {
          const { group: consumergroup, topic, partition } = progress
          const labels = labelsOf({ consumergroup, topic, partition: String(partition) })
          yield { labels, value: valueOf(progress) }
        }
      }
    },
  }
}

function perTopic(
  source: MetricsSource,
  { name, help, valueOf }: GroupGauge<readonly Progress[]>,
): Family {
  return {
    name,
    type: 'gauge',
    help,
    *samples() {
      for (const { group: consumergroup, topics } of eachGroup(source)) {
        for (const [topic, ofTopic] of topics) {
          yield { labels: labelsOf({ consumergroup, topic }), value: valueOf(ofTopic) }
        }
      }
    },
  }
}

function membersFamily({ groups }: MetricsSource): Family {
  return {
    name: 'kafka_consumergroup_members',
    type: 'gauge',
    help: 'Amount of members in a consumer group',
    *samples() {
      for (const { groupId } of groups.list({ states: [], types: [] })) {
        const value = groups.describe(groupId)?.members.length
        if (value !== undefined) yield { labels: labelsOf({ consumergroup: groupId }), value }
      }
    },
  }
}

/** What a group has read, by topic. */
interface GroupProgress {
  readonly group: string
  readonly topics: ReadonlyMap<string, readonly Progress[]>
}

/** One after the other, so that others may have their turn in between. */
function* eachGroup(source: MetricsSource): Generator<GroupProgress> {
  const { groups } = source
  for (const { groupId } of groups.list({ states: [], types: [] })) {
    const known = groups
      .fetchAllOffsets(groupId)
      .flatMap((fetched) => progressOf(source, groupId, fetched))
    yield { group: groupId, topics: Map.groupBy(known, ({ topic }) => topic) }
  }
}

function progressOf(
  { broker }: MetricsSource,
  group: string,
  { topic, partition, committed }: FetchedOffset,
): Progress[] {
  if (committed === undefined) return []
  const view = broker.topicsOf(broker.getVHost(defaultVHost)).find(topic)
  const read = view?.partitions[partition]
  const { offset } = committed
  // A leader that has said nothing yet is no reason for an alert.
  if (read !== undefined && !isRangeKnown(read)) return []
  const lag = read === undefined ? -1 : Math.max(0, shownRange(read).endOffset - offset)
  return [{ group, topic, partition, offset, lag, read }]
}

/** Of partitions that other cells lead, found out for the next scrape. */
const times = new RecordTimes()

function lagSecondsOf({ broker }: MetricsSource, progress: Progress): number {
  const { lag, read } = progress
  if (read === undefined || lag <= 0) return 0
  const offset = Math.max(progress.offset, shownRange(read).startOffset)
  const { topic } = broker.topicsOf(broker.getVHost(defaultVHost)).find(progress.topic) ?? {}
  const isElsewhere = read.remote !== undefined && topic !== undefined
  const at = isElsewhere
    ? times.find({ topic, partition: progress.partition, offset }, broker.leaders)
    : broker.store.timestampAt(read.log, offset)
  return at === undefined ? 0 : Math.max(0, broker.clock.now() - at) / 1000
}
