// What others' dashboards ask for, as facts: names of metrics and labels that their queries use besides those
// that Prometheus adds (`instance`, `job`, `namespace`). Of RabbitMQ 4.2: its dashboards Overview (10991 at
// Grafana), Stream (14798) and Quorum-Queues-Raft (11340). Of kafka_exporter: 7589 and Strimzi's (11285).

/** Labels by name of metric. */
export type Queried = Readonly<Record<string, readonly string[]>>

const none: readonly string[] = []

/** Every other metric is joined with this one. */
const identity: Queried = {
  rabbitmq_identity_info: ['rabbitmq_cluster', 'rabbitmq_endpoint', 'rabbitmq_node'],
}

export const overviewQueried: Queried = {
  ...identity,
  rabbitmq_build_info: ['erlang_version', 'rabbitmq_version'],
  rabbitmq_channels: none,
  rabbitmq_channels_closed_total: none,
  rabbitmq_channels_opened_total: none,
  rabbitmq_connections: none,
  rabbitmq_connections_closed_total: none,
  rabbitmq_connections_opened_total: none,
  rabbitmq_disk_space_available_bytes: none,
  rabbitmq_erlang_uptime_seconds: none,
  rabbitmq_global_consumers: none,
  rabbitmq_global_messages_acknowledged_total: none,
  rabbitmq_global_messages_confirmed_total: none,
  rabbitmq_global_messages_delivered_consume_auto_ack_total: none,
  rabbitmq_global_messages_delivered_consume_manual_ack_total: none,
  rabbitmq_global_messages_delivered_get_auto_ack_total: none,
  rabbitmq_global_messages_delivered_get_manual_ack_total: none,
  rabbitmq_global_messages_delivered_total: none,
  rabbitmq_global_messages_get_empty_total: none,
  rabbitmq_global_messages_received_confirm_total: none,
  rabbitmq_global_messages_received_total: none,
  rabbitmq_global_messages_redelivered_total: none,
  rabbitmq_global_messages_routed_total: none,
  rabbitmq_global_messages_unroutable_dropped_total: none,
  rabbitmq_global_messages_unroutable_returned_total: none,
  rabbitmq_global_publishers: none,
  rabbitmq_message_size_bytes_bucket: ['le'],
  rabbitmq_message_size_bytes_count: none,
  rabbitmq_message_size_bytes_sum: none,
  rabbitmq_process_max_fds: none,
  rabbitmq_process_open_fds: none,
  rabbitmq_process_resident_memory_bytes: none,
  rabbitmq_queue_messages_ready: none,
  rabbitmq_queue_messages_unacked: none,
  rabbitmq_queues: none,
  rabbitmq_queues_created_total: none,
  rabbitmq_queues_declared_total: none,
  rabbitmq_queues_deleted_total: none,
  rabbitmq_resident_memory_limit_bytes: none,
}

/** Buckets that Overview asks for, by the very text of their label. */
export const queriedSizes = [
  '100.0',
  '1000.0',
  '10000.0',
  '100000.0',
  '1e+06',
  '1e+07',
  '5e+07',
  '1e+08',
  '+Inf',
] as const

const streamErrors = [
  'access_refused',
  'authentication_failure',
  'frame_too_large',
  'internal_error',
  'precondition_failed',
  'publisher_does_not_exist',
  'sasl_authentication_failure_loopback',
  'sasl_challenge',
  'sasl_error',
  'sasl_mechanism_not_supported',
  'stream_already_exists',
  'stream_does_not_exist',
  'stream_not_available',
  'subscription_id_already_exists',
  'subscription_id_does_not_exist',
  'unknown_frame',
  'vhost_access_failure',
]

/** All with protocol="stream". */
export const streamQueried: Queried = {
  ...identity,
  rabbitmq_global_consumers: ['protocol'],
  rabbitmq_global_messages_confirmed_total: ['protocol'],
  rabbitmq_global_messages_delivered_total: ['protocol'],
  rabbitmq_global_messages_received_total: ['protocol'],
  rabbitmq_global_publishers: ['protocol'],
  ...Object.fromEntries(
    streamErrors.map((error) => [`rabbitmq_global_stream_error_${error}_total`, ['protocol']]),
  ),
}

/** Without `rabbitmq_raft_snapshot_index`: there are no members of a log here that could lag behind. */
export const raftQueried: Queried = {
  ...identity,
  rabbitmq_raft_commit_index: none,
  rabbitmq_raft_commit_latency_seconds: none,
  rabbitmq_raft_last_written_index: none,
  rabbitmq_raft_term: none,
}

const ofPartition = ['topic', 'partition']
const ofGroup = ['consumergroup', 'topic']

export const kafkaExporterQueried: Queried = {
  kafka_brokers: none,
  kafka_topic_partitions: ['topic'],
  kafka_topic_partition_current_offset: ofPartition,
  kafka_topic_partition_oldest_offset: ofPartition,
  kafka_topic_partition_in_sync_replica: ofPartition,
  kafka_topic_partition_leader: ofPartition,
  kafka_topic_partition_leader_is_preferred: ofPartition,
  kafka_topic_partition_replicas: ofPartition,
  kafka_topic_partition_under_replicated_partition: ofPartition,
  kafka_consumergroup_current_offset: [...ofGroup, 'partition'],
  kafka_consumergroup_lag: [...ofGroup, 'partition'],
  kafka_consumergroup_current_offset_sum: ofGroup,
  kafka_consumergroup_lag_sum: ofGroup,
  kafka_consumergroup_members: ['consumergroup'],
}
