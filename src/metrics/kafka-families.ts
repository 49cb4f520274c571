// Topics, partitions and groups, under the names of kafka_exporter; and some sums under those that Kafka's own
// metrics get from the JMX exporter.
import { defaultVHost } from '../broker/broker.ts'
import { clientQuotaNames, type QuotaKind } from '../broker/quota/quota-rules.ts'
import type { Partition } from '../broker/topic/partition.ts'
import type { TopicView } from '../broker/topic/topic-view.ts'
import { counter, type Family, gauge, type Sample } from './family.ts'
import { groupCountFamilies } from './group-counts.ts'
import { groupFamilies } from './kafka-groups.ts'
import { labelsOf } from './labels.ts'
import { ledPartitions } from './led-partitions.ts'
import type { MetricsSource } from './metrics-source.ts'
import { shareGroupFamilies } from './share-groups.ts'
import type { Snapshot } from './snapshot.ts'

/** `withQueues`: of work queues, too, that Kafka clients have looked at as topics. */
export function kafkaFamilies(
  source: MetricsSource,
  snapshot: Snapshot,
  { withQueues }: { readonly withQueues: boolean },
): Family[] {
  const views = (): Iterable<TopicView> => wholeOnes(topicViews(source, withQueues))
  return [
    ...brokerFamilies(source),
    {
      name: 'kafka_topic_partitions',
      type: 'gauge',
      help: 'Number of partitions for this Topic',
      *samples() {
        for (const { name: topic, partitions } of views()) {
          yield { labels: labelsOf({ topic }), value: partitions.length }
        }
      },
    },
    ...partitionFamilies(() => topicViews(source, withQueues), source.identity.kafkaNodeId),
    ...groupFamilies(source),
    ...groupCountFamilies(source),
    ...quotaFamilies(source),
    ...shareGroupFamilies(source),
    ...serverFamilies(source, snapshot),
  ]
}

/** In the virtual host that Kafka clients see. */
function topicViews({ broker }: MetricsSource, withQueues: boolean): Iterable<TopicView> {
  return broker.topicsOf(broker.getVHost(defaultVHost)).seen(withQueues)
}

/** Without parts of topics that another cell has, which tells of them. */
function* wholeOnes(views: Iterable<TopicView>): Generator<TopicView> {
  for (const view of views) if (view.topic?.numbers === undefined) yield view
}

function brokerFamilies({ identity }: MetricsSource): Family[] {
  const { kafkaAddress, kafkaNodeId } = identity
  return [
    gauge('kafka_brokers', 'Number of Brokers in the Kafka Cluster', 1),
    {
      name: 'kafka_broker_info',
      type: 'gauge',
      help: 'Information about the Kafka Broker',
      samples() {
        const address = kafkaAddress()
        if (address === undefined) return []
        const text = `${address.host}:${address.port}`
        return [{ labels: labelsOf({ id: String(kafkaNodeId), address: text }), value: 1 }]
      },
    },
  ]
}

function partitionFamilies(views: () => Iterable<TopicView>, nodeId: number): Family[] {
  const family = (
    name: string,
    help: string,
    valueOf: (partition: Partition) => number,
  ): Family => ({
    name: `kafka_topic_partition_${name}`,
    type: 'gauge',
    help,
    *samples() {
      for (const view of views()) {
        const topic = view.name
        for (const [index, partition] of ledPartitions(view)) {
          const labels = labelsOf({ topic, partition: String(index) })
          yield { labels, value: valueOf(partition) }
        }
      }
    },
  })
  return [
    family(
      'current_offset',
      'Current Offset of a Broker at Topic/Partition',
      ({ highWatermark }) => highWatermark,
    ),
    family(
      'oldest_offset',
      'Oldest Offset of a Broker at Topic/Partition',
      ({ startOffset }) => startOffset,
    ),
    family('in_sync_replica', 'Number of In-Sync Replicas for this Topic/Partition', () => 1),
    family('leader', 'Leader Broker ID of this Topic/Partition', () => nodeId),
    family('leader_is_preferred', '1 if Topic/Partition is using the Preferred Broker', () => 1),
    family('replicas', 'Number of Replicas for this Topic/Partition', () => 1),
    family('under_replicated_partition', '1 if Topic/Partition is under Replicated', () => 0),
  ]
}

function serverFamilies(source: MetricsSource, { clientSums }: Snapshot): Family[] {
  const { published, producedSize, fetchedSize } = clientSums.Kafka.counters
  return [
    counter(
      'kafka_server_brokertopicmetrics_messagesin_total',
      'Records that Kafka clients have produced',
      published,
    ),
    counter(
      'kafka_server_brokertopicmetrics_bytesin_total',
      'Bytes of batches that Kafka clients have produced',
      producedSize,
    ),
    counter(
      'kafka_server_brokertopicmetrics_bytesout_total',
      'Bytes of batches that Kafka clients have fetched',
      fetchedSize,
    ),
    gauge(
      'kafka_server_replicamanager_underreplicatedpartitions',
      'Partitions without a replica',
      0,
    ),
    {
      name: 'kafka_server_replicamanager_partitioncount',
      type: 'gauge',
      help: 'Partitions of topics',
      samples: () => countPartitions(source),
    },
  ]
}

/** How often clients had to wait for a quota, and for how long. */
function quotaFamilies({ broker: { quotas } }: MetricsSource): Family[] {
  const family = (name: string, help: string, of: 'count' | 'ms', unit: number): Family => ({
    name: `pabal_kafka_throttled_${name}_total`,
    type: 'counter',
    help,
    *samples() {
      for (const [kind, quota] of Object.entries(clientQuotaNames)) {
        const value = quotas.throttled[kind as QuotaKind][of] / unit
        yield { labels: labelsOf({ quota }), value }
      }
    },
  })
  return [
    family('requests', 'Requests whose client had to wait for a quota', 'count', 1),
    family('seconds', 'For how long clients were told to wait for a quota', 'ms', 1000),
    counter(
      'pabal_kafka_throttled_connections_total',
      'Connections that were closed or kept waiting because there were too many new ones',
      quotas.throttledConnectionCount,
    ),
  ]
}

function countPartitions(source: MetricsSource): Sample[] {
  let value = 0
  for (const view of topicViews(source, false)) for (const _ of ledPartitions(view)) value++
  return [{ value }]
}
