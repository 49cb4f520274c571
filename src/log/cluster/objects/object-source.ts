// Where the bytes of an object come from: memory, or a local file of which a piece at a time is in memory.
import type { DiskFile } from '../../file/disk.ts'
import { readAt } from '../../file/file-operations.ts'
import type { ObjectSource } from './object-store.ts'

/** Bytes in memory, which do not change until the object is put. */
export function bufferSource(bytes: Buffer): ObjectSource {
  return {
    size: bytes.length,
    read: (from, size) => Promise.resolve(bytes.subarray(from, from + size)),
  }
}

/** The first `size` bytes of an open file; whoever opened it closes it. */
export function fileSource(file: DiskFile, size: number): ObjectSource {
  return { size, read: (from, count) => readAt(file, from, count) }
}

/** Exactly `size` bytes of a source. Fewer than it promised is an error of whoever put it, not of the store. */
export async function readSource(
  source: ObjectSource,
  from: number,
  size: number,
): Promise<Buffer> {
  const bytes = await source.read(from, size)
  if (bytes.length === size) return bytes
  const message = `what is to be stored ended at byte ${from + bytes.length} of ${source.size}`
  throw new SourceError(message)
}

/** What is to be stored cannot be read: no retry of a request helps. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}
