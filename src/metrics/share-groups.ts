// Share groups: where they are, what is left, and what became of records.
import type { SharePlaceFacts } from '../broker/share/share-elsewhere.ts'
import type { ShareGroup } from '../broker/share/share-group.ts'
import type { ShareTopic } from '../broker/share/share-topic.ts'
import type { Family } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'

export function shareGroupFamilies(source: MetricsSource): Family[] {
  return [
    perPartition(source, {
      name: 'pabal_sharegroup_start_offset',
      help: 'First record of a partition that a share group is not done with',
      valueOf: ({ startOffset }) => startOffset,
    }),
    perPartition(source, {
      name: 'pabal_sharegroup_lag',
      help: 'Records of a partition that a share group is not done with',
      valueOf: ({ lag }) => lag,
    }),
    perPartition(source, {
      name: 'pabal_sharegroup_acquired_records',
      help: 'Records of a partition that members of a share group have',
      valueOf: ({ acquired }) => acquired,
    }),
    perPartition(source, {
      name: 'pabal_sharegroup_delayed_records',
      help: 'Records of a partition that a share group has come to, and whose time has not come',
      valueOf: ({ delayed }) => delayed,
    }),
    {
      name: 'pabal_sharegroup_members',
      type: 'gauge',
      help: 'Members of a share group',
      *samples() {
        for (const { id: sharegroup, members } of source.shareGroups.list()) {
          yield { labels: labelsOf({ sharegroup }), value: members.size }
        }
      },
    },
    {
      name: 'pabal_sharegroup_records_total',
      type: 'counter',
      help: 'Records that share groups accepted, archived, or sent to their dead letters',
      *samples() {
        for (const [outcome, value] of Object.entries(source.shareGroups.counters)) {
          yield { labels: labelsOf({ outcome }), value: value as number }
        }
      },
    },
  ]
}

interface PartitionGauge {
  readonly name: string
  readonly help: string
  readonly valueOf: (facts: SharePlaceFacts) => number
}

function perPartition(
  { shareGroups }: MetricsSource,
  { name, help, valueOf }: PartitionGauge,
): Family {
  return {
    name,
    type: 'gauge',
    help,
    *samples() {
      for (const { group, topic, partition } of places(shareGroups.list())) {
        // Its leader has not said it yet.
        const facts = topic.factsOf(partition)
        if (facts === undefined) continue
        const labels = labelsOf({
          sharegroup: group.id,
          topic: topic.topic.name,
          partition: String(partition),
        })
        yield { labels, value: valueOf(facts) }
      }
    },
  }
}

function* places(groups: Iterable<ShareGroup>): Generator<{
  readonly group: ShareGroup
  readonly topic: ShareTopic
  readonly partition: number
}> {
  for (const group of groups) {
    for (const topic of group.topics.values()) {
      for (let partition = 0; partition < topic.partitionCount; partition++) {
        yield { group, topic, partition }
      }
    }
  }
}
