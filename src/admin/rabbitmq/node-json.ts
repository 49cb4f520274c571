// The node as RabbitMQ's management shows it. What only Erlang has is 0: some clients ask for it all the same.
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import { churnCounts, diskCounts } from '../../broker/statistics/read-totals.ts'
import type { Rates } from '../../broker/statistics/sample.ts'
import type { FileCounts } from '../../lib/count-files.ts'
import { rabbitPlugins } from '../../lib/rabbit-plugins.ts'
import type { JsonObject } from '../api/columns.ts'
import type { BrokerStatus } from '../broker-status.ts'
import { exchangeTypesJson, exchangeTypesSchema } from './exchange-types-json.ts'
import { churnStats, diskStats, type Range, statsJson, statsShape } from './message-stats.ts'
import { contextsJson, contextsSchema } from './web-contexts.ts'

const count = z.number().int().nonnegative()

const memoryKinds = z.record(z.string(), z.unknown()).describe('Bytes by kind, in RabbitMQ’s words')

const nodeStats = { ...churnStats, ...diskStats }

/** Of one that does not run. */
export const goneNodeSchema: z.ZodType = z.object({
  name: z.string(),
  type: z.string(),
  running: z.literal(false),
  partitions: z.array(z.never()),
  cluster_links: z.array(z.never()),
})

export const nodeSchema: z.ZodType = z.object({
  name: z.string(),
  type: z.string(),
  running: z.boolean(),
  being_drained: z.boolean(),
  os_pid: z.string(),
  uptime: count.describe('Milliseconds'),
  processors: count,
  rates_mode: z.string(),
  mem_used: count,
  mem_limit: count.describe('Publishers are blocked above it'),
  mem_alarm: z.boolean(),
  disk_free: count.optional().describe('Left out by a broker in memory'),
  disk_free_limit: count.describe('Publishers are blocked below it'),
  disk_free_alarm: z.boolean(),
  sockets_used: count,
  run_queue: count,
  fd_used: count,
  fd_total: count.describe('0 where the system does not say'),
  sockets_total: count,
  proc_used: count,
  proc_total: count,
  enabled_plugins: z.array(z.string()),
  partitions: z.array(z.string()),
  cluster_links: z.array(z.never()),
  rabbitmq_version: z.string().describe('Of the RabbitMQ that Pabal says it is'),
  erlang_version: z.literal(''),
  erlang_full_version: z.literal(''),
  exchange_types: exchangeTypesSchema,
  applications: z.array(
    z.object({ name: z.string(), description: z.string(), version: z.string() }),
  ),
  contexts: contextsSchema,
  db_dir: z.string().describe('Empty for a broker in memory'),
  config_files: z.array(z.string()),
  log_files: z.array(z.string()),
  mem_calculation_strategy: z.string(),
  memory: memoryKinds.optional().describe('With memory=true'),
  io_write_avg_time: z.number().describe('Milliseconds until a commit was durable; so is the next'),
  io_sync_avg_time: z.number(),
  ...statsShape(nodeStats),
})

export interface NodeLooked {
  readonly status: BrokerStatus
  readonly broker: Pick<Broker, 'store' | 'counters'>
  readonly clients: ClientRegistry
  /** Changes per second of what is counted. */
  readonly rates: Rates
  readonly range: Range | undefined
  readonly rabbitVersion: string
  /** Undefined where the system does not say. */
  readonly files: FileCounts | undefined
}

export function nodeJson(looked: NodeLooked): JsonObject {
  const { status, broker, clients, rates, range, files = { open: 0, max: 0 } } = looked
  const { state, uptimeMs, memory, blockedReason = '', counts, addresses } = status
  const { fileStats: disk, stats } = broker.store
  const written = diskCounts(broker)
  const commitMs = (stats.commitSeconds.sum * 1000) / Math.max(1, written['commits'] ?? 0)
  const filesMax = Number.isFinite(files.max) ? files.max : 0
  return {
    name: clients.nodeName,
    type: 'disc',
    running: true,
    being_drained: state === 'stopping' || state === 'maintenance',
    os_pid: String(process.pid),
    uptime: uptimeMs,
    processors: availableParallelism(),
    rates_mode: 'basic',
    mem_used: memory.residentBytes,
    mem_limit: Math.round(memory.watermarkBytes),
    mem_alarm: blockedReason.includes('memory'),
    ...(disk?.freeSize !== undefined && { disk_free: disk.freeSize }),
    disk_free_limit: disk?.freeSizeMin ?? 0,
    disk_free_alarm: blockedReason.includes('disk'),
    sockets_used: counts.connections,
    run_queue: 0,
    fd_used: files.open,
    fd_total: filesMax,
    // Sockets are files.
    sockets_total: filesMax,
    proc_used: 0,
    proc_total: 0,
    enabled_plugins: rabbitPlugins,
    partitions: [],
    cluster_links: [],
    rabbitmq_version: looked.rabbitVersion,
    erlang_version: '',
    erlang_full_version: '',
    exchange_types: exchangeTypesJson(),
    applications: [{ name: 'pabal', description: 'Pabal', version: status.version }],
    contexts: contextsJson(addresses, clients.nodeName),
    db_dir: status.dataFolder ?? '',
    config_files: [],
    log_files: ['<stdout>'],
    mem_calculation_strategy: 'rss',
    io_write_avg_time: commitMs,
    io_sync_avg_time: commitMs,
    ...statsJson(
      nodeStats,
      { ...churnCounts(broker, clients, clients.totals()), ...written },
      rates,
      range,
    ),
  }
}

/** Kinds of RabbitMQ's breakdown that Pabal has nothing for. */
const otherKinds = [
  'connection_channels',
  'connection_other',
  'queue_procs',
  'quorum_queue_procs',
  'quorum_queue_dlx_procs',
  'stream_queue_procs',
  'stream_queue_replica_reader_procs',
  'stream_queue_coordinator_procs',
  'plugins',
  'metadata_store',
  'metrics',
  'mgmt_db',
  'mnesia',
  'quorum_ets',
  'metadata_store_ets',
  'other_ets',
  'msg_index',
  'code',
  'atom',
  'other_system',
  'reserved_unallocated',
] as const

export const memorySchema: z.ZodType = z.object({
  memory: memoryKinds,
})

export function memoryJson({ memory }: BrokerStatus): JsonObject {
  const { residentBytes, inUseBytes, heldBytes } = memory
  const held = (kind: string): number => Math.round(heldBytes[kind] ?? 0)
  const known = {
    connection_readers: held('input') + held('parked'),
    connection_writers: held('output'),
    binary: held('unacked'),
  }
  const sum = Object.values(known).reduce((total, size) => total + size, 0)
  return {
    memory: {
      ...known,
      ...Object.fromEntries(otherKinds.map((kind) => [kind, 0])),
      other_proc: Math.max(0, inUseBytes - sum),
      allocated_unused: Math.max(0, residentBytes - inUseBytes),
      strategy: 'rss',
      total: { erlang: inUseBytes, rss: residentBytes, allocated: residentBytes },
    },
  }
}

/** The same in percent of what the system counts, as RabbitMQ rounds it. */
export function relativeMemoryJson(status: BrokerStatus): JsonObject {
  const { memory } = memoryJson(status) as { readonly memory: JsonObject }
  const { total: _, strategy: _strategy, ...kinds } = memory
  const percent = (size: unknown): number => {
    const rounded = Math.round((Number(size) / status.memory.residentBytes) * 100)
    return rounded === 0 && size !== 0 ? 1 : rounded
  }
  const shares = Object.entries(kinds).map(([kind, size]) => [kind, percent(size)] as const)
  return { memory: { total: 100, ...Object.fromEntries(shares) } }
}
