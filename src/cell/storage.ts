// What a cell keeps its data in, and what that is opened with.
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Random } from '../lib/random.ts'
import type { Turn } from '../lib/turn.ts'
import type { Disk } from '../log/file/disk.ts'
import type { Snapshot } from '../log/file/snapshot.ts'
import type { FullPlace } from '../log/full-place.ts'
import type { LogProfile } from '../log/log-profile.ts'
import type { BlockedReason, LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { MemoryChaos } from '../log/memory/memory-log-store.ts'
import type { RunConverter } from '../log/run-converter.ts'
import type { TopologyFiles } from '../meta/topology-files.ts'
import type { Topology } from '../meta/topology.ts'

/** Files on another disk than the machine's. */
export interface FileDoors {
  readonly disk: Disk
  readonly topologyFiles: TopologyFiles
  /**
   * Where the log is on that disk, when it is not in the data folder: what the data folder has then may be lost at
   * any time.
   */
  readonly remote?: { readonly root: string; readonly localDisk: Disk }
}

/**
 * Where messages are kept. `file` is the data folder on the machine's own disk. `memory` forgets
 * everything; a chaos makes it a hard test of the broker.
 */
export type StorageKind = 'file' | FileDoors | 'memory' | MemoryChaos

export interface StorageOptions {
  readonly kind: StorageKind
  /** The data folder, unless `kind` is memory. */
  readonly data: string
  /** When something counts as written: on disk, or with the operating system. */
  readonly durability: 'fsync' | 'os'
  /** What commits are built for, of queues and topics that do not say so themselves. */
  readonly profile: LogProfile
  /** Bytes that stay free on the disk: with less, publishers are blocked. */
  readonly diskFreeLimit: number
  /** Added to every sync, as a slower disk would: for benchmarks. */
  readonly syncDelayMs: number
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly logger: Logger
  /** Lets queues read what Kafka clients wrote. */
  readonly converter: RunConverter
  readonly onBlocked: (reason: BlockedReason | undefined, place?: FullPlace) => void
  readonly onFailed: (error: Error) => void
}

export interface Storage {
  readonly store: LogStore
  readonly topology: Topology
  readonly logs: readonly Log[]
  /** What `LogStore.putState` kept. */
  readonly state: ReadonlyMap<string, Buffer>
  /** Has `listener` told, now and whenever that changes, which entry the view on disk has come to. */
  readonly followTopology: (listener: (appliedSequence: number) => void) => void
  /** Only where data is kept: see `FileLogStore.openSnapshot`. */
  readonly openSnapshot?: () => Promise<Snapshot>
  /** See `FileLogStore.abandon`. */
  readonly abandon: () => void
  /** Makes everything durable, unless it was abandoned, and gives the data folder free. */
  readonly close: () => Promise<void>
}
