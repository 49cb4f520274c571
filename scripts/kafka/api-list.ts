// What src/codec/kafka speaks. An API becomes a codec by adding its two definitions to
// scripts/kafka/messages/ and its name here.

/** In the order of Kafka's api keys. */
export const apiNames: readonly string[] = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'DescribeGroups',
  'ListGroups',
  'SaslHandshake',
  'ApiVersions',
  'CreateTopics',
  'DeleteTopics',
  'DeleteRecords',
  'InitProducerId',
  'OffsetForLeaderEpoch',
  'DescribeConfigs',
  'AlterConfigs',
  'DescribeLogDirs',
  'SaslAuthenticate',
  'CreatePartitions',
  'DeleteGroups',
  'IncrementalAlterConfigs',
  'OffsetDelete',
  'DescribeCluster',
  'DescribeTopicPartitions',
]

/** Messages inside others: what consumers write into JoinGroup and SyncGroup. */
export const dataNames: readonly string[] = [
  'ConsumerProtocolSubscription',
  'ConsumerProtocolAssignment',
]
