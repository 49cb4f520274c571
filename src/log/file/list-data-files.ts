// A manifest made of the data files that are there, for a folder that has lost its own.
import { join } from 'node:path'
import { CheckpointFinder } from './checkpoint-finder.ts'
import { commitSizeAt } from './commit-decoder.ts'
import { directBlockSize } from './direct-file.ts'
import type { Disk } from './disk.ts'
import {
  commitHeaderSize,
  commitMagic,
  fileHeaderSize,
  fileKind,
  fileName,
  formatVersion,
  isPadding,
  walFolderName,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readWholeFile } from './file-operations.ts'
import { readFileStarts, stepsToHere } from './find-manifest.ts'
import type { FileStart } from './find-manifest.ts'
import { inspectFile } from './inspect-file.ts'
import type { FileInspection } from './inspect-file.ts'
import { emptyManifest } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { readDirectory } from './segment-directory.ts'
import { Segment } from './segment.ts'
import { findTopologyFile } from './topology-file.ts'
import type { FoundTopologyFile } from './topology-file.ts'

/**
 * Lists every file that a commit was written to, also one whose header is damaged; a start then finds
 * out which commits it can do without. Of topology files only the newest one counts. Throws `LogError`
 * 'format' when a version wrote them that this one cannot read.
 */
export async function listDataFiles(disk: Disk, path: string): Promise<ManifestContent> {
  const starts = await readFileStarts(disk, path)
  for (const { format } of starts) {
    // A version of the future may have files that look like ours and mean something else.
    if (format !== undefined) stepsToHere(path, { ...emptyManifest, version: format })
  }
  const listing = new Listing(disk, path)
  for (const start of starts) await listing.add(start)
  return {
    version: formatVersion,
    nextFileId: Math.max(0, ...starts.map(({ id }) => id)) + 1,
    syncedThrough: 0,
    ...listing.result(),
  }
}

class Listing {
  readonly #disk: Disk
  /** The data folder. */
  readonly #path: string
  readonly #files: ManifestFile[] = []
  readonly #topologies: FoundTopologyFile[] = []
  readonly #checkpoints = new CheckpointFinder()
  #epoch = 0
  #lastCommit = 0

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  async add(start: FileStart): Promise<void> {
    const { id, header } = start
    const path = join(this.#path, walFolderName, fileName(id))
    if (header?.kind === fileKind.topology) {
      const found = await findTopologyFile(this.#disk, this.#path, id)
      if (found !== undefined) this.#topologies.push(found)
    } else if (await wasUsed(this.#disk, path, start)) {
      await this.#addSegment(path, id, header)
    }
  }

  result(): Pick<ManifestContent, 'epoch' | 'files' | 'checkpoint' | 'topology'> {
    const { newest: checkpoint, topologyNeeded } = this.#checkpoints
    const topology = newestOf(this.#topologies, this.#lastCommit, topologyNeeded)
    return {
      epoch: this.#epoch,
      files: this.#files,
      ...(checkpoint && { checkpoint }),
      ...(topology && { topology: topology.file }),
    }
  }

  async #addSegment(path: string, id: number, header: FileHeader | undefined): Promise<void> {
    const sealed = header && (await findSeal(this.#disk, path, header))
    const options = { end: sealed?.dataEnd, visitor: this.#checkpoints.visitorFor(id) }
    const found = await inspectFile(this.#disk, path, options)
    this.#epoch = Math.max(this.#epoch, found?.leaderEpoch ?? 0)
    const isWal = header?.kind !== fileKind.survivors
    if (isWal) this.#lastCommit = Math.max(this.#lastCommit, lastWholeCommit(found))
    this.#files.push({ id, kind: isWal ? 'wal' : 'survivors', ...sealed })
  }
}

/**
 * Whether a commit was ever written to the file. If not it must not be listed: its header may be only in
 * the system's memory and never get to the disk, as nothing is written to a file whose header failed.
 * Of one that was about to be written over, all else is what another file had.
 */
async function wasUsed(disk: Disk, path: string, start: FileStart): Promise<boolean> {
  const { id, header, hasCommit, mayHaveData } = start
  if (!mayHaveData) return false
  if (hasCommit || header?.kind === fileKind.survivors) return true
  const bytes = await readWholeFile(disk, path)
  if (bytes === undefined) return false
  // A header is written as a whole block of its own, and damage rarely looks like zeros.
  const isBlank = isPadding(bytes.subarray(fileHeaderSize, directBlockSize))
  return (header !== undefined && !isBlank) || hasCommits(bytes, id)
}

function hasCommits(bytes: Buffer, id: number): boolean {
  let at = bytes.indexOf(commitMagic)
  while (at >= 0) {
    const isHeader = at + commitHeaderSize <= bytes.length
    if (isHeader && commitSizeAt(bytes, at, id) > 0) return true
    at = bytes.indexOf(commitMagic, at + 1)
  }
  return false
}

/** The last one may be torn: then it never counted. */
function lastWholeCommit(found: FileInspection | undefined): number {
  if (found === undefined) return 0
  const { faults, lastSequence } = found
  const isTorn = faults.some(({ kind, sequence }) => kind !== 'region' && sequence === lastSequence)
  return isTorn ? lastSequence - 1 : lastSequence
}

/** A file that ends in its directory was sealed. */
async function findSeal(
  disk: Disk,
  path: string,
  header: FileHeader,
): Promise<{ readonly sealedSize: number; readonly dataEnd: number } | undefined> {
  const file = await disk.open(path, 'read')
  try {
    const segment = new Segment({ ...header, path, file, dataEnd: fileHeaderSize })
    segment.size = await file.size()
    const extents = await readDirectory(segment)
    return extents && { sealedSize: segment.size, dataEnd: segment.dataEnd }
  } finally {
    await file.close()
  }
}

/**
 * One that was never listed is newer than the one before it, and does not count while that is there. What
 * is left of a damaged one is better than nothing, if it was `needed`.
 */
function newestOf(
  found: readonly FoundTopologyFile[],
  lastCommit: number,
  needed: number,
): FoundTopologyFile | undefined {
  const newestFirst = found.toSorted((a, b) => b.file.through - a.file.through)
  const listed = newestFirst.find((each) => each.isWhole && each.lastCommit <= lastCommit)
  if (listed !== undefined || needed === 0) return listed
  return newestFirst.find(({ file }) => file.through >= needed)
}
