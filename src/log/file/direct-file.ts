// A file that grows by writes past the page cache (O_DIRECT). The page cache costs a WAL its copy,
// its pages and their writeback, and is read only by who lags behind the tail cache.
// Whole blocks in aligned memory are what the system asks for, so bytes are gathered in a stage,
// and the last block is padded with zeros and written again when more bytes come.
import { logLimits } from '../../limits/log.ts'
import type { DiskCallback, DiskFile, ReadCallback } from './disk.ts'

/** What positions, sizes and memory of direct writes are multiples of: the largest sector in use. */
export const directBlockSize = 4096

/** A commit goes to one file while others get their header, their directory or their zeros. */
const keptStageCount = 3

/** Memory for direct writes: one piece per write under way, used again. */
export class StagePool {
  readonly #small: Buffer[] = []
  readonly #large: Buffer[] = []

  /** For a write of `size` bytes, or for its first part. */
  take(size: number): Buffer {
    return size <= logLimits.directWriteSizeSmall
      ? (this.#small.pop() ?? alignedBuffer(logLimits.directWriteSizeSmall))
      : (this.#large.pop() ?? alignedBuffer(logLimits.directWriteSizeMax))
  }

  give(stage: Buffer): void {
    const free = stage.length === logLimits.directWriteSizeSmall ? this.#small : this.#large
    if (free.length < keptStageCount) free.push(stage)
  }
}

/**
 * Only memory that could be resized starts at a page: V8 maps it instead of asking the allocator.
 * Should that change, writes fail with EINVAL and the file goes on without.
 */
function alignedBuffer(size: number): Buffer {
  return Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size)
}

/** Writes past the page cache. The stage, counts and positions are whole blocks. */
export interface BlockWriter {
  /** Writes up to `count` bytes of `stage` from `from`, and says how many. */
  write(stage: Buffer, place: BlockPlace, done: ReadCallback): void
  close(): void
}

export interface BlockPlace {
  readonly from: number
  readonly count: number
  readonly position: number
}

export interface DirectFileOptions {
  /** The same file through the page cache. For reads, small writes and odd ones. */
  readonly plain: DiskFile
  /** The same file, opened with O_DIRECT. */
  readonly blocks: BlockWriter
  /** Smaller writes go through the page cache. */
  readonly directSizeMin: number
  readonly stages: Pick<StagePool, 'take' | 'give'>
  /** What a write calls instead of its callback. */
  readonly delayed: (done: DiskCallback) => DiskCallback
}

/** One write at a time. Writes that do not go on where the last one ended take the page cache. */
export class DirectFile implements DiskFile {
  readonly #plain: DiskFile
  readonly #stages: Pick<StagePool, 'take' | 'give'>
  readonly #delayed: (done: DiskCallback) => DiskCallback
  /** Undefined once nothing is written any more, or when the system refused. */
  #blocks: BlockWriter | undefined
  readonly #directSizeMin: number
  #end = 0
  /** The bytes between the last block border and `#end`. */
  readonly #tail: Buffer = Buffer.alloc(directBlockSize)

  constructor({ plain, blocks, directSizeMin, stages, delayed }: DirectFileOptions) {
    this.#plain = plain
    this.#blocks = blocks
    this.#directSizeMin = directSizeMin
    this.#stages = stages
    this.#delayed = delayed
  }

  writev(buffers: Buffer[], position: number, done: DiskCallback): void {
    const blocks = this.#blocks
    if (blocks === undefined || position !== this.#end) {
      this.#end = -1
      this.#plain.writev(buffers, position, done)
      return
    }
    const size = totalSize(buffers)
    const whenWritten: DiskCallback = (error) => {
      if (error === null) this.#keepTail(buffers, position + size)
      done(error)
    }
    if (size < this.#directSizeMin) this.#plain.writev(buffers, position, whenWritten)
    else this.#writeDirectly(blocks, { buffers, position }, whenWritten)
  }

  datasync(done: DiskCallback): void {
    this.#plain.datasync(done)
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    this.#plain.read(buffer, position, done)
  }

  size(): Promise<number> {
    return this.#plain.size()
  }

  async truncate(size: number): Promise<void> {
    if (size !== this.#end) this.#end = -1
    await this.#plain.truncate(size)
  }

  async finish(size: number): Promise<void> {
    this.#closeBlocks()
    await this.#plain.truncate(size)
  }

  async close(): Promise<void> {
    this.#closeBlocks()
    await this.#plain.close()
  }

  #writeDirectly(
    blocks: BlockWriter,
    { buffers, position }: { readonly buffers: Buffer[]; readonly position: number },
    done: DiskCallback,
  ): void {
    const stage = this.#stages.take((position % directBlockSize) + totalSize(buffers))
    new DirectWrite({ blocks, stage, buffers, position }).start(this.#tail, (error) => {
      this.#stages.give(stage)
      if (error !== null && isRefused(error)) this.#goOnWithout(buffers, position, done)
      else this.#delayed(done)(error)
    })
  }

  #goOnWithout(buffers: Buffer[], position: number, done: DiskCallback): void {
    this.#closeBlocks()
    this.#plain.writev(buffers, position, done)
  }

  /** `buffers` were written up to `end`. */
  #keepTail(buffers: readonly Buffer[], end: number): void {
    this.#end = end
    let left = end % directBlockSize
    for (let index = buffers.length - 1; index >= 0 && left > 0; index--) {
      const buffer = buffers[index]!
      const count = Math.min(left, buffer.length)
      buffer.copy(this.#tail, left - count, buffer.length - count)
      left -= count
    }
    // What is left was in the last block before, and so in the tail.
  }

  #closeBlocks(): void {
    this.#blocks?.close()
    this.#blocks = undefined
  }
}

interface DirectWriteOptions {
  readonly blocks: BlockWriter
  readonly stage: Buffer
  readonly buffers: readonly Buffer[]
  readonly position: number
}

/** One write, in as many pieces as the stage makes of it. */
class DirectWrite {
  readonly #options: DirectWriteOptions
  #done!: DiskCallback
  /** The next byte to take. */
  #index = 0
  #offset = 0
  /** Block border in the file where the stage goes, and how much of it is filled. */
  #start: number
  #filled: number

  constructor(options: DirectWriteOptions) {
    this.#options = options
    this.#filled = options.position % directBlockSize
    this.#start = options.position - this.#filled
  }

  /** `tail` holds the file's last block up to `position`. */
  start(tail: Buffer, done: DiskCallback): void {
    this.#done = done
    tail.copy(this.#options.stage, 0, 0, this.#filled)
    this.#writeStage()
  }

  #writeStage(): void {
    const { stage } = this.#options
    this.#fill()
    const size = Math.ceil(this.#filled / directBlockSize) * directBlockSize
    stage.fill(0, this.#filled, size)
    this.#writeFrom(0, size)
  }

  #fill(): void {
    const { stage, buffers } = this.#options
    while (this.#index < buffers.length && this.#filled < stage.length) {
      const buffer = buffers[this.#index]!
      const count = Math.min(buffer.length - this.#offset, stage.length - this.#filled)
      buffer.copy(stage, this.#filled, this.#offset, this.#offset + count)
      this.#filled += count
      this.#offset += count
      if (this.#offset < buffer.length) continue
      this.#index++
      this.#offset = 0
    }
  }

  #writeFrom(from: number, size: number): void {
    const { blocks, stage } = this.#options
    const place = { from, count: size - from, position: this.#start + from }
    blocks.write(stage, place, (error, written) => {
      const isAligned = written % directBlockSize === 0
      if (error !== null) this.#done(error)
      else if (written === place.count) this.#onStageWritten()
      else if (written === 0 || !isAligned) this.#done(shortWriteError())
      else this.#writeFrom(from + written, size)
    })
  }

  #onStageWritten(): void {
    if (this.#index === this.#options.buffers.length) {
      this.#done(null)
      return
    }
    // There is more only when the stage was full, and that is whole blocks.
    this.#start += this.#filled
    this.#filled = 0
    this.#writeStage()
  }
}

function isRefused(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EINVAL'
}

/** A write that the system took only in part, without saying why. */
export function shortWriteError(): Error {
  return Object.assign(new Error('ENOSPC: the disk took no more bytes'), { code: 'ENOSPC' })
}

export function totalSize(buffers: readonly Buffer[]): number {
  let size = 0
  for (const buffer of buffers) size += buffer.length
  return size
}
