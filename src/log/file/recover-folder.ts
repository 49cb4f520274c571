// Opens what a data folder holds: the manifest's files in order, whole commits only. The last file
// may end in a torn commit, which was never confirmed and is cut off. Damage before that stops the
// start: nothing that was confirmed is skipped silently.
import { join } from 'node:path'
import { WorkGate } from '../../lib/work-gate.ts'
import { logLimits } from '../../limits/log.ts'
import type { TopologyEntry } from '../commit.ts'
import { DecodedCommit } from './commit-decoder.ts'
import { CommitReader } from './commit-reader.ts'
import type { BadBytes } from './commit-reader.ts'
import { corruptError, missingFileError, missingTopologyError } from './corrupt-error.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskFile } from './disk.ts'
import { replacedEnds, withoutReplaced } from './extent-part.ts'
import {
  decodeFileHeader,
  fileHeaderSize,
  fileKind,
  fileName,
  walFolderName,
} from './file-format.ts'
import { readAt } from './file-operations.ts'
import { findManifest, lostManifestError } from './find-manifest.ts'
import { findSyncedThrough } from './find-synced-through.ts'
import { readOrRebuild } from './index-cache.ts'
import { insertOverOthers } from './insert-over-others.ts'
import type { KeyedState } from './keyed-state.ts'
import type { LogExtents } from './log-extents.ts'
import { emptyManifest } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { RecoveredState } from './recovered-state.ts'
import { readDirectory } from './segment-directory.ts'
import { SegmentScan } from './segment-scan.ts'
import { Segment } from './segment.ts'
import type { Extent } from './segment.ts'
import { forgetAsides } from './swap-rewritten.ts'
import { readTopologyFile } from './topology-file.ts'
import { UnprovenTail } from './unproven-tail.ts'

export interface RecoverOptions {
  readonly disk: Disk
  readonly folder: string
  readonly extents: LogExtents
  /** Empty; takes the keyed state. */
  readonly keyed: KeyedState
}

export interface RecoveredFolder {
  readonly manifest: ManifestContent
  /** In the order of ids: sealed ones, and open ones with their whole index. */
  readonly segments: readonly Segment[]
  readonly state: RecoveredState
  /** All of it, in order. */
  readonly topology: readonly TopologyEntry[]
  readonly lastSequence: number
  /** What was cut off, for people; undefined when every byte was good. */
  readonly cut: string | undefined
}

/** Throws `LogError` when something that was confirmed is missing or damaged. */
export async function recoverFolder(options: RecoverOptions): Promise<RecoveredFolder> {
  const found = await findManifest(options.disk, options.folder)
  if (found.state === 'lost') throw lostManifestError(found.problem)
  const manifest = found.state === 'new' ? emptyManifest : found.content
  return new Recovery(options, manifest).run()
}

/** A file of the manifest with its directory, if it has one that is whole. */
interface OpenedSegment {
  readonly listed: ManifestFile
  readonly segment: Segment
  readonly found: readonly Extent[] | undefined
}

/** One pass over the files; each stage uses what the one before left. */
class Recovery {
  readonly #options: RecoverOptions
  #manifest: ManifestContent
  /** Files of the manifest by id. */
  readonly #listed: ReadonlyMap<number, ManifestFile>
  readonly #state: RecoveredState
  /** WAL files in order, then whatever else. */
  #wal: Segment[] = []
  readonly #kept: Segment[] = []
  readonly #survivors: Segment[] = []
  /** Extents of survivor files: known after those of the WAL. */
  readonly #survivingExtents: Extent[] = []
  readonly #tail: UnprovenTail
  #lastSequence: number
  #cut: string | undefined

  constructor(options: RecoverOptions, manifest: ManifestContent) {
    this.#options = options
    this.#manifest = manifest
    this.#listed = new Map(manifest.files.map((file) => [file.id, file]))
    this.#state = new RecoveredState(manifest.topology?.through ?? 0, options.keyed)
    this.#tail = new UnprovenTail(manifest.syncedThrough)
    this.#lastSequence = 0
  }

  async run(): Promise<RecoveredFolder> {
    await this.#openSegments()
    for (const segment of this.#wal) await noteFirstSequence(segment)
    for (const [index, segment] of this.#wal.entries()) await this.#readWal(segment, index)
    for (const segment of this.#survivors) await this.#keepSurvivors(segment)
    await this.#insertSurvivors()
    this.#checkCheckpoint()
    const topology = await this.#readTopology()
    // What was read may so far be only in the system's memory, and from now on it counts.
    for (const segment of this.#kept) {
      if (segment.state === 'open') await this.#makeDurable(segment)
      else if (this.#options.disk.isRemote) await segment.file.finish(segment.size)
    }
    this.#dropDead()
    return {
      manifest: this.#manifest,
      segments: this.#kept.toSorted((a, b) => a.id - b.id),
      state: this.#state,
      topology,
      lastSequence: this.#lastSequence,
      cut: this.#cut,
    }
  }

  /** What a remote disk shows is durable; the directory that was begun there would be in the way of the next. */
  async #makeDurable(segment: Segment): Promise<void> {
    if (this.#options.disk.isRemote) await segment.file.truncate(segment.dataEnd)
    else await this.#tail.makeDurable(segment)
  }

  get #isRepaired(): boolean {
    return this.#manifest.isRepaired === true
  }

  /** Several at a time where each of them comes from elsewhere; they are taken in their order. */
  async #openSegments(): Promise<void> {
    const { files } = this.#manifest
    const { disk } = this.#options
    const gate = new WorkGate(disk.isRemote ? logLimits.remoteOpensMax : 1)
    let hasFailed = false
    const opened = files.map((file) =>
      gate.run(async () => {
        // The first failure is the one that is told.
        if (hasFailed) return undefined
        try {
          return await this.#openSegment(file)
        } catch (error) {
          hasFailed = true
          throw error
        }
      }),
    )
    for (const each of await Promise.all(opened)) {
      if (each !== undefined) await this.#takeSegment(each)
    }
  }

  async #openSegment(listed: ManifestFile): Promise<OpenedSegment> {
    const path = join(this.#options.folder, walFolderName, fileName(listed.id))
    const file = await this.#openFile(path)
    const header = decodeFileHeader(await readAt(file, 0, fileHeaderSize))
    if (header === undefined || header.id !== listed.id) {
      throw corruptError(path, 0, 'the file header is damaged')
    }
    const segment = new Segment({ ...header, path, file, dataEnd: fileHeaderSize })
    const size = await file.size()
    segment.size = listed.sealedSize ?? size
    if (size < segment.size) throw corruptError(path, size, 'the end of the file is missing')
    const mayHaveDirectory = listed.sealedSize !== undefined || this.#options.disk.isRemote
    const found = mayHaveDirectory ? await readDirectory(segment) : undefined
    return { listed, segment, found }
  }

  async #takeSegment({ listed, segment, found }: OpenedSegment): Promise<void> {
    if (listed.sealedSize !== undefined) await this.#takeDirectory(segment, listed, found)
    else if (found !== undefined) await this.#takeFoundDirectory(segment, found)
    if (segment.kind === fileKind.wal) this.#wal.push(segment)
    else this.#survivors.push(segment)
  }

  async #openFile(path: string): Promise<DiskFile> {
    try {
      return await this.#options.disk.open(path, 'write')
    } catch (error) {
      if (diskErrorKind(error) !== 'missing') throw error
      throw missingFileError(path)
    }
  }

  /** Without its directory a file is read from its commits, like one that was never sealed. */
  async #takeDirectory(
    segment: Segment,
    listed: ManifestFile,
    found: readonly Extent[] | undefined,
  ): Promise<void> {
    if (found === undefined) {
      segment.hasFailed = true
      segment.size = listed.dataEnd ?? segment.size
      return
    }
    segment.state = 'sealed'
    await this.#takeExtents(segment, found)
  }

  /**
   * A remote disk may have taken a file for finished that the manifest does not list as sealed: it cannot be
   * written any more, and all of it is there.
   */
  async #takeFoundDirectory(segment: Segment, found: readonly Extent[]): Promise<void> {
    segment.state = 'sealed'
    const { id, size: sealedSize, dataEnd } = segment
    const files = this.#manifest.files.map((file) =>
      file.id === id ? { ...file, sealedSize, dataEnd } : file,
    )
    this.#manifest = { ...this.#manifest, files }
    await this.#takeExtents(segment, found)
  }

  /** Without the runs of logs that are written anew elsewhere. */
  async #takeExtents(segment: Segment, found: readonly Extent[]): Promise<void> {
    const { replaced } = this.#listed.get(segment.id) ?? {}
    const ends = replacedEnds(replaced)
    for (const [logId, end] of ends) forgetAsides(segment, logId, end)
    for (const extent of found) {
      const end = ends.get(extent.logId)
      const rest = end === undefined ? extent : await withoutReplaced(extent, end, readOrRebuild)
      if (rest === undefined) continue
      if (segment.state === 'sealed') rest.index = undefined
      if (segment.kind === fileKind.survivors) this.#survivingExtents.push(rest)
      else this.#options.extents.insert(rest)
    }
  }

  async #keepSurvivors(segment: Segment): Promise<void> {
    this.#kept.push(segment)
    if (segment.state === 'sealed') return
    const scan = new SegmentScan(segment)
    const bad = await this.#scan(segment, scan, () => true)
    if (bad !== undefined) {
      if (!this.#isRepaired) throw corruptError(segment.path, bad.position, bad.reason)
      segment.hasFailed = true
    }
    await this.#takeExtents(segment, scan.extents)
  }

  /** A repair may have listed files again from which the survivors were copied: one is enough. */
  async #insertSurvivors(): Promise<void> {
    const { extents } = this.#options
    for (const extent of this.#survivingExtents) {
      if (this.#isRepaired) await insertOverOthers(extents, extent)
      else extents.insert(extent)
    }
  }

  async #readWal(segment: Segment, index: number): Promise<void> {
    if (this.#cut !== undefined || segment.firstSequence === 0) {
      // Everything from the cut on never counted. It is no part of the next manifest.
      if (!this.#isRepaired) this.#cut ??= await this.#cutOfEmpty(segment, index)
      await segment.file.close()
      return
    }
    this.#kept.push(segment)
    const checkpoint = this.#manifest.checkpoint
    if (checkpoint === undefined || segment.id >= checkpoint.fileId) {
      await this.#replay(segment, index)
    } else {
      await this.#readOld(segment, index)
    }
  }

  /** A file before the checkpoint: only its runs count. */
  async #readOld(segment: Segment, index: number): Promise<void> {
    this.#lastSequence = segment.lastSequence
    if (segment.state === 'sealed') return
    const scan = new SegmentScan(segment, this.#state)
    await this.#scanToEnd(segment, index, scan)
    await this.#takeExtents(segment, scan.extents)
  }

  /** A file at or after the checkpoint: everything in it counts. */
  async #replay(segment: Segment, index: number): Promise<void> {
    const scan = new SegmentScan(segment, this.#state)
    scan.isReplaying = true
    await this.#scanToEnd(segment, index, scan)
    if (segment.state !== 'sealed') await this.#takeExtents(segment, scan.extents)
  }

  async #scanToEnd(segment: Segment, index: number, scan: SegmentScan): Promise<void> {
    const nextFirst = this.#firstAfter(index)
    const isMine = (commit: DecodedCommit): boolean => {
      // What could not be made durable here was written again as the next file's first commit.
      if (nextFirst !== undefined && commit.sequence >= nextFirst) return false
      this.#checkOrder(segment, commit)
      return true
    }
    const bad = await this.#scan(segment, scan, isMine)
    if (bad === undefined) return
    segment.hasFailed = true
    // What lies behind a repaired file is known to be lost, or is its old directory.
    if (this.#isRepaired) return
    if (nextFirst === undefined || this.#lastSequence + 1 < nextFirst) {
      await this.#cutAt(segment, index, bad)
    }
  }

  /** The first commit of the next file that has one. */
  #firstAfter(index: number): number | undefined {
    return this.#wal.slice(index + 1).find((next) => next.firstSequence > 0)?.firstSequence
  }

  /** Visits commits until the end, a bad one (returned), or one that `isMine` refuses. */
  async #scan(
    segment: Segment,
    scan: SegmentScan,
    isMine: (commit: DecodedCommit) => boolean,
  ): Promise<BadBytes | undefined> {
    const reader = new CommitReader(this.#readerOptions(segment, scan))
    for (;;) {
      const commit = await reader.next()
      if (commit === undefined) return undefined
      if (!(commit instanceof DecodedCommit)) return commit
      // `pabal repair` put it over what nobody can read.
      if (commit.sequence === 0) continue
      if (!isMine(commit)) {
        segment.hasFailed = true
        return undefined
      }
      scan.add(commit)
      if (segment.kind === fileKind.wal) {
        this.#lastSequence = commit.sequence
        this.#tail.add(segment, commit)
      }
    }
  }

  #readerOptions(
    segment: Segment,
    scan: SegmentScan,
  ): ConstructorParameters<typeof CommitReader>[0] {
    const { file, id: fileId, salt, priorSize, size, dataEnd } = segment
    const isSealed = segment.state === 'sealed'
    const options = { file, fileId, salt, priorSize, end: isSealed ? dataEnd : size }
    const { checkpoint } = this.#manifest
    // In the file of the checkpoint, what comes before it is repeated in it.
    if (!scan.isReplaying || !isSealed || checkpoint?.fileId !== fileId) return options
    this.#lastSequence = 0
    return { ...options, start: checkpoint.position }
  }

  #checkOrder(segment: Segment, commit: DecodedCommit): void {
    const { checkpoint } = this.#manifest
    // Files before the checkpoint may have gone, and with them their commits.
    const isFirst = this.#lastSequence === 0 || commit.sequence === segment.firstSequence
    if (isFirst && checkpoint !== undefined && segment.id <= checkpoint.fileId) return
    const expected = this.#lastSequence + 1
    if (commit.sequence === expected || this.#lastSequence === 0) return
    if (this.#isRepaired && commit.sequence > expected) return
    throw corruptError(
      segment.path,
      commit.position,
      `commit ${commit.sequence} follows where commit ${expected} belongs`,
    )
  }

  /** Ends the log at a bad commit, unless that or a later one is known to have been synced. */
  async #cutAt(segment: Segment, index: number, bad: BadBytes): Promise<void> {
    const synced = await this.#syncedThrough(index, bad.position)
    const isKnown = this.#manifest.isRepaired === true
    if (synced > this.#lastSequence && !isKnown)
      throw corruptError(segment.path, bad.position, bad.reason)
    if (bad.isPadding === true) return
    this.#cut = `${segment.path} was cut at byte ${bad.position} of ${segment.size}: ${bad.reason}, and nothing from there on was confirmed`
  }

  /**
   * A file without one good commit: nothing was written to it yet, or its first commit is torn, or
   * could not be written and went to the next file.
   */
  async #cutOfEmpty(segment: Segment, index: number): Promise<string | undefined> {
    if (segment.size <= fileHeaderSize || segment.state === 'sealed') return undefined
    const nextFirst = this.#firstAfter(index)
    if (nextFirst !== undefined && this.#lastSequence + 1 >= nextFirst) return undefined
    await this.#cutAt(segment, index, {
      position: fileHeaderSize,
      reason: 'its first commit is damaged',
    })
    return this.#cut
  }

  async #syncedThrough(index: number, position: number): Promise<number> {
    let synced = this.#manifest.syncedThrough
    for (const [place, segment] of this.#wal.slice(index).entries()) {
      const from = place === 0 ? position : fileHeaderSize
      synced = Math.max(synced, await findSyncedThrough(segment, from))
    }
    return synced
  }

  #checkCheckpoint(): void {
    const { checkpoint } = this.#manifest
    if (checkpoint === undefined || this.#state.isCheckpointComplete || this.#isRepaired) return
    const path = join(this.#options.folder, walFolderName, fileName(checkpoint.fileId))
    throw corruptError(path, checkpoint.position, 'the checkpoint that starts there is incomplete')
  }

  /** The topology file, then what is only in the WAL. */
  async #readTopology(): Promise<TopologyEntry[]> {
    const { disk, folder } = this.#options
    const { topology: file } = this.#manifest
    const needed = this.#state.topologyNeeded
    if (needed > (file?.through ?? 0) && !this.#isRepaired)
      throw missingTopologyError(folder, needed)
    const entries: TopologyEntry[] = []
    if (file !== undefined) {
      await readTopologyFile(disk, folder, file, (sequence, bytes) => {
        entries.push({ sequence, bytes: Buffer.from(bytes) })
      })
    }
    return [...entries, ...this.#state.topology()]
  }

  #trustAllLogs(): void {
    for (const { extents } of this.#kept) {
      for (const [logId, ofLog] of extents) {
        for (const { lastOffset } of ofLog) this.#state.noteEnd(logId, lastOffset + 1)
      }
    }
    this.#state.trustAllLogs()
  }

  #dropDead(): void {
    const { extents } = this.#options
    // The entry that says that a log exists may be what was lost.
    if (this.#manifest.isLossy === true) this.#trustAllLogs()
    this.#state.assignCursors()
    for (const segment of this.#kept) {
      for (const logId of segment.extents.keys()) {
        const log = this.#state.logs.get(logId)
        if (log === undefined || !log.isKnown) extents.dropLog(logId)
        else extents.dropBelow(logId, log.floor)
      }
    }
    for (const [logId, log] of this.#state.logs) {
      if (!log.isKnown) this.#state.logs.delete(logId)
    }
  }
}

/** Sealed files say it in their directory. */
async function noteFirstSequence(segment: Segment): Promise<void> {
  if (segment.state === 'sealed') return
  const { file, id: fileId, salt, priorSize, size } = segment
  const reader = new CommitReader({ file, fileId, salt, priorSize, end: size })
  let commit = await reader.next()
  while (commit instanceof DecodedCommit && commit.sequence === 0) commit = await reader.next()
  if (commit instanceof DecodedCommit) segment.firstSequence = commit.sequence
  else if (commit?.isPadding === true) segment.size = commit.position
}
