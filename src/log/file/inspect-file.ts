// Looks at every byte of one data file and says what is wrong with it and where. After damage it
// goes on at the next commit that can be trusted, so one bad sector does not hide the rest.
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64 } from '../../lib/int64.ts'
import { checkCommitHeader, DecodedCommit, commitSizeAt, isRunIntact } from './commit-decoder.ts'
import type { Disk } from './disk.ts'
import {
  decodeFileHeader,
  entryKind,
  fileHeaderSize,
  commitHeaderSize,
  commitMagic,
  isPadding,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readWholeFile } from './file-operations.ts'

/** Something wrong: `size` bytes at `position`. */
export interface FileFault {
  readonly kind: 'header' | 'region' | 'run' | 'shared'
  readonly position: number
  readonly size: number
  readonly reason: string
  /** Place of the entry that describes a damaged run or section, and of its commit. */
  readonly entry: number
  readonly commit: number
  /** Sequence of that commit; of a region, of the last commit before it. */
  readonly sequence: number
  /** Nothing follows, and the file held other bytes before: there need never have been a commit. */
  readonly isRemains: boolean
  /** What a damaged run held. */
  readonly lost: LostRange | undefined
}

export interface LostRange {
  readonly logId: number
  readonly first: number
  readonly last: number
  readonly recordCount: number
}

/** What is in a file, for whoever wants more than counts. Buffers are views of the whole file. */
export interface InspectionVisitor {
  /** Whether it takes the commit at `position`; `isClean` when every byte of it verifies. */
  wants(position: number, isClean: boolean): boolean
  /** A commit whose entries can be trusted. Its runs follow. */
  onCommit(commit: DecodedCommit): void
  /** A run of that commit whose bytes are what was written; `bodies` tells about the shared ones. */
  onRun(logId: number, bytes: Buffer, bodies: CommitBodies): void
}

/** The shared bodies of one commit. */
export interface CommitBodies {
  readonly bytes: Buffer
  readonly areIntact: boolean
}

export interface FileInspection {
  readonly path: string
  /** Bytes of the file. */
  readonly size: number
  readonly header: FileHeader | undefined
  readonly faults: FileFault[]
  /** End of the last commit that can be trusted. */
  dataEnd: number
  commitCount: number
  runCount: number
  recordCount: number
  firstSequence: number
  lastSequence: number
  syncedThrough: number
  leaderEpoch: number
}

export interface InspectOptions {
  /** Where commits end, when it is known. */
  readonly end?: number | undefined
  readonly visitor?: InspectionVisitor
}

/** Undefined when there is no such file. */
export async function inspectFile(
  disk: Disk,
  path: string,
  options: InspectOptions = {},
): Promise<FileInspection | undefined> {
  const bytes = await readWholeFile(disk, path)
  if (bytes === undefined) return undefined
  const inspection: FileInspection = {
    path,
    size: bytes.length,
    header: decodeFileHeader(bytes),
    faults: [],
    dataEnd: fileHeaderSize,
    commitCount: 0,
    runCount: 0,
    recordCount: 0,
    firstSequence: 0,
    lastSequence: 0,
    syncedThrough: 0,
    leaderEpoch: 0,
  }
  const { header } = inspection
  if (header === undefined) {
    addFault(inspection, {
      kind: 'header',
      position: 0,
      size: bytes.length,
      reason: 'the file header is damaged',
    })
  } else {
    const end = Math.min(options.end ?? bytes.length, bytes.length)
    walkCommits({ inspection, header, bytes: bytes.subarray(0, end), visitor: options.visitor })
  }
  return inspection
}

interface Walk {
  readonly inspection: FileInspection
  readonly header: FileHeader
  /** The file, up to where commits end. */
  readonly bytes: Buffer
  readonly visitor: InspectionVisitor | undefined
}

function walkCommits(walk: Walk): void {
  const { inspection, header, bytes } = walk
  const end = bytes.length
  let position = fileHeaderSize
  while (position < end) {
    const size = trustedSizeAt(bytes, position, header)
    if (size > 0) {
      checkCommit(walk, position, size)
      position += size
      inspection.dataEnd = position
      continue
    }
    if (isPadding(bytes.subarray(position))) return
    const next = findCommit(bytes, position + 1, header)
    const reason =
      next < end ? 'no commit can be read here' : 'no commit can be read from here to the end'
    const isRemains = position < header.priorSize && next === end
    const { lastSequence: sequence } = inspection
    const rest = next - position
    addFault(inspection, { kind: 'region', position, size: rest, reason, isRemains, sequence })
    position = next
  }
}

/** Size of the commit at `position` if its header and entries verify, else 0. */
function trustedSizeAt(bytes: Buffer, position: number, header: FileHeader): number {
  if (position + commitHeaderSize > bytes.length) return 0
  const size = commitSizeAt(bytes, position, header.id)
  if (size === 0 || position + size > bytes.length) return 0
  const commit = bytes.subarray(position, position + size)
  return checkCommitHeader(commit, header.salt) === undefined ? size : 0
}

function findCommit(bytes: Buffer, from: number, header: FileHeader): number {
  let at = bytes.indexOf(commitMagic, from)
  while (at >= 0 && trustedSizeAt(bytes, at, header) === 0) at = bytes.indexOf(commitMagic, at + 1)
  return at < 0 ? bytes.length : at
}

function checkCommit({ inspection, bytes, visitor }: Walk, start: number, size: number): void {
  const commit = new DecodedCommit(bytes.subarray(start, start + size), start)
  const { sequence, syncedThrough } = commit
  inspection.commitCount++
  if (inspection.firstSequence === 0) inspection.firstSequence = sequence
  inspection.lastSequence = sequence
  inspection.syncedThrough = Math.max(inspection.syncedThrough, syncedThrough)
  inspection.leaderEpoch = commit.leaderEpoch
  const faultCount = inspection.faults.length
  const bodies = checkShared(inspection, commit)
  commit.sharedSize = bodies.bytes.length
  const intact = checkRuns(inspection, commit)
  const isClean = inspection.faults.length === faultCount
  if (visitor?.wants(start, isClean) !== true) return
  visitor.onCommit(commit)
  for (const { logId, run } of intact) visitor.onRun(logId, run, bodies)
}

/** The section of shared bodies comes first, wherever its entry is. */
function checkShared(inspection: FileInspection, commit: DecodedCommit): CommitBodies {
  const { bytes, position, sharedStart, sequence } = commit
  for (let at = commitHeaderSize; at < sharedStart; at += bytes.readUInt32BE(at + 4)) {
    if (bytes[at] !== entryKind.shared) continue
    const size = bytes.readUInt32BE(at + 8)
    const section = bytes.subarray(sharedStart, sharedStart + size)
    const areIntact = crc32c(section) === bytes.readUInt32BE(at + 12)
    if (!areIntact) {
      const where = { entry: position + at, commit: position, position: position + sharedStart }
      const reason = 'shared bodies are damaged'
      addFault(inspection, { ...where, kind: 'shared', size, reason, sequence })
    }
    return { bytes: section, areIntact }
  }
  return { bytes: bytes.subarray(0, 0), areIntact: true }
}

interface IntactRun {
  readonly logId: number
  readonly run: Buffer
}

function checkRuns(inspection: FileInspection, commit: DecodedCommit): IntactRun[] {
  const { bytes, position, sharedStart, sequence } = commit
  const intact: IntactRun[] = []
  let payload = sharedStart + commit.sharedSize
  for (let at = commitHeaderSize; at < sharedStart; at += bytes.readUInt32BE(at + 4)) {
    const size = payloadSizeOf(bytes, at)
    if (bytes[at] === entryKind.run) {
      inspection.runCount++
      inspection.recordCount += bytes.readUInt32BE(at + 36)
      if (isRunIntact(bytes, at, payload)) {
        const run = bytes.subarray(payload, payload + size)
        intact.push({ logId: readInt64(bytes, at + 8), run })
      } else {
        const where = { entry: position + at, commit: position, position: position + payload }
        const [reason, lost] = ['a run is damaged', lostAt(bytes, at)]
        addFault(inspection, { ...where, kind: 'run', size, reason, sequence, lost })
      }
    }
    payload += size
  }
  return intact
}

/** Bytes that the entry at `at` takes of the payload behind the shared bodies. */
function payloadSizeOf(commit: Buffer, at: number): number {
  switch (commit[at]) {
    case entryKind.run:
    case entryKind.lostRun:
      return commit.readUInt32BE(at + 40)
    case entryKind.filler:
      return commit.readUInt32BE(at + 8)
    default:
      return 0
  }
}

function lostAt(commit: Buffer, at: number): LostRange {
  const first = readInt64(commit, at + 16)
  return {
    logId: readInt64(commit, at + 8),
    first,
    last: first + commit.readUInt32BE(at + 32),
    recordCount: commit.readUInt32BE(at + 36),
  }
}

function addFault(
  inspection: FileInspection,
  fault: Pick<FileFault, 'kind' | 'position' | 'size' | 'reason'> & Partial<FileFault>,
): void {
  inspection.faults.push({
    entry: 0,
    commit: 0,
    sequence: 0,
    isRemains: false,
    lost: undefined,
    ...fault,
  })
}
