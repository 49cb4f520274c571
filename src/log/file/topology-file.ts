// A topology file: all of the topology as it was at some entry, in a few entries of its own, so that the
// log need not keep each one for ever. It looks like any data file and is never changed: commits 1, 2, 3 …,
// the last of which has an `end` entry: the entry it goes through, and the last commit of the WAL of which
// it may show something. It counts once the manifest names it, which is when that commit is durable. Its
// entries may show later changes as well: those come again from the WAL.
import { join } from 'node:path'
import { logLimits } from '../../limits/log.ts'
import { Commit } from '../commit.ts'
import { DecodedCommit } from './commit-decoder.ts'
import type { EntryVisitor } from './commit-decoder.ts'
import { CommitEncoder } from './commit-encoder.ts'
import { CommitReader } from './commit-reader.ts'
import { corruptError, missingFileError } from './corrupt-error.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskFile } from './disk.ts'
import { EntryWriter } from './entry-writer.ts'
import {
  decodeFileHeader,
  encodeFileHeader,
  entryKind,
  fileHeaderSize,
  fileKind,
  fileName,
  walFolderName,
} from './file-format.ts'
import { readAt, syncFile, writeAllAt } from './file-operations.ts'
import { inspectFile } from './inspect-file.ts'
import type { TopologyFile } from './manifest.ts'

/** A file that does not count yet. */
export interface NewTopologyFile {
  readonly disk: Disk
  /** The folder of data files. */
  readonly folder: string
  readonly id: number
  readonly salt: number
  readonly leaderEpoch: number
}

export interface WrittenTopology {
  /** The last entry that is in it. */
  readonly through: number
  readonly entries: Iterable<Buffer>
  /** The last commit of which the entries that were taken so far may show something. */
  readonly lastCommit: () => number
}

/** Writes a file that nobody lists yet; all of it is synced. */
export async function writeTopologyFile(
  { disk, folder, id, salt, leaderEpoch }: NewTopologyFile,
  topology: WrittenTopology,
): Promise<TopologyFile> {
  const path = join(folder, fileName(id))
  // What a crash left behind under this name was never listed.
  await disk.unlink(path)
  const file = await disk.open(path, 'create')
  try {
    const header = encodeFileHeader({ kind: fileKind.topology, id, salt, priorSize: 0 })
    await writeAllAt(file, [header], 0)
    const place = { fileId: id, salt, leaderEpoch }
    const size = await writeCommits(file, place, commitsOf(topology))
    await syncFile(file)
    await file.finish(size)
    await disk.syncFolder(folder)
    return { fileId: id, size, through: topology.through }
  } catch (error) {
    await disk.unlink(path)
    throw error
  } finally {
    await file.close()
  }
}

/** So much at a time as takes some milliseconds to make. What is yielded is valid until the next. */
function* commitsOf({ through, entries: all, lastCommit }: WrittenTopology): Generator<Commit> {
  const entries = new EntryWriter()
  let sequence = 1
  for (const bytes of all) {
    entries.topology(through, bytes)
    if (entries.size < logLimits.topologyPieceSizeMax) continue
    yield commitOf(sequence++, entries)
    entries.reset(0)
  }
  entries.numbers(entryKind.end, through, lastCommit())
  yield commitOf(sequence, entries)
}

function commitOf(sequence: number, { bytes, size, count }: EntryWriter): Commit {
  const commit = new Commit(sequence)
  commit.extra = { bytes: bytes.subarray(0, size), count }
  return commit
}

/** Returns where they end. */
async function writeCommits(
  file: DiskFile,
  place: { readonly fileId: number; readonly salt: number; readonly leaderEpoch: number },
  commits: Iterable<Commit>,
): Promise<number> {
  const encoder = new CommitEncoder()
  let position = fileHeaderSize
  for (const commit of commits) {
    const { sequence } = commit
    const buffers = encoder.encode(commit, { ...place, position, sequence, syncedThrough: 0 })
    await writeAllAt(file, buffers, position)
    position += encoder.size
  }
  return position
}

/**
 * Passes the entries of a topology file on. Throws `LogError` 'corrupt' unless all of them are there.
 */
export async function readTopologyFile(
  disk: Disk,
  folder: string,
  { fileId, size }: TopologyFile,
  onEntry: (sequence: number, bytes: Buffer) => void,
): Promise<void> {
  const path = join(folder, walFolderName, fileName(fileId))
  const file = await openListed(disk, path)
  try {
    const header = decodeFileHeader(await readAt(file, 0, fileHeaderSize))
    if (header === undefined || header.id !== fileId || header.kind !== fileKind.topology) {
      throw corruptError(path, 0, 'the file header is damaged')
    }
    const found = await file.size()
    if (found < size) throw corruptError(path, found, 'the end of the file is missing')
    await readCommits(new CommitReader({ ...header, file, fileId, end: size }), path, onEntry)
  } finally {
    await file.close()
  }
}

/** A topology file that nobody lists any more. */
export interface FoundTopologyFile {
  readonly file: TopologyFile
  /** Otherwise it was never finished, or it is damaged. */
  readonly isWhole: boolean
  /** It was not listed unless this commit of the WAL was durable. */
  readonly lastCommit: number
}

/** Looks at a topology file; undefined when nothing can be had from it. */
export async function findTopologyFile(
  disk: Disk,
  folder: string,
  fileId: number,
): Promise<FoundTopologyFile | undefined> {
  let through = 0
  const entries = new TopologyVisitor((sequence) => {
    through = sequence
  })
  const found = await inspectFile(disk, join(folder, walFolderName, fileName(fileId)), {
    visitor: { wants: () => true, onCommit: (commit) => commit.visit(entries), onRun: () => {} },
  })
  if (found === undefined || through === 0) return undefined
  const isWhole = found.faults.length === 0 && entries.isWhole
  const { lastCommit } = entries
  return { file: { fileId, size: found.size, through }, isWhole, lastCommit }
}

async function readCommits(
  reader: CommitReader,
  path: string,
  onEntry: (sequence: number, bytes: Buffer) => void,
): Promise<void> {
  const visitor = new TopologyVisitor(onEntry)
  let last = 0
  for (;;) {
    const { position } = reader
    const commit = await reader.next()
    if (commit === undefined) {
      if (visitor.isWhole) return
      throw corruptError(path, position, 'the end of the topology is missing')
    }
    if (!(commit instanceof DecodedCommit)) throw corruptError(path, position, commit.reason)
    const { sequence } = commit
    if (sequence !== last + 1) {
      const reason = `commit ${sequence} follows where commit ${last + 1} belongs`
      throw corruptError(path, position, reason)
    }
    last = sequence
    commit.visit(visitor)
  }
}

async function openListed(disk: Disk, path: string): Promise<DiskFile> {
  try {
    return await disk.open(path, 'read')
  } catch (error) {
    if (diskErrorKind(error) !== 'missing') throw error
    throw missingFileError(path)
  }
}

/** There is nothing but topology in such a file. */
export class TopologyVisitor implements EntryVisitor {
  readonly onTopology: EntryVisitor['onTopology']
  isWhole = false
  lastCommit = 0

  constructor(onTopology: EntryVisitor['onTopology']) {
    this.onTopology = onTopology
  }

  onCheckpointEnd(_through: number, lastCommit: number): void {
    this.isWhole = true
    this.lastCommit = lastCommit
  }

  onRun(): void {}
  onDelta(): void {}
  onSnapshot(): void {}
  onCursor(): void {}
  onAckedRange(): void {}
  onNote(): void {}
  onTrim(): void {}
  onCreated(): void {}
  onDeleted(): void {}
  onCursorDeleted(): void {}
  onCheckpointBegin(): void {}
  onAside(): void {}
  onState(): void {}
}
