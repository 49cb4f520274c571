// The node as RabbitMQ's management shows it. What only Erlang has is 0: some clients ask for it all the same.
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { FileCounts } from '../../lib/count-files.ts'
import type { JsonObject } from '../api/columns.ts'
import type { BrokerStatus } from '../broker-status.ts'
import { nodeName } from './node-name.ts'

const count = z.number().int().nonnegative()

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
})

/** Of RabbitMQ's plugins those whose work Pabal does: clients look for them. */
const plugins: readonly string[] = [
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_delayed_message_exchange',
  'rabbitmq_management',
  'rabbitmq_message_deduplication',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_sharding',
]

/** What only the system knows. */
export interface NodeResources {
  /** Undefined for a broker in memory. */
  readonly disk: Broker['store']['fileStats']
  /** Undefined where the system does not say. */
  readonly files: FileCounts | undefined
}

export function nodeJson(
  { state, uptimeMs, memory, blockedReason = '', counts }: BrokerStatus,
  { disk, files = { open: 0, max: 0 } }: NodeResources,
): JsonObject {
  const filesMax = Number.isFinite(files.max) ? files.max : 0
  return {
    name: nodeName,
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
    enabled_plugins: plugins,
    partitions: [],
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
  memory: z.record(z.string(), z.unknown()).describe('Bytes by kind, in RabbitMQ’s words'),
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
