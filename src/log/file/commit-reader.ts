// Reads the commits of a file one after the other, whole and checked. Memory: one commit and one
// read-ahead piece.
import { logLimits } from '../../limits/log.ts'
import { decodeCommit, DecodedCommit, commitSizeAt } from './commit-decoder.ts'
import { directBlockSize } from './direct-file.ts'
import type { DiskFile } from './disk.ts'
import { fileHeaderSize, commitHeaderSize, isPadding } from './file-format.ts'
import { readInto } from './file-operations.ts'

/** Bytes that are no commit of this file. */
export interface BadBytes {
  readonly position: number
  readonly reason: string
  /** They are what a file that was never finished ends with: zeros, or what was there before. */
  readonly isPadding?: boolean
}

export interface CommitReaderOptions {
  readonly file: DiskFile
  readonly fileId: number
  readonly salt: number
  readonly priorSize: number
  /** Where commits end: the file's size, or the start of its directory. */
  readonly end: number
  /** Where to start; a commit must begin there. */
  readonly start?: number
}

export class CommitReader {
  /** Where the next commit starts. */
  position: number
  readonly #options: CommitReaderOptions
  #buffer: Buffer = Buffer.alloc(0)
  #bufferStart = 0

  constructor(options: CommitReaderOptions) {
    this.#options = options
    this.position = options.start ?? fileHeaderSize
  }

  /** The next commit, undefined at the end, or what is wrong with the bytes that are there. */
  async next(): Promise<DecodedCommit | BadBytes | undefined> {
    const { end, fileId, salt } = this.#options
    const { position } = this
    if (position >= end) return undefined
    const header = await this.#bytesAt(position, commitHeaderSize)
    const size = header === undefined ? 0 : commitSizeAt(header, 0, fileId)
    if (size === 0) return { position, ...(await this.#describeRest(position, header)) }
    if (position + size > end) return { position, reason: 'a commit is cut off' }
    const bytes = await this.#bytesAt(position, size)
    if (bytes === undefined) return { position, reason: 'a commit is cut off' }
    const commit = decodeCommit(bytes, position, salt)
    if (!(commit instanceof DecodedCommit)) return { position, reason: commit }
    this.position = position + size
    return commit
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
      reason: header === undefined ? 'a commit header is cut off' : 'there is no commit header',
    }
  }

  async #bytesAt(position: number, size: number): Promise<Buffer | undefined> {
    const offset = position - this.#bufferStart
    if (offset < 0 || offset + size > this.#buffer.length) await this.#fill(position, size)
    const start = position - this.#bufferStart
    if (start + size > this.#buffer.length) return undefined
    return this.#buffer.subarray(start, start + size)
  }

  /** Always a new buffer: commits that were handed out keep theirs. */
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
