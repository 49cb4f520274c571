// Looks at every byte of one data file and says what is wrong with it and where. After damage it
// goes on at the next group that can be trusted, so one bad sector does not hide the rest.
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64 } from '../../lib/int64.ts'
import type { Disk } from './disk.ts'
import {
  decodeFileHeader,
  entryKind,
  fileHeaderSize,
  groupField,
  groupHeaderSize,
  groupMagic,
  isPadding,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readWholeFile } from './file-operations.ts'
import { checkGroupHeader, groupSizeAt, isRunIntact } from './group-decoder.ts'

/** Something wrong: `size` bytes at `position`. */
export interface FileFault {
  readonly kind: 'header' | 'region' | 'run' | 'shared'
  readonly position: number
  readonly size: number
  readonly reason: string
  /** Place of the entry that describes a damaged run or section, and of its group. */
  readonly entry: number
  readonly group: number
  /** Nothing follows, and the file held other bytes before: there need never have been a group. */
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

export interface FileInspection {
  readonly path: string
  readonly bytes: Buffer
  readonly header: FileHeader | undefined
  readonly faults: FileFault[]
  /** End of the last group that can be trusted. */
  dataEnd: number
  groupCount: number
  runCount: number
  recordCount: number
  firstSequence: number
  lastSequence: number
  syncedThrough: number
  leaderEpoch: number
  /** Bodies of their own that records in this file refer to. */
  readonly asideIds: Set<number>
}

/** Undefined when there is no such file. `end` is where groups end, when it is known. */
export async function inspectFile(
  disk: Disk,
  path: string,
  end?: number,
): Promise<FileInspection | undefined> {
  const bytes = await readWholeFile(disk, path)
  if (bytes === undefined) return undefined
  const inspection: FileInspection = {
    path,
    bytes,
    header: decodeFileHeader(bytes),
    faults: [],
    dataEnd: fileHeaderSize,
    groupCount: 0,
    runCount: 0,
    recordCount: 0,
    firstSequence: 0,
    lastSequence: 0,
    syncedThrough: 0,
    leaderEpoch: 0,
    asideIds: new Set(),
  }
  if (inspection.header === undefined) {
    addFault(inspection, {
      kind: 'header',
      position: 0,
      size: bytes.length,
      reason: 'the file header is damaged',
    })
  } else {
    walkGroups(inspection, inspection.header, Math.min(end ?? bytes.length, bytes.length))
  }
  return inspection
}

function walkGroups(inspection: FileInspection, header: FileHeader, end: number): void {
  const { bytes } = inspection
  let position = fileHeaderSize
  while (position < end) {
    const size = trustedSizeAt(bytes.subarray(0, end), position, header)
    if (size > 0) {
      checkGroup(inspection, position, size)
      position += size
      inspection.dataEnd = position
      continue
    }
    if (isPadding(bytes.subarray(position, end))) return
    const next = findGroup(bytes.subarray(0, end), position + 1, header)
    const reason =
      next < end ? 'no group can be read here' : 'no group can be read from here to the end'
    const isRemains = position < header.priorSize && next === end
    addFault(inspection, { kind: 'region', position, size: next - position, reason, isRemains })
    position = next
  }
}

/** Size of the group at `position` if its header and entries verify, else 0. */
function trustedSizeAt(bytes: Buffer, position: number, header: FileHeader): number {
  if (position + groupHeaderSize > bytes.length) return 0
  const size = groupSizeAt(bytes, position, header.id)
  if (size === 0 || position + size > bytes.length) return 0
  const group = bytes.subarray(position, position + size)
  return checkGroupHeader(group, header.salt) === undefined ? size : 0
}

function findGroup(bytes: Buffer, from: number, header: FileHeader): number {
  let at = bytes.indexOf(groupMagic, from)
  while (at >= 0 && trustedSizeAt(bytes, at, header) === 0) at = bytes.indexOf(groupMagic, at + 1)
  return at < 0 ? bytes.length : at
}

function checkGroup(inspection: FileInspection, start: number, size: number): void {
  const group = inspection.bytes.subarray(start, start + size)
  const sequence = readInt64(group, groupField.sequence)
  inspection.groupCount++
  if (inspection.firstSequence === 0) inspection.firstSequence = sequence
  inspection.lastSequence = sequence
  inspection.syncedThrough = Math.max(
    inspection.syncedThrough,
    readInt64(group, groupField.syncedThrough),
  )
  inspection.leaderEpoch = group.readUInt32BE(groupField.leaderEpoch)
  const entriesEnd = groupHeaderSize + group.readUInt32BE(groupField.entriesSize)
  let payload = entriesEnd
  for (let at = groupHeaderSize; at < entriesEnd; at += group.readUInt32BE(at + 4)) {
    payload += checkEntry(inspection, { group, start, at, payload })
  }
}

interface EntryPlace {
  readonly group: Buffer
  readonly start: number
  readonly at: number
  readonly payload: number
}

/** Checks what an entry describes and returns the bytes it takes of the payload. */
function checkEntry(inspection: FileInspection, place: EntryPlace): number {
  const { group, start, at, payload } = place
  const where = { entry: start + at, group: start, position: start + payload }
  switch (group[at]) {
    case entryKind.shared: {
      const size = group.readUInt32BE(at + 8)
      if (crc32c(group.subarray(payload, payload + size)) !== group.readUInt32BE(at + 12)) {
        addFault(inspection, {
          ...where,
          kind: 'shared',
          size,
          reason: 'shared bodies are damaged',
        })
      }
      return size
    }
    case entryKind.run: {
      const size = group.readUInt32BE(at + 40)
      inspection.runCount++
      inspection.recordCount += group.readUInt32BE(at + 36)
      if (!isRunIntact(group, at, payload)) {
        addFault(inspection, {
          ...where,
          kind: 'run',
          size,
          reason: 'a run is damaged',
          lost: lostAt(group, at),
        })
      }
      return size
    }
    case entryKind.aside:
      inspection.asideIds.add(readInt64(group, at + 24))
      return 0
    case entryKind.lostRun:
      return group.readUInt32BE(at + 40)
    case entryKind.filler:
      return group.readUInt32BE(at + 8)
    default:
      return 0
  }
}

function lostAt(group: Buffer, at: number): LostRange {
  const first = readInt64(group, at + 16)
  return {
    logId: readInt64(group, at + 8),
    first,
    last: first + group.readUInt32BE(at + 32),
    recordCount: group.readUInt32BE(at + 36),
  }
}

function addFault(
  inspection: FileInspection,
  fault: Pick<FileFault, 'kind' | 'position' | 'size' | 'reason'> & Partial<FileFault>,
): void {
  inspection.faults.push({ entry: 0, group: 0, isRemains: false, lost: undefined, ...fault })
}
