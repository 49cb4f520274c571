// How the disk and the memory are: what is free, for how long that will do, and what takes it.
import { version } from '../../lib/version.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { ManagementParts } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { LargestStreams, type StreamSizes } from './largest-streams.ts'
import { type StorageJson, storageSchema } from './storage-json.ts'
import { storageOfAll } from './storage-of-all.ts'

export function storageOperation(parts: ManagementParts): Operation {
  const sizes = new LargestStreams(parts.broker)
  return operation({
    method: 'get',
    path: '/v1/storage',
    where: storageOfAll,
    tag: 'Broker',
    summary: 'How the disk and the memory are, for how long they will do, and what takes them',
    access: 'monitoring',
    answers: { 200: storageSchema },
    handle: async () => storageJson(parts, await sizes.find()),
  })
}

function storageJson(parts: ManagementParts, sizes: StreamSizes): StorageJson {
  const { broker, source, maintenance, statistics } = parts
  const { dataFolder, blockedReason } = source.status()
  const { fileStats } = broker.store
  return {
    version,
    data_folder: fileStats === undefined ? null : (dataFolder ?? null),
    durability: settingOf(parts, 'durability'),
    profile: settingOf(parts, 'profile'),
    blocked: blockedReason ?? broker.store.blocked ?? null,
    maintenance: maintenance?.isOn ?? false,
    disk: fileStats
      ? {
          size: fileStats.diskSize,
          free: fileStats.freeSize,
          blocked_at: fileStats.freeSizeMin,
        }
      : null,
    forecast: forecastJson(parts),
    history: historyJson(statistics.disk.samples),
    log: logJson(parts, sizes),
    commits: commitsJson(parts),
    largest: sizes.largest,
    memory: memoryJson(parts),
    last_backup: backupJson(parts),
  }
}

function settingOf({ settings }: ManagementParts, name: string): string {
  const value = settings.find(({ setting }) => setting === name)?.value
  return typeof value === 'string' ? value : ''
}

function forecastJson({ statistics, broker }: ManagementParts): StorageJson['forecast'] {
  const { direction, bytesPerSecond, spanMs } = statistics.disk.forecast
  const { freeSize, freeSizeMin } = broker.store.fileStats ?? { freeSize: 0, freeSizeMin: 0 }
  const left = Math.max(0, freeSize - freeSizeMin)
  return {
    direction,
    bytes_per_second: Math.round(bytesPerSecond),
    over_seconds: Math.round(spanMs / 1000),
    blocked_in_seconds: direction === 'filling' ? Math.round(left / -bytesPerSecond) : null,
  }
}

type DiskSamples = ManagementParts['statistics']['disk']['samples']

function historyJson(samples: DiskSamples): StorageJson['history'] {
  const step = Math.ceil(samples.length / adminLimits.storageHistoryMax)
  return samples
    .filter((_, index) => (samples.length - 1 - index) % step === 0)
    .map((sample) => ({ time: sample.time, free: sample.freeSize, log: sample.logSize }))
}

function logJson({ broker }: ManagementParts, sizes: StreamSizes): StorageJson['log'] {
  const { fileStats: files, uncommittedSize } = broker.store
  if (files === undefined) return null
  return {
    wal_files: files.walCount,
    wal_bytes: files.walSize,
    cleaned_files: files.cleanCount,
    cleaned_bytes: files.cleanSize,
    living_bytes: sizes.bytes,
    uncommitted_bytes: uncommittedSize,
    cleaning: files.cleaning.isRunning,
    files_cleaned: files.cleaning.fileCount,
    bytes_freed: files.cleaning.freedSize,
    checkpoints: files.checkpointCount,
    writing_checkpoint: files.isCheckpointing,
    format_version: files.formatVersion,
  }
}

function commitsJson({ broker }: ManagementParts): StorageJson['commits'] {
  const { commitSeconds, lastCommitSeconds, committedSize } = broker.store.stats
  const { bounds, counts, sum } = commitSeconds
  return {
    count: counts.reduce((total, each) => total + each, 0),
    bytes: committedSize,
    seconds: sum,
    last_seconds: lastCommitSeconds,
    buckets: counts.map((each, index) => ({ up_to: bounds[index] ?? null, count: each })),
  }
}

function memoryJson({ source, memoryBudgets = {} }: ManagementParts): StorageJson['memory'] {
  const { residentBytes, inUseBytes, watermarkBytes, heldBytes } = source.status().memory
  return {
    resident: residentBytes,
    in_use: inUseBytes,
    blocked_at: Math.round(watermarkBytes),
    held: Object.entries(heldBytes).map(([kind, held]) => ({
      kind,
      bytes: held,
      limit: Math.round(memoryBudgets[kind] ?? 0),
    })),
  }
}

function backupJson({ backups }: ManagementParts): StorageJson['last_backup'] {
  const last = backups?.last
  if (last === undefined) return null
  const { startedAt, endedAt = null, byteCount, isWhole } = last
  return { started: startedAt, ended: endedAt, bytes: byteCount, whole: isWhole }
}
