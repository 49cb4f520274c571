// What a data file looks like. A WAL file and a survivor file are the same: a header, commits one after
// the other, and once sealed a directory (segment-directory.ts). A topology file has none.
//
// File header, 64 bytes:
//   0 'PABALLOG' │ 8 version u32 │ 12 kind u32 │ 16 file id i64 │ 24 salt u32 │ 28 prior size u32
//  32 zeros │ 60 crc u32
// Up to the prior size, what follows the last commit is what a spare file held before.
//
// Commit: header of 48 bytes, entries, payload.
//   0 'PGRP' │ 4 size u32 │ 8 file id i64 │ 16 sequence i64 │ 24 synced through i64
//  32 leader epoch u32 │ 36 entries size u32 │ 40 entry count u32 │ 44 crc u32
// `size` is all of it. The CRC-32C starts from the file's salt (so bytes copied from elsewhere, a
// WAL file sent as a message say, are never taken for a commit) and covers header and entries.
//
// Entry: 0 kind u8 │ 1 detail u8 │ 2 zeros │ 4 size u32 (all of the entry) │ 8 …
//   run       8 log id i64 │ 16 base offset i64 │ 24 max timestamp i64 │ 32 last offset delta u32
//            36 record count u32 │ 40 run size u32 │ 44 run crc u32 │ 48 leader epoch u32; detail: magic
//   shared    8 size u32 │ 12 crc u32
//   delta     8 cursor id │ 16 delivered mark i64 or -1 │ 24 base i64 │ 32 (first u32, last u32)*
//   wideDelta 8 cursor id │ 16 delivered mark          │ 24 (first i64, last i64)*
//   snapshot  8 log id │ 16 start offset │ 24 end offset
//   cursor    8 cursor id │ 16 log id │ 24 floor │ 32 delivered mark
//   ackedRuns 8 cursor id │ 16 base i64 │ 24 (first u16, last u16)*
//   ackedBits 8 cursor id │ 16 base i64 │ 24 8,192 bytes, bit i of byte n: base + 8n + i is acked
//   trim      8 log id │ 16 offset
//   created, deleted   8 log id
//   cursorDeleted      8 cursor id
//   notes     8 cursor id │ 16 (offset i64, ready at i64, count u32)*; of one offset the last counts
//   topology  8 sequence i64 │ 16 bytes
//   begin     8 checkpoint id │ 16 next log id │ 24 next topology sequence │ 32 next aside id
//            40 next cursor id
//   end       8 checkpoint id │ 16 last topology entry that it does not repeat; in a topology file
//            8 last topology entry │ 16 last commit of the WAL
//   aside     8 log id │ 16 offset │ 24 aside id
//   state     8 key size u32 │ 12 key │ value; detail: 1 when the key is forgotten (no value then)
//   lostRun   as run: `pabal repair` found the run damaged; its bytes stay where they are
//   filler    8 size u32 of the payload │ 12 zeros: what `pabal repair` puts over unreadable bytes
// The payload is the shared bodies (each after its own CRC-32C), then the runs in the order of their entries. A run entry holds
// what the run's own CRC does not cover, so every byte is covered exactly once.
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import { directBlockSize } from './direct-file.ts'

/**
 * The version of a data folder as a whole: of its data files, and of all that is in them and has no number
 * of its own. What an older version could not read, or would read wrongly, takes a new one (`migrations.ts`).
 */
export const formatVersion = 5
/** Where data files are in a data folder. */
export const walFolderName = 'wal'
export const fileHeaderSize = 64
export const commitHeaderSize = 48
export const entryHeadSize = 8
export const runEntrySize = 52
export const sharedEntrySize = 16
export const noteSize = 20
/** Where the key starts in a state entry, and the detail of one without a value. */
export const stateKeyStart = 12
export const stateForgotten = 1

export const fileKind = { wal: 1, survivors: 2, topology: 3 } as const
export type FileKind = (typeof fileKind)[keyof typeof fileKind]

export const entryKind = {
  run: 1,
  shared: 2,
  delta: 3,
  wideDelta: 4,
  snapshot: 5,
  ackedRuns: 6,
  trim: 7,
  created: 8,
  deleted: 9,
  topology: 10,
  begin: 11,
  end: 12,
  aside: 13,
  ackedBits: 14,
  lostRun: 15,
  filler: 16,
  state: 17,
  cursor: 18,
  cursorDeleted: 19,
  /** From version 4. */
  notes: 20,
} as const

export const commitField = {
  size: 4,
  fileId: 8,
  sequence: 16,
  syncedThrough: 24,
  leaderEpoch: 32,
  entriesSize: 36,
  entryCount: 40,
  crc: 44,
} as const

export const fileMagic: Buffer = Buffer.from('PABALLOG', 'latin1')
export const commitMagic: Buffer = Buffer.from('PGRP', 'latin1')

export interface FileHeader {
  readonly kind: FileKind
  readonly id: number
  readonly salt: number
  /** Bytes that were in the file when it was taken for this; 0 for a new one. */
  readonly priorSize: number
}

export function encodeFileHeader(header: FileHeader): Buffer {
  const bytes = Buffer.alloc(fileHeaderSize)
  fileMagic.copy(bytes, 0)
  bytes.writeUInt32BE(formatVersion, 8)
  bytes.writeUInt32BE(header.kind, 12)
  writeInt64(bytes, 16, header.id)
  bytes.writeUInt32BE(header.salt, 24)
  bytes.writeUInt32BE(header.priorSize, 28)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, 60)), 60)
  return bytes
}

/** The header in the first bytes of a file, or undefined when they are not one. */
export function decodeFileHeader(bytes: Buffer): FileHeader | undefined {
  if (bytes.length < fileHeaderSize || !bytes.subarray(0, 8).equals(fileMagic)) return undefined
  if (bytes.readUInt32BE(60) !== crc32c(bytes.subarray(0, 60))) return undefined
  const kind = bytes.readUInt32BE(12) as FileKind
  const [salt, priorSize] = [bytes.readUInt32BE(24), bytes.readUInt32BE(28)]
  return { kind, id: readInt64(bytes, 16), salt, priorSize }
}

/** The version in a header that `decodeFileHeader` can read. */
export function formatIn(bytes: Buffer): number {
  return bytes.readUInt32BE(8)
}

/** The CRC that belongs in the header of the commit at `start`. */
export function crcOfCommit(
  bytes: Buffer,
  start: number,
  entriesSize: number,
  salt: number,
): number {
  const entries = start + commitHeaderSize
  const ofHeader = crc32c(bytes.subarray(start, start + commitField.crc), salt)
  return crc32c(bytes.subarray(entries, entries + entriesSize), ofHeader)
}

/** Name of a data file from its id. */
export function fileName(id: number): string {
  return `${String(id).padStart(10, '0')}.log`
}

/** The id in the name of a data file; undefined for any other name. */
export function fileIdOf(name: string): number | undefined {
  const id = Number.parseInt(name, 10)
  return name === fileName(id) ? id : undefined
}

/** Whether `bytes`, from the last good commit to the end of a file, are what pads its last block. */
export function isPadding(bytes: Buffer): boolean {
  return bytes.length < directBlockSize && bytes.every((byte) => byte === 0)
}
