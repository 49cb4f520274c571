// A WAL file of a cell until it is an object: every write is a row of the database, and on stable storage when it
// succeeds. Once nothing is written any more, it is moved to an object, and its rows go.
import { clusterLimits } from '../../limits/cluster.ts'
import { totalSize } from '../file/direct-file.ts'
import { DiskError } from '../file/disk-error.ts'
import type { DiskCallback, DiskFile, ReadCallback } from '../file/disk.ts'
import type { FileRow, FinishedFile } from './cell-table.ts'
import type { ClusterFiles } from './cluster-files.ts'
import type { LocalCopy } from './local-copy.ts'
import { SourceError } from './objects/object-source.ts'
import { putFile } from './put-file.ts'
import type { TableWrites } from './table-writes.ts'

export interface OpenClusterFileOptions {
  readonly files: ClusterFiles
  readonly writes: TableWrites
  readonly id: number
  readonly name: string
  /** Where its rows end. */
  readonly size: number
  /** Only a file that was begun here has one. */
  readonly copy: LocalCopy | undefined
  readonly onSize: (size: number) => void
  /** Nothing is written to it any more: `move` may be called, once. */
  readonly onComplete: (file: OpenClusterFile) => void
  readonly onMoved: (file: FinishedFile) => void
}

export class OpenClusterFile implements DiskFile {
  readonly #options: OpenClusterFileOptions
  #size: number
  #finished: FinishedFile | undefined
  #isComplete = false
  #isDropped = false
  /** Rows that were read last: a start reads a file from its first byte to its last. */
  #rows: readonly FileRow[] = []

  constructor(options: OpenClusterFileOptions) {
    this.#options = options
    this.#size = options.size
  }

  writev(buffers: Buffer[], position: number, onWritten: DiskCallback): void {
    const { id, copy, writes } = this.#options
    if (position !== this.#size) {
      const where = `${this.#name}, which ends at ${this.#size}`
      onWritten(new DiskError('io', `a write at byte ${position} of ${where}`))
      return
    }
    const size = totalSize(buffers)
    const copied = copy?.append(buffers, position, size) ?? Promise.resolve()
    writes.append(id, { buffers, position }, (error) => {
      if (error === null) this.#setSize(position + size)
      // From here on `buffers` are the caller's again.
      this.#afterCopy(copied, () => onWritten(error))
    })
  }

  /** Rows were durable when they were written. */
  datasync(done: DiskCallback): void {
    queueMicrotask(() => done(null))
  }

  read(buffer: Buffer, position: number, onRead: ReadCallback): void {
    const count = Math.max(0, Math.min(buffer.length, this.#size - position))
    this.#fill(buffer.subarray(0, count), position).then(
      () => onRead(null, count),
      (error: Error) => onRead(error, 0),
    )
  }

  size(): Promise<number> {
    return Promise.resolve(this.#size)
  }

  async truncate(size: number): Promise<void> {
    const { files, id, copy } = this.#options
    if (size >= this.#size) return
    await copy?.truncate(size)
    await files.table.truncate(id, size)
    this.#rows = []
    this.#setSize(size)
  }

  /** Its rows are as good as an object: it becomes one some time later. */
  async finish(size: number): Promise<void> {
    if (this.#isComplete) return
    await this.truncate(size)
    this.#isComplete = true
    this.#options.onComplete(this)
  }

  get id(): number {
    return this.#options.id
  }

  /** It is removed: nobody needs an object of it any more. */
  drop(): void {
    this.#isDropped = true
  }

  /** Makes it an object, unless it is dropped meanwhile. A crash leaves its rows, or both. */
  async move(): Promise<void> {
    const { files, id, name, copy, onMoved } = this.#options
    const size = this.#size
    const source = {
      size,
      read: async (from: number, count: number): Promise<Buffer> => {
        if (this.#isDropped) throw new SourceError(`${name} is removed`)
        const buffer = Buffer.allocUnsafe(count)
        await this.#fillFromRows(buffer, from)
        return buffer
      },
    }
    const finished = await putFile(files, name, source)
    const { key } = finished
    if (this.#isDropped) {
      files.writer.onNamed(key)
      return
    }
    await files.table.addFinishedFile(name, finished)
    files.writer.onNamed(key)
    if (this.#isDropped) {
      await files.table.removeFinishedFile(name)
      return
    }
    this.#finished = finished
    onMoved(finished)
    await files.table.removeOpenFile(id)
    this.#rows = []
    await copy?.close()
  }

  async close(): Promise<void> {
    this.#rows = []
    await this.#options.copy?.close()
  }

  get #name(): string {
    return this.#options.name
  }

  #afterCopy(copied: Promise<void>, then: () => void): void {
    void copied.then(then)
  }

  #setSize(size: number): void {
    this.#size = size
    this.#options.onSize(size)
  }

  async #fill(buffer: Buffer, position: number): Promise<void> {
    if (buffer.length === 0) return
    if (this.#finished === undefined) return this.#fillFromRows(buffer, position)
    return this.#options.files.reader.read(this.#finished, buffer, position)
  }

  async #fillFromRows(buffer: Buffer, position: number): Promise<void> {
    if ((await this.#options.copy?.read(buffer, position)) === true) return
    let filled = 0
    while (filled < buffer.length) {
      const at = position + filled
      const row = this.#rowAt(at) ?? (await this.#readRows(at))
      // Its rows went while it was read: it is an object by now.
      if (row === undefined) return this.#fillFinished(buffer.subarray(filled), at)
      filled += row.bytes.copy(buffer, filled, at - row.position)
    }
  }

  async #fillFinished(buffer: Buffer, position: number): Promise<void> {
    if (this.#finished === undefined)
      throw new DiskError('io', `rows of ${this.#name} are missing at byte ${position}`)
    await this.#options.files.reader.read(this.#finished, buffer, position)
  }

  #rowAt(position: number): FileRow | undefined {
    return this.#rows.find((row) => holds(row, position))
  }

  async #readRows(position: number): Promise<FileRow | undefined> {
    const { files, id } = this.#options
    const rows = await files.table.read(id, position, clusterLimits.rowsReadSize)
    this.#rows = rows
    return rows.find((row) => holds(row, position))
  }
}

function holds({ position, bytes }: FileRow, at: number): boolean {
  return at >= position && at < position + bytes.length
}
