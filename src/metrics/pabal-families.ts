// What only this broker has: its log, its memory, what holds publishers up, and why messages died.
import { clientProtocols } from '../auth/principal.ts'
import { deathStrategies, queueTypes } from '../broker/counters/broker-counters.ts'
import { counter, type Family, gauge, histogram, type MetricType, type Sample } from './family.ts'
import { labelsOf } from './labels.ts'
import type { MetricsSource } from './metrics-source.ts'
import { mqttFamilies } from './mqtt-families.ts'
import type { Snapshot } from './snapshot.ts'
import { spreadFamilies } from './spread-families.ts'
import { transactionFamilies } from './transaction-families.ts'

export function pabalFamilies(source: MetricsSource, snapshot: Snapshot): Family[] {
  return [
    ...stateFamilies(source),
    ...clientFamilies(source, snapshot),
    ...messageFamilies(source, snapshot),
    ...logFamilies(source),
    ...compactionFamilies(source),
    ...memoryFamilies(source),
    ...transactionFamilies(source),
    ...mqttFamilies(source, snapshot),
    ...spreadFamilies(source),
  ]
}

/** A family with one label. */
function byLabel(
  { name, type, help }: { readonly name: string; readonly type: MetricType; readonly help: string },
  label: string,
  values: Iterable<readonly [string, number]>,
): Family {
  return {
    name,
    type,
    help,
    *samples() {
      for (const [text, value] of values) yield { labels: labelsOf({ [label]: text }), value }
    },
  }
}

function stateFamilies({ identity, process, lag, broker }: MetricsSource): Family[] {
  const { isReady, cpuSeconds, uptimeMs } = process()
  const { version, runtime } = identity
  const { shortage, admission, rates } = broker
  return [
    {
      name: 'pabal_build_info',
      type: 'gauge',
      help: 'The version of the broker, and what runs it',
      samples: () => [{ labels: labelsOf({ version, runtime }), value: 1 }],
    },
    gauge(
      'pabal_ready',
      'Whether the broker takes work: not while it starts or stops',
      Number(isReady),
    ),
    gauge('pabal_uptime_seconds', 'Time since the broker started', uptimeMs / 1000),
    counter('pabal_cpu_seconds_total', 'CPU time that the process has used', cpuSeconds),
    histogram(
      'pabal_event_loop_lag_seconds',
      'How late the event loop is, looked at twice a second',
      {
        of: lag.seconds,
      },
    ),
    byLabel(
      {
        name: 'pabal_publishers_blocked',
        type: 'gauge',
        help: 'Whether publishers wait because of a resource that is short',
      },
      'resource',
      (['memory', 'disk', 'transit'] as const).map((each) => [
        each,
        Number(shortage.isShortOf(each)),
      ]),
    ),
    byLabel(
      {
        name: 'pabal_refusing',
        type: 'gauge',
        help: 'Whether new clients, or new queues and exchanges, are refused because memory is nearly used up',
      },
      'what',
      [
        ['clients', Number(!admission.isOpen)],
        ['declarations', Number(!admission.isOpenToDeclarations)],
      ],
    ),
    counter(
      'pabal_publisher_pauses_total',
      'How often a publisher had to wait because of a rate limit',
      rates.pauseCount,
    ),
  ]
}

function clientFamilies({ users }: MetricsSource, { clientSums }: Snapshot): Family[] {
  return [
    byLabel(
      { name: 'pabal_connections', type: 'gauge', help: 'Connections currently open' },
      'protocol',
      clientProtocols.map((protocol) => [protocol, clientSums[protocol].open]),
    ),
    {
      name: 'pabal_logins_total',
      type: 'counter',
      help: 'Logins; by HTTP each request is one',
      *samples() {
        for (const protocol of clientProtocols) {
          const { accepted, refused } = users.logins[protocol]
          yield { labels: labelsOf({ protocol, result: 'accepted' }), value: accepted }
          yield { labels: labelsOf({ protocol, result: 'refused' }), value: refused }
        }
      },
    },
  ]
}

function messageFamilies({ broker }: MetricsSource, { oldestAt }: Snapshot): Family[] {
  const { deaths } = broker.counters
  let delayed = 0
  for (const vhost of broker.vhosts) {
    for (const { delay } of vhost.exchanges()) delayed += delay?.messageCount ?? 0
  }
  const age = oldestAt === undefined ? 0 : Math.max(0, broker.clock.now() - oldestAt) / 1000
  return [
    gauge(
      'pabal_oldest_message_age_seconds',
      'Age of the oldest message in any work queue, at least: 0 when there is none',
      age,
    ),
    gauge('pabal_delayed_messages', 'Messages that exchanges delay', delayed),
    {
      name: 'pabal_messages_died_total',
      type: 'counter',
      help: 'Messages that expired, were rejected, came back too often or had no room; strategy disabled: there was no dead-letter exchange, and they are gone',
      *samples(): Generator<Sample> {
        for (const type of queueTypes) {
          if (type === 'stream') continue
          for (const strategy of deathStrategies) {
            for (const [reason, value] of Object.entries(deaths[type][strategy])) {
              yield { labels: labelsOf({ queue_type: type, strategy, reason }), value }
            }
          }
        }
      },
    },
  ]
}

function logFamilies({ broker }: MetricsSource): Family[] {
  const { stats, fileStats, uncommittedSize } = broker.store
  return [
    histogram(
      'pabal_log_commit_seconds',
      'From when a commit is handed to the disk until it is durable: its write, and its sync where messages survive a power cut',
      { of: stats.commitSeconds },
    ),
    counter(
      'pabal_log_committed_bytes_total',
      'Bytes of messages that are durable',
      stats.committedSize,
    ),
    gauge(
      'pabal_log_uncommitted_bytes',
      'Bytes of messages that are not durable yet',
      uncommittedSize,
    ),
    byLabel(
      { name: 'pabal_log_files', type: 'gauge', help: 'Files of the log' },
      'kind',
      fileStats === undefined
        ? []
        : [
            ['wal', fileStats.walCount],
            ['cleaned', fileStats.cleanCount],
          ],
    ),
    byLabel(
      {
        name: 'pabal_log_file_bytes',
        type: 'gauge',
        help: 'Bytes in files of the log, of which some may be acked already',
      },
      'kind',
      fileStats === undefined
        ? []
        : [
            ['wal', fileStats.walSize],
            ['cleaned', fileStats.cleanSize],
          ],
    ),
    gauge('pabal_disk_free_bytes', 'Bytes that are free on the disk', fileStats?.freeSize),
    gauge(
      'pabal_disk_free_limit_bytes',
      'Publishers are blocked with less',
      fileStats?.freeSizeMin,
    ),
  ]
}

function compactionFamilies({ broker }: MetricsSource): Family[] {
  const { passes, removed, kept, readSize, failures } = broker.counters.compaction
  return [
    counter('pabal_compaction_passes_total', 'Partitions of topics that were compacted', passes),
    byLabel(
      {
        name: 'pabal_compaction_records_total',
        type: 'counter',
        help: 'Records that compaction has removed, and kept each time that it has looked at them',
      },
      'outcome',
      [
        ['removed', removed],
        ['kept', kept],
      ],
    ),
    counter('pabal_compaction_read_bytes_total', 'Bytes that compaction has read', readSize),
    counter(
      'pabal_compaction_failures_total',
      'How often compaction had to give up: the disk was full, or a partition is damaged',
      failures,
    ),
  ]
}

export function memoryFamilies({ process, memory }: MetricsSource): Family[] {
  const { residentSize, inUseSize, watermarkSize } = process()
  return [
    gauge(
      'pabal_memory_resident_bytes',
      'What the process takes, as the system counts',
      residentSize,
    ),
    gauge(
      'pabal_memory_in_use_bytes',
      'As much of it is in use; the rest was freed and is kept',
      inUseSize,
    ),
    gauge('pabal_memory_watermark_bytes', 'Publishers are blocked above this', watermarkSize),
    byLabel(
      {
        name: 'pabal_memory_held_bytes',
        type: 'gauge',
        help: 'What clients make the broker hold for a while, by kind',
      },
      'kind',
      Object.entries(memory.sizes),
    ),
    byLabel(
      {
        name: 'pabal_memory_held_limit_bytes',
        type: 'gauge',
        help: 'What clients may make the broker hold, by kind',
      },
      'kind',
      Object.entries(memory.budgets),
    ),
  ]
}
