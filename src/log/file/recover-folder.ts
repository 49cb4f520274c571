// Opens what a data folder holds: the manifest's files in order, whole groups only. The last file
// may end in a torn group, which was never confirmed and is cut off. Damage before that stops the
// start: nothing that was confirmed is skipped silently.
import { join } from 'node:path'
import { LogError } from '../log-error.ts'
import type { Disk, DiskFile } from './disk.ts'
import { decodeFileHeader, fileHeaderSize, fileName } from './file-format.ts'
import { readAt, syncFile } from './file-operations.ts'
import { findSyncedThrough } from './find-synced-through.ts'
import { DecodedGroup } from './group-decoder.ts'
import type { EntryVisitor } from './group-decoder.ts'
import { GroupReader } from './group-reader.ts'
import type { BadBytes } from './group-reader.ts'
import type { LogExtents } from './log-extents.ts'
import { emptyManifest, readManifest } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { RecoveredState } from './recovered-state.ts'
import { Segment } from './segment.ts'

export const walFolderName = 'wal'

export interface RecoverOptions {
  readonly disk: Disk
  readonly folder: string
  readonly extents: LogExtents
  readonly topologyAfter: number
}

export interface RecoveredFolder {
  readonly manifest: ManifestContent
  /** In the order of ids. Files whose groups were all cut off are not among them. */
  readonly segments: readonly Segment[]
  readonly state: RecoveredState
  readonly lastSequence: number
  /** What was cut off, for the log; undefined when every byte was good. */
  readonly cut: string | undefined
}

/** Throws `LogError` when something that was confirmed is missing or damaged. */
export async function recoverFolder(options: RecoverOptions): Promise<RecoveredFolder> {
  const manifest =
    (await readManifest(options.disk, options.folder)) ?? (await newManifest(options))
  const recovery = new Recovery(options, manifest)
  await recovery.run()
  return recovery.result()
}

/** A folder without a manifest is new, unless it has data files. */
async function newManifest(options: RecoverOptions): Promise<ManifestContent> {
  const names = await options.disk.list(join(options.folder, walFolderName))
  // The first manifest is written before the first group, so a first file of its own is empty.
  const [first] = names.filter((name) => name.endsWith('.log') && name !== fileName(1))
  if (first === undefined) return emptyManifest
  throw new LogError(
    'corrupt',
    `${join(options.folder, 'MANIFEST')} is missing although there are data files: run "pabal verify" to see what is there and "pabal repair" to rebuild it`,
  )
}

/** One pass over the files; each stage uses what the one before left. */
class Recovery {
  readonly #options: RecoverOptions
  readonly #manifest: ManifestContent
  readonly #state: RecoveredState
  readonly #segments: Segment[] = []
  /** First group of each file that was read, 0 for a file without one. */
  #firstSequences: number[] = []
  #lastSequence = 0
  #cut: string | undefined

  constructor(options: RecoverOptions, manifest: ManifestContent) {
    this.#options = options
    this.#manifest = manifest
    this.#state = new RecoveredState(options.topologyAfter)
  }

  result(): RecoveredFolder {
    return {
      manifest: this.#manifest,
      segments: this.#segments,
      state: this.#state,
      lastSequence: this.#lastSequence,
      cut: this.#cut,
    }
  }

  async run(): Promise<void> {
    const segments: Segment[] = []
    for (const file of this.#manifest.files) segments.push(await this.#openSegment(file))
    for (const segment of segments) this.#firstSequences.push(await firstSequenceOf(segment))
    for (const [index, segment] of segments.entries()) {
      if (this.#cut === undefined) await this.#readSegment(segment, index)
      if (segment.firstSequence > 0) this.#segments.push(segment)
    }
    // What was read may so far be only in the system's memory, and from now on it counts.
    for (const segment of this.#segments) await syncFile(segment.file)
    this.#forgetDeletedLogs()
  }

  async #openSegment(listed: ManifestFile): Promise<Segment> {
    const path = join(this.#options.folder, walFolderName, fileName(listed.id))
    const file = await this.#openFile(path)
    const header = decodeFileHeader(await readAt(file, 0, fileHeaderSize))
    if (header === undefined || header.id !== listed.id) {
      throw corruptError(path, 0, 'the file header is damaged')
    }
    const segment = new Segment({
      id: header.id,
      kind: header.kind,
      salt: header.salt,
      path,
      file,
      dataEnd: fileHeaderSize,
    })
    segment.size = await file.size()
    return segment
  }

  async #openFile(path: string): Promise<DiskFile> {
    try {
      return await this.#options.disk.open(path, 'write')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new LogError(
        'corrupt',
        `${path} is missing although the manifest lists it: put it back from a backup, or run "pabal repair" to go on without its messages`,
      )
    }
  }

  async #readSegment(segment: Segment, index: number): Promise<void> {
    const reader = new GroupReader({
      file: segment.file,
      fileId: segment.id,
      salt: segment.salt,
      end: segment.size,
    })
    const nextFirst = this.#firstSequences.slice(index + 1).find((sequence) => sequence > 0)
    for (;;) {
      const group = await reader.next()
      if (group === undefined) return
      if (!(group instanceof DecodedGroup)) {
        // The next file starts with the group that could not be written here.
        if (nextFirst === undefined || this.#lastSequence + 1 < nextFirst) {
          await this.#cutAt(segment, index, group)
        }
        return
      }
      if (nextFirst !== undefined && group.sequence >= nextFirst) return
      this.#checkOrder(segment, group)
      this.#apply(segment, group)
    }
  }

  #checkOrder(segment: Segment, group: DecodedGroup): void {
    if (this.#lastSequence === 0 || group.sequence === this.#lastSequence + 1) return
    const expected = this.#lastSequence + 1
    throw corruptError(
      segment.path,
      group.position,
      `group ${group.sequence} follows where group ${expected} belongs`,
    )
  }

  #apply(segment: Segment, group: DecodedGroup): void {
    if (segment.firstSequence === 0) segment.firstSequence = group.sequence
    segment.lastSequence = group.sequence
    segment.dataEnd = group.endPosition
    this.#lastSequence = group.sequence
    group.visit(new GroupApplier(this.#state, this.#options.extents, segment))
  }

  /** Ends the log at a bad group, unless that or a later one is known to have been synced. */
  async #cutAt(segment: Segment, index: number, bad: BadBytes): Promise<void> {
    let syncedThrough = this.#manifest.syncedThrough
    const later = [segment, ...(await this.#laterSegments(index))]
    for (const candidate of later) {
      const from = candidate === segment ? bad.position : fileHeaderSize
      syncedThrough = Math.max(syncedThrough, await findSyncedThrough(candidate, from))
    }
    if (syncedThrough > this.#lastSequence)
      throw corruptError(segment.path, bad.position, bad.reason)
    this.#cut = `${segment.path} was cut at byte ${bad.position} of ${segment.size}: ${bad.reason}, and nothing from there on was confirmed`
  }

  async #laterSegments(index: number): Promise<Segment[]> {
    const segments: Segment[] = []
    for (const file of this.#manifest.files.slice(index + 1)) {
      segments.push(await this.#openSegment(file))
    }
    return segments
  }

  #forgetDeletedLogs(): void {
    const { extents } = this.#options
    for (const segment of this.#segments) {
      for (const logId of [...segment.extents.keys()]) {
        const log = this.#state.logs.get(logId)
        if (log === undefined || !log.isKnown) extents.dropLog(logId)
        else extents.dropBelow(logId, log.cursor.floor)
      }
    }
    for (const [logId, log] of this.#state.logs) {
      if (!log.isKnown) this.#state.logs.delete(logId)
      else if (log.cursor.floor > log.endOffset) log.endOffset = log.cursor.floor
    }
  }
}

/** Applies the entries of one group to the state and its runs to the extents as well. */
class GroupApplier implements EntryVisitor {
  readonly #state: RecoveredState
  readonly #extents: LogExtents
  readonly #segment: Segment

  constructor(state: RecoveredState, extents: LogExtents, segment: Segment) {
    this.#state = state
    this.#extents = extents
    this.#segment = segment
  }

  onRun(run: Parameters<EntryVisitor['onRun']>[0]): void {
    this.#state.onRun(run)
    this.#extents.addRun(this.#segment, run.logId, run)
  }
  onDelta(logId: number, deliveredMark: number, acked: readonly number[]): void {
    this.#state.onDelta(logId, deliveredMark, acked)
  }
  onSnapshot(...args: Parameters<EntryVisitor['onSnapshot']>): void {
    this.#state.onSnapshot(...args)
  }
  onAckedRange(logId: number, first: number, last: number): void {
    this.#state.onAckedRange(logId, first, last)
  }
  onTrim(logId: number, offset: number): void {
    this.#state.onTrim(logId, offset)
  }
  onCreated(logId: number): void {
    this.#state.onCreated(logId)
  }
  onDeleted(logId: number): void {
    this.#state.onDeleted(logId)
  }
  onTopology(sequence: number, bytes: Buffer): void {
    if (sequence > this.#segment.maxTopologySequence) this.#segment.maxTopologySequence = sequence
    this.#state.onTopology(sequence, bytes)
  }
  onCheckpointBegin(...args: Parameters<EntryVisitor['onCheckpointBegin']>): void {
    this.#state.onCheckpointBegin(...args)
  }
  onCheckpointEnd(id: number): void {
    this.#state.onCheckpointEnd(id)
  }
  onAside(logId: number, offset: number, asideId: number): void {
    this.#state.onAside(logId, offset, asideId)
  }
}

async function firstSequenceOf(segment: Segment): Promise<number> {
  const reader = new GroupReader({
    file: segment.file,
    fileId: segment.id,
    salt: segment.salt,
    end: segment.size,
  })
  const group = await reader.next()
  return group instanceof DecodedGroup ? group.sequence : 0
}

/** Damage that a start must not pass over. */
export function corruptError(path: string, position: number, reason: string): LogError {
  return new LogError(
    'corrupt',
    `${path} is damaged at byte ${position} (${reason}) in a part that was confirmed: run "pabal verify" for a full report; put the file back from a backup, or run "pabal repair" to set the damaged part aside and keep everything else`,
  )
}
