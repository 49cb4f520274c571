// What a file log store is made of, and how the parts hold together.
import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import { CommitScheduler } from '../commit-scheduler.ts'
import type { TopologyEntry } from '../commit.ts'
import type { LogProfile } from '../log-profile.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { RunConverter } from '../run-converter.ts'
import { AsideStore } from './aside-store.ts'
import { CheckpointListing } from './checkpoint-listing.ts'
import { Checkpointer } from './checkpointer.ts'
import { Cleaner } from './cleaner.ts'
import { ColdReader } from './cold-reader.ts'
import { createSegment } from './create-segment.ts'
import type { SegmentFolder } from './create-segment.ts'
import { DiskSpace } from './disk-space.ts'
import { DiskTrouble } from './disk-trouble.ts'
import type { Disk } from './disk.ts'
import { DurableCommits } from './durable-commits.ts'
import { FileEngine } from './file-engine.ts'
import { fileKind } from './file-format.ts'
import type { FileLimits } from './file-limits.ts'
import { FolderWatch } from './folder-watch.ts'
import { Housekeeper } from './housekeeper.ts'
import { IndexCache } from './index-cache.ts'
import type { LogExtents } from './log-extents.ts'
import { LogRegistry } from './log-registry.ts'
import type { ReadPatience } from './patient-disk.ts'
import { RecordLoader } from './record-loader.ts'
import type { RecoveredState } from './recovered-state.ts'
import type { RewritingOptions } from './rewriting.ts'
import { RunFinder } from './run-finder.ts'
import { RunReader } from './run-reader.ts'
import type { Segment } from './segment.ts'
import { Snapshots } from './snapshots.ts'
import { TailCache } from './tail-cache.ts'
import { TopologyKeeper } from './topology-keeper.ts'
import { VolatileSpill } from './volatile-spill.ts'
import { WalWriter } from './wal-writer.ts'

/** `fsync`: reported when on stable storage. `os`: when the operating system has it. */
export type Durability = 'fsync' | 'os'

/** A data folder after recovery, with a new file to write to. */
export interface OpenedFolder {
  readonly clock: Clock
  readonly turn: Turn
  readonly profile: LogProfile
  readonly converter: RunConverter | undefined
  readonly events: LogStoreEvents
  readonly limits: FileLimits
  readonly folder: SegmentFolder
  /** The data folder. */
  readonly path: string
  readonly patience: ReadPatience
  readonly diskFreeMin: number | undefined
  readonly asideFolder: string
  /** Where bytes go that mean nothing after a crash. */
  readonly volatile: { readonly disk: Disk; readonly folder: string }
  readonly extents: LogExtents
  readonly segments: readonly Segment[]
  readonly segment: Segment
  readonly state: RecoveredState
  readonly lastSequence: number
  /** All of it, in order. */
  readonly topology: readonly TopologyEntry[]
}

/**
 * All parts of one store. A fact travels one way: logs → engine → scheduler → writer → what is
 * committed → housekeeper.
 */
export class FileLogStoreParts {
  readonly folder: SegmentFolder
  /** All files that are not retired. */
  readonly segments: Set<Segment>
  readonly extents: LogExtents
  readonly keyed: RecoveredState['keyed']
  readonly trouble: DiskTrouble
  readonly patience: ReadPatience
  readonly registry: LogRegistry
  readonly scheduler: CommitScheduler
  readonly topology: TopologyKeeper
  readonly checkpointer: Checkpointer
  readonly checkpoints: CheckpointListing
  readonly writer: WalWriter
  readonly committed: DurableCommits
  readonly cleaner: Cleaner
  readonly housekeeper: Housekeeper
  readonly diskSpace: DiskSpace
  /** Undefined where no folder can go away. */
  readonly folderWatch: FolderWatch | undefined
  readonly asides: AsideStore
  readonly snapshots: Snapshots
  readonly spill: VolatileSpill
  readonly engine: FileEngine
  readonly coldReader: ColdReader
  readonly runReader: RunReader
  readonly runFinder: RunFinder
  readonly loader: RecordLoader
  readonly rewritingOptions: RewritingOptions

  constructor(opened: OpenedFolder) {
    const { clock, events, extents, folder, limits, state } = opened
    this.folder = folder
    this.segments = new Set([...opened.segments, opened.segment])
    this.extents = extents
    this.keyed = state.keyed
    this.trouble = new DiskTrouble({
      clock,
      place: folder.disk.isRemote ? opened.path : `the data folder ${opened.path}`,
      events,
      onOutOfSpace: (place) => {
        this.diskSpace.onOutOfSpace(place)
        this.cleaner.giveWay()
      },
      onFailed: () => this.writer.stop(),
    })
    this.patience = opened.patience
    this.patience.begin({
      onTrouble: this.#onTrouble,
      probe: () => folder.manifest.update((content) => content),
    })
    this.registry = new LogRegistry(state)
    this.topology = this.#makeTopologyKeeper(opened)
    this.checkpointer = this.#makeCheckpointer(opened)
    this.scheduler = this.#makeScheduler(opened)
    this.writer = this.#makeWriter(opened)
    const indexCache = new IndexCache(limits.indexCacheSizeMax)
    this.cleaner = new Cleaner({
      clock,
      folder,
      extents,
      indexCache,
      logs: this.registry.byId,
      segments: this.segments,
      fileSizeMax: limits.walFileSizeMax,
      whenDurable: this.#whenDurable,
    })
    this.housekeeper = this.#makeHousekeeper(opened, indexCache)
    this.checkpoints = new CheckpointListing({
      segments: this.segments,
      manifest: folder.manifest,
      onListed: () => this.housekeeper.kick(),
      onTrouble: this.#onTrouble,
    })
    this.coldReader = this.#makeColdReader(opened, indexCache)
    const cold = { extents, coldReader: this.coldReader }
    this.runReader = new RunReader({ ...cold, cacheSizeMax: limits.coldRunsSizeMax })
    this.runFinder = new RunFinder({ ...cold, runReader: this.runReader })
    this.spill = this.#makeSpill(opened)
    this.asides = this.#makeAsideStore(opened)
    const tailCache = new TailCache(limits.tailCacheSizeMax)
    const { segments, asides, scheduler, spill, coldReader } = this
    this.committed = new DurableCommits({ segments, extents, tailCache, asides })
    const { epoch } = folder.manifest.content
    const { converter } = opened
    this.engine = new FileEngine({ epoch, converter, clock, scheduler, asides, spill, tailCache })
    this.loader = new RecordLoader({ coldReader, spill, asides, events })
    this.diskSpace = this.#makeDiskSpace(opened)
    this.snapshots = this.#makeSnapshots(opened)
    this.rewritingOptions = this.#makeRewritingOptions(opened, indexCache)
    this.folderWatch = this.#makeFolderWatch(opened)
  }

  /** See `FileLogStore.abandon`: ends all that would happen by itself, and waits for nothing. */
  abandon(): void {
    const { snapshots, topology, diskSpace, spill, folder } = this
    this.writer.stop()
    this.trouble.abandon()
    this.patience.abandon()
    this.asides.abandon()
    this.housekeeper.abandon()
    folder.manifest.abandon()
    this.folderWatch?.close()
    const parts = [snapshots, topology, diskSpace, spill, folder.spares]
    void Promise.allSettled(parts.map((part) => part.close()))
    // Copies of open files; a file of the machine's own may still be read.
    if (!folder.disk.isRemote) return
    void Promise.allSettled(Array.from(this.segments, ({ file }) => file.close()))
  }

  #makeFolderWatch({ clock, folder }: OpenedFolder): FolderWatch | undefined {
    const { disk, path } = folder
    if (disk.isRemote) return undefined
    const onGone = (): void => this.trouble.fail('is gone, or another one is in its place')
    return new FolderWatch({ disk, clock, path, onGone, onTrouble: this.#onTrouble })
  }

  readonly #onTrouble = (error: Error): void => this.trouble.report(error)

  readonly #whenDurable = (callback: () => void): void => this.scheduler.whenDurable(callback)

  #makeRewritingOptions(opened: OpenedFolder, indexCache: IndexCache): RewritingOptions {
    const { clock, limits } = opened
    const { folder, extents, segments, asides, coldReader, runReader } = this
    return {
      clock,
      folder,
      extents,
      indexCache,
      segments,
      asides,
      coldReader,
      runReader,
      fileSizeMax: limits.walFileSizeMax,
      isBlocked: () => this.diskSpace.blocked !== undefined,
      whenDurable: this.#whenDurable,
      perform: (job) => this.housekeeper.perform(job),
      onReleased: (segment) => void this.housekeeper.onReleased(segment),
      onRunsDropped: (log, runs) => this.engine.onRunsDropped(log, runs),
    }
  }

  #makeTopologyKeeper({ clock, folder, limits, topology }: OpenedFolder): TopologyKeeper {
    const keeper = new TopologyKeeper({
      clock,
      folder,
      segments: this.segments,
      tailSizeMax: limits.topologyTailSizeMax,
      lastSequence: () => this.registry.nextTopologySequence - 1,
      openSequence: () => this.scheduler.open.sequence,
      whenDurable: this.#whenDurable,
      onTrouble: this.#onTrouble,
    })
    const { through } = keeper
    for (const { sequence, bytes } of topology) if (sequence > through) keeper.add(sequence, bytes)
    return keeper
  }

  #makeCheckpointer({ state, limits }: OpenedFolder): Checkpointer {
    return new Checkpointer({
      logs: this.registry,
      states: state.keyed,
      topology: this.topology,
      ids: () => ({
        nextLogId: this.registry.nextLogId,
        nextTopologySequence: this.registry.nextTopologySequence,
        nextAsideId: this.asides.nextId,
        nextCursorId: this.registry.nextCursorId,
      }),
      sliceSizeMax: limits.checkpointSliceSizeMax,
      wantCommit: () => {
        this.scheduler.open.want()
        this.scheduler.schedule()
      },
      onComplete: (place) => this.checkpoints.add(place),
    })
  }

  #makeScheduler({ clock, turn, profile, lastSequence, events }: OpenedFolder): CommitScheduler {
    return new CommitScheduler({
      clock,
      turn,
      profile,
      write: (commit) => this.writer.write(commit),
      commitsInFlightMax: 1,
      firstSequence: lastSequence + 1,
      onSeal: (commit) => this.checkpointer.onSeal(commit),
      onTopologyDurable: (entry) => events.onTopologyDurable?.(entry),
    })
  }

  #makeWriter(opened: OpenedFolder): WalWriter {
    const { clock, folder, segment, lastSequence, limits } = opened
    return new WalWriter({
      clock,
      isSynced: folder.isWalSynced,
      leaderEpoch: folder.manifest.content.epoch,
      segment,
      syncedThrough: lastSequence,
      fileSizeMax: limits.walFileSizeMax,
      createSegment: () => createSegment(folder, fileKind.wal),
      onCommitted: (commit, written) => {
        this.trouble.onWritten()
        this.folderWatch?.onWritten()
        this.diskSpace.onWriting(written.segment.dataEnd - written.position)
        this.committed.add(commit, written)
        this.checkpointer.onCommitted(commit, written)
        this.scheduler.finish(commit)
      },
      onFilling: (fillMs) => folder.spares.prepare(fillMs),
      onFull: (full) => this.housekeeper.onFull(full),
      onTrouble: this.#onTrouble,
      onCannotCreate: (error) => this.trouble.onCannotCreate(error),
      onStuck: (isStuck) => this.diskSpace.setFailing(isStuck),
    })
  }

  #makeHousekeeper(opened: OpenedFolder, indexCache: IndexCache): Housekeeper {
    const { clock, folder, limits } = opened
    return new Housekeeper({
      clock,
      folder,
      indexCache,
      cleaner: this.cleaner,
      segments: this.segments,
      whenDurable: this.#whenDurable,
      onTrouble: this.#onTrouble,
      deleteStepSize: limits.deleteStepSize,
    })
  }

  #makeColdReader(opened: OpenedFolder, indexCache: IndexCache): ColdReader {
    const { clock, extents, events, limits } = opened
    return new ColdReader({
      clock,
      extents,
      loadIndex: (extent) => indexCache.load(extent),
      onDamaged: (log, first, last, error) => events.onDamaged?.(log, first, last, error),
      onReleased: (segment) => void this.housekeeper.onReleased(segment),
      windowsSizeMax: limits.coldWindowsSizeMax,
    })
  }

  #makeSpill({ clock, volatile, limits, events }: OpenedFolder): VolatileSpill {
    return new VolatileSpill({
      ...volatile,
      clock,
      memoryMax: limits.volatileMemoryMax,
      fileSizeMax: limits.walFileSizeMax,
      onDamaged: (log, first, last, error) => events.onDamaged?.(log, first, last, error),
      onTrouble: this.#onTrouble,
    })
  }

  #makeAsideStore({ folder, clock, asideFolder, state }: OpenedFolder): AsideStore {
    return new AsideStore({
      disk: folder.disk,
      clock,
      folder: asideFolder,
      nextId: state.nextAsideId,
      onWriting: (size) => this.diskSpace.onWriting(size),
      whenDurable: this.#whenDurable,
      onTrouble: this.#onTrouble,
    })
  }

  #makeSnapshots({ clock, folder, path }: OpenedFolder): Snapshots {
    return new Snapshots({
      clock,
      folder,
      path,
      segments: this.segments,
      asides: this.asides,
      whenDurable: this.#whenDurable,
      blocked: () => this.diskSpace.blocked,
      onReleased: (segment) => void this.housekeeper.onReleased(segment),
    })
  }

  #makeDiskSpace({ folder, clock, path, diskFreeMin, events }: OpenedFolder): DiskSpace {
    return new DiskSpace({
      disk: folder.disk,
      clock,
      folder: path,
      freeMin: diskFreeMin,
      onBlocked: (reason, place) => {
        if (reason !== undefined) folder.spares.giveUp()
        events.onBlocked?.(reason, place)
      },
      onTrouble: this.#onTrouble,
    })
  }
}
