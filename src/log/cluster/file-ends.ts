// The first and the last bytes of a finished data file: its header and its directory, which is all that a start reads of
// it. They stand beside the file's name, so a start on ten thousand files asks the database once and their store never.
import { clusterLimits } from '../../limits/cluster.ts'
import { fileHeaderSize } from '../file/file-format.ts'
import { directoryStart } from '../file/segment-directory.ts'
import type { FileEnds, FinishedFile } from './cell-table.ts'
import { readSource } from './objects/object-source.ts'
import type { ObjectSource } from './objects/object-store.ts'

/** Undefined for a file without a directory; without a tail where that is large, which is read where it lies. */
export async function readEnds(source: ObjectSource): Promise<FileEnds | undefined> {
  const { size } = source
  const lastSize = Math.min(size, clusterLimits.keptTailSizeMax)
  const lastFrom = size - lastSize
  const last = await readSource(source, lastFrom, lastSize)
  const start = directoryStart(last, size)
  if (start === undefined || start < fileHeaderSize) return undefined
  const head = await readSource(source, 0, fileHeaderSize)
  const tail = start < lastFrom ? Buffer.alloc(0) : last.subarray(start - lastFrom)
  // Copies: what they are cut from may be a large piece of the file.
  return { head: Buffer.from(head), tail: Buffer.from(tail) }
}

/** Fills `buffer` from `position` of the file; false when that is not among its ends. */
export function copyFromEnds(
  { size, ends }: FinishedFile,
  buffer: Buffer,
  position: number,
): boolean {
  if (ends === undefined) return false
  const { head, tail } = ends
  const tailFrom = size - tail.length
  const [bytes, from] = position < head.length ? [head, 0] : [tail, tailFrom]
  const at = position - from
  if (at < 0 || at + buffer.length > bytes.length) return false
  bytes.copy(buffer, 0, at, at + buffer.length)
  return true
}
