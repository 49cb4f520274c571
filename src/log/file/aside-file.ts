// The file of one large body: how it is named, laid out and checked.
//
//   0 'PABALBDY' │ 8 version u32 │ 12 crc u32 of the body │ 16 id i64 │ 24 body size i64 │ 32 body
import { crc32c } from '../../lib/crc32c.ts'
import { readInt64, writeInt64 } from '../../lib/int64.ts'
import type { Disk } from './disk.ts'
import { formatVersion } from './file-format.ts'
import { readWholeFile } from './file-operations.ts'

export const asideFolderName = 'aside'
const suffix = '.body'
const headerSize = 32
const magic: Buffer = Buffer.from('PABALBDY', 'latin1')

/** What is left of a body on disk. */
export type BodyState = 'whole' | 'missing' | 'damaged'

/** Reads the file of body `id` and says what is in it. */
export async function inspectBody(disk: Disk, path: string, id: number): Promise<BodyState> {
  const bytes = await readWholeFile(disk, path)
  if (bytes === undefined) return 'missing'
  const body = bodyIn(bytes, id)
  return body !== undefined && crc32c(body) === crcIn(bytes) ? 'whole' : 'damaged'
}

/** Name of the file of body `id`. */
export function asideName(id: number): string {
  return `${String(id).padStart(10, '0')}${suffix}`
}

/** The body that a file of that name is for; undefined for a file that is none of ours. */
export function asideIdOf(name: string): number | undefined {
  const id = Number.parseInt(name, 10)
  return name === asideName(id) ? id : undefined
}

/** How much of a file to read for the first `sizeMax` bytes of its body. */
export function startSizeOf(sizeMax: number): number {
  return headerSize + sizeMax
}

/** What of the body is in the first bytes of its file; undefined when its head is damaged or another's. */
export function startIn(bytes: Buffer, id: number): Buffer | undefined {
  if (bytes.length < headerSize) return undefined
  if (!bytes.subarray(0, 8).equals(magic) || readInt64(bytes, 16) !== id) return undefined
  return bytes.subarray(headerSize)
}

/** The body in the bytes of its file; undefined when its head is damaged or another's. */
export function bodyIn(bytes: Buffer, id: number): Buffer | undefined {
  const body = startIn(bytes, id)
  return body !== undefined && readInt64(bytes, 24) === body.length ? body : undefined
}

/** The checksum that the file says its body has. */
export function crcIn(bytes: Buffer): number {
  return bytes.readUInt32BE(12)
}

/** Precedes `body`, whose checksum is `crc`. */
export function encodeAsideHeader(id: number, body: Buffer, crc: number): Buffer {
  const header = Buffer.alloc(headerSize)
  magic.copy(header)
  header.writeUInt32BE(formatVersion, 8)
  header.writeUInt32BE(crc, 12)
  writeInt64(header, 16, id)
  writeInt64(header, 24, body.length)
  return header
}
