// Reads the groups of a file one after the other, whole and checked. Memory: one group and one
// read-ahead piece.
import { limits } from '../../limits.ts'
import type { DiskFile } from './disk.ts'
import { fileHeaderSize, groupHeaderSize } from './file-format.ts'
import { readInto } from './file-operations.ts'
import { decodeGroup, DecodedGroup, groupSizeAt } from './group-decoder.ts'

/** Bytes that are no group of this file. */
export interface BadBytes {
  readonly position: number
  readonly reason: string
}

export interface GroupReaderOptions {
  readonly file: DiskFile
  readonly fileId: number
  readonly salt: number
  /** Where groups end: the file's size, or the start of its directory. */
  readonly end: number
  /** Where to start; a group must begin there. */
  readonly start?: number
}

export class GroupReader {
  /** Where the next group starts. */
  position: number
  readonly #options: GroupReaderOptions
  #buffer: Buffer = Buffer.alloc(0)
  #bufferStart = 0

  constructor(options: GroupReaderOptions) {
    this.#options = options
    this.position = options.start ?? fileHeaderSize
  }

  /** The next group, undefined at the end, or what is wrong with the bytes that are there. */
  async next(): Promise<DecodedGroup | BadBytes | undefined> {
    const { end, fileId, salt } = this.#options
    const { position } = this
    if (position >= end) return undefined
    const header = await this.#bytesAt(position, groupHeaderSize)
    if (header === undefined) return { position, reason: 'a group header is cut off' }
    const size = groupSizeAt(header, 0, fileId)
    if (size === 0) return { position, reason: 'there is no group header' }
    if (position + size > end) return { position, reason: 'a group is cut off' }
    const bytes = await this.#bytesAt(position, size)
    if (bytes === undefined) return { position, reason: 'a group is cut off' }
    const group = decodeGroup(bytes, position, salt)
    if (!(group instanceof DecodedGroup)) return { position, reason: group }
    this.position = position + size
    return group
  }

  async #bytesAt(position: number, size: number): Promise<Buffer | undefined> {
    const offset = position - this.#bufferStart
    if (offset < 0 || offset + size > this.#buffer.length) await this.#fill(position, size)
    const start = position - this.#bufferStart
    if (start + size > this.#buffer.length) return undefined
    return this.#buffer.subarray(start, start + size)
  }

  /** Always a new buffer: groups that were handed out keep theirs. */
  async #fill(position: number, size: number): Promise<void> {
    const wanted = Math.min(Math.max(size, limits.sequentialReadSize), this.#options.end - position)
    const buffer = Buffer.allocUnsafeSlow(wanted)
    const count = await readInto(this.#options.file, buffer, position)
    this.#buffer = buffer.subarray(0, count)
    this.#bufferStart = position
  }
}
