// Reads the groups of a file one after the other, whole and checked. Memory: one group and one
// read-ahead piece.
import { logLimits } from '../../limits/log.ts'
import { directBlockSize } from './direct-file.ts'
import type { DiskFile } from './disk.ts'
import { fileHeaderSize, groupHeaderSize, isPadding } from './file-format.ts'
import { readInto } from './file-operations.ts'
import { decodeGroup, DecodedGroup, groupSizeAt } from './group-decoder.ts'

/** Bytes that are no group of this file. */
export interface BadBytes {
  readonly position: number
  readonly reason: string
  /** They are what a file that was never finished ends with: zeros, or what was there before. */
  readonly isPadding?: boolean
}

export interface GroupReaderOptions {
  readonly file: DiskFile
  readonly fileId: number
  readonly salt: number
  readonly priorSize: number
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
    const size = header === undefined ? 0 : groupSizeAt(header, 0, fileId)
    if (size === 0) return { position, ...(await this.#describeRest(position, header)) }
    if (position + size > end) return { position, reason: 'a group is cut off' }
    const bytes = await this.#bytesAt(position, size)
    if (bytes === undefined) return { position, reason: 'a group is cut off' }
    const group = decodeGroup(bytes, position, salt)
    if (!(group instanceof DecodedGroup)) return { position, reason: group }
    this.position = position + size
    return group
  }

  async #describeRest(
    position: number,
    header: Buffer | undefined,
  ): Promise<Omit<BadBytes, 'position'>> {
    if (position < this.#options.priorSize) {
      return { reason: 'the rest was there before', isPadding: true }
    }
    const size = Math.min(this.#options.end - position, directBlockSize)
    const rest = await this.#bytesAt(position, size)
    if (rest !== undefined && isPadding(rest)) {
      return { reason: 'the rest is zeros', isPadding: true }
    }
    return {
      reason: header === undefined ? 'a group header is cut off' : 'there is no group header',
    }
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
    const wanted = Math.min(
      Math.max(size, logLimits.sequentialReadSize),
      this.#options.end - position,
    )
    const buffer = Buffer.allocUnsafeSlow(wanted)
    const count = await readInto(this.#options.file, buffer, position)
    this.#buffer = buffer.subarray(0, count)
    this.#bufferStart = position
  }
}
