// The node and sums over everything, under RabbitMQ's names.
import { messageProtocols } from '../auth/principal.ts'
import { counter, type Family, gauge } from './family.ts'
import type { MetricsSource } from './metrics-source.ts'
import type { Snapshot } from './snapshot.ts'

export function nodeFamilies(source: MetricsSource, snapshot: Snapshot): Family[] {
  const { process, broker, users } = source
  const { residentSize, watermarkSize, uptimeMs } = process()
  const { fileStats, stats } = broker.store
  const { files } = snapshot
  const logins = Object.values(users.logins)
  const accepted = logins.reduce((sum, each) => sum + each.accepted, 0)
  const refused = logins.reduce((sum, each) => sum + each.refused, 0)
  const commits = stats.commitSeconds.counts.reduce((sum, count) => sum + count, 0)
  return [
    ...clientFamilies(snapshot),
    ...queueFamilies(source, snapshot),
    gauge('rabbitmq_process_open_fds', 'Open file descriptors', files?.open),
    gauge('rabbitmq_process_max_fds', 'Open file descriptors limit', files?.max),
    gauge('rabbitmq_process_resident_memory_bytes', 'Memory used in bytes', residentSize),
    gauge('rabbitmq_resident_memory_limit_bytes', 'Memory high watermark in bytes', watermarkSize),
    gauge(
      'rabbitmq_disk_space_available_bytes',
      'Disk space available in bytes',
      fileStats?.freeSize,
    ),
    gauge(
      'rabbitmq_disk_space_available_limit_bytes',
      'Free disk space low watermark in bytes',
      fileStats?.freeSizeMin,
    ),
    gauge('rabbitmq_erlang_uptime_seconds', 'Node uptime', uptimeMs / 1000),
    counter(
      'rabbitmq_auth_attempts_total',
      'Total number of authentication attempts',
      accepted + refused,
    ),
    counter(
      'rabbitmq_auth_attempts_succeeded_total',
      'Total number of successful authentication attempts',
      accepted,
    ),
    counter(
      'rabbitmq_auth_attempts_failed_total',
      'Total number of failed authentication attempts',
      refused,
    ),
    counter('rabbitmq_io_write_ops_total', 'Total number of I/O write operations', commits),
    counter(
      'rabbitmq_io_write_bytes_total',
      'Total number of I/O bytes written',
      stats.committedSize,
    ),
    counter(
      'rabbitmq_io_write_time_seconds_total',
      'Total I/O write time, syncs included',
      stats.commitSeconds.sum,
    ),
    ...alarmFamilies(source, snapshot),
  ]
}

function clientFamilies({ clientSums }: Snapshot): Family[] {
  // RabbitMQ does not count connections of HTTP either.
  const sums = messageProtocols.map((protocol) => clientSums[protocol])
  const connections = sums.reduce((sum, { open }) => sum + open, 0)
  const closed = sums.reduce((sum, each) => sum + each.closed, 0)
  const { channels, counters } = clientSums['AMQP 0-9-1']
  return [
    gauge('rabbitmq_connections', 'Connections currently open', connections),
    gauge('rabbitmq_channels', 'Channels currently open', channels),
    counter(
      'rabbitmq_connections_opened_total',
      'Total number of connections opened',
      closed + connections,
    ),
    counter(
      'rabbitmq_connections_closed_total',
      'Total number of connections closed or terminated',
      closed,
    ),
    counter('rabbitmq_channels_opened_total', 'Total number of channels opened', counters.channels),
    counter(
      'rabbitmq_channels_closed_total',
      'Total number of channels closed',
      counters.channels - channels,
    ),
  ]
}

function queueFamilies({ broker }: MetricsSource, { queueSums }: Snapshot): Family[] {
  const { queuesDeclared, queuesCreated, queuesDeleted } = broker.counters
  const sums = Object.values(queueSums)
  const sumOf = (key: 'count' | 'consumers' | 'ready' | 'unacked'): number =>
    sums.reduce((sum, each) => sum + each[key], 0)
  const [ready, unacked] = [sumOf('ready'), sumOf('unacked')]
  return [
    gauge('rabbitmq_queues', 'Queues available', sumOf('count')),
    gauge('rabbitmq_consumers', 'Consumers currently connected', sumOf('consumers')),
    counter('rabbitmq_queues_declared_total', 'Total number of queues declared', queuesDeclared),
    counter('rabbitmq_queues_created_total', 'Total number of queues created', queuesCreated),
    counter('rabbitmq_queues_deleted_total', 'Total number of queues deleted', queuesDeleted),
    gauge('rabbitmq_queue_messages_ready', 'Messages ready to be delivered to consumers', ready),
    gauge(
      'rabbitmq_queue_messages_unacked',
      'Messages delivered to consumers but not yet acknowledged',
      unacked,
    ),
    gauge(
      'rabbitmq_queue_messages',
      'Sum of ready and unacknowledged messages - total queue depth',
      ready + unacked,
    ),
    gauge('rabbitmq_queue_consumers', 'Consumers on a queue', sumOf('consumers')),
  ]
}

function alarmFamilies({ broker }: MetricsSource, { files }: Snapshot): Family[] {
  const { shortage } = broker
  // The alarm of RabbitMQ: as good as none is left.
  const isShortOfFiles = files !== undefined && files.open >= files.max * 0.99
  return [
    gauge(
      'rabbitmq_alarms_file_descriptor_limit',
      'is 1 if file descriptor limit alarm is in effect',
      Number(isShortOfFiles),
    ),
    gauge(
      'rabbitmq_alarms_free_disk_space_watermark',
      'is 1 if free disk space watermark alarm is in effect',
      Number(shortage.isShortOf('disk')),
    ),
    gauge(
      'rabbitmq_alarms_memory_used_watermark',
      'is 1 if VM memory watermark alarm is in effect',
      Number(shortage.isShortOf('memory')),
    ),
  ]
}
