// Marks damage in the bytes of a data file, in its place, so that readers pass over it and everything
// around it stays where it is.
import { crc32c } from '../../lib/crc32c.ts'
import { writeInt64 } from '../../lib/int64.ts'
import { crcOfGroup, entryKind, groupField, groupHeaderSize, groupMagic } from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import type { FileFault } from './inspect-file.ts'

/** Marks one damaged place of the file in `bytes`. */
export function patchFault(bytes: Buffer, fault: FileFault, header: FileHeader): void {
  if (fault.kind === 'region') {
    writeFiller(bytes, fault, header)
    return
  }
  const { group, entry, position, size } = fault
  if (fault.kind === 'run') bytes[entry] = entryKind.lostRun
  else bytes.writeUInt32BE(crc32c(bytes.subarray(position, position + size)), entry + 12)
  writeGroupCrc(bytes, group, header.salt)
}

/** A group of one entry that spans the unreadable bytes. No group is smaller than it. */
function writeFiller(bytes: Buffer, { position, size }: FileFault, header: FileHeader): void {
  const entrySize = 16
  bytes.fill(0, position, position + groupHeaderSize + entrySize)
  groupMagic.copy(bytes, position)
  bytes.writeUInt32BE(size, position + groupField.size)
  writeInt64(bytes, position + groupField.fileId, header.id)
  bytes.writeUInt32BE(entrySize, position + groupField.entriesSize)
  bytes.writeUInt32BE(1, position + groupField.entryCount)
  const entry = position + groupHeaderSize
  bytes[entry] = entryKind.filler
  bytes.writeUInt32BE(entrySize, entry + 4)
  bytes.writeUInt32BE(size - groupHeaderSize - entrySize, entry + 8)
  writeGroupCrc(bytes, position, header.salt)
}

function writeGroupCrc(bytes: Buffer, group: number, salt: number): void {
  const entriesSize = bytes.readUInt32BE(group + groupField.entriesSize)
  bytes.writeUInt32BE(crcOfGroup(bytes, group, entriesSize, salt), group + groupField.crc)
}
