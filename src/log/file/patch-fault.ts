// Marks damage in the bytes of a data file, in its place, so that readers pass over it and everything
// around it stays where it is.
import { crc32c } from '../../lib/crc32c.ts'
import { writeInt64 } from '../../lib/int64.ts'
import {
  crcOfCommit,
  entryKind,
  commitField,
  commitHeaderSize,
  commitMagic,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import type { FileFault } from './inspect-file.ts'

/** Marks one damaged place of the file in `bytes`. */
export function patchFault(bytes: Buffer, fault: FileFault, header: FileHeader): void {
  if (fault.kind === 'region') {
    writeFiller(bytes, fault, header)
    return
  }
  const { commit, entry, position, size } = fault
  if (fault.kind === 'run') bytes[entry] = entryKind.lostRun
  else bytes.writeUInt32BE(crc32c(bytes.subarray(position, position + size)), entry + 12)
  writeCommitCrc(bytes, commit, header.salt)
}

/** A commit of one entry that spans the unreadable bytes. No commit is smaller than it. */
function writeFiller(bytes: Buffer, { position, size }: FileFault, header: FileHeader): void {
  const entrySize = 16
  bytes.fill(0, position, position + commitHeaderSize + entrySize)
  commitMagic.copy(bytes, position)
  bytes.writeUInt32BE(size, position + commitField.size)
  writeInt64(bytes, position + commitField.fileId, header.id)
  bytes.writeUInt32BE(entrySize, position + commitField.entriesSize)
  bytes.writeUInt32BE(1, position + commitField.entryCount)
  const entry = position + commitHeaderSize
  bytes[entry] = entryKind.filler
  bytes.writeUInt32BE(entrySize, entry + 4)
  bytes.writeUInt32BE(size - commitHeaderSize - entrySize, entry + 8)
  writeCommitCrc(bytes, position, header.salt)
}

function writeCommitCrc(bytes: Buffer, commit: number, salt: number): void {
  const entriesSize = bytes.readUInt32BE(commit + commitField.entriesSize)
  bytes.writeUInt32BE(crcOfCommit(bytes, commit, entriesSize, salt), commit + commitField.crc)
}
