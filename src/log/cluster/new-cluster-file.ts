// A file of a cell that is written as a whole: on this machine until it is finished, then an object. What was
// written before that is nobody's: only finishing it makes it count.
import type { DiskCallback, DiskFile, ReadCallback } from '../file/disk.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ClusterFiles } from './cluster-files.ts'
import { fileSource } from './objects/object-source.ts'
import { putFile } from './put-file.ts'

export interface NewClusterFileOptions {
  readonly files: ClusterFiles
  readonly name: string
  /** Where it lies until it is finished, open. */
  readonly scratch: DiskFile
  readonly scratchPath: string
  readonly onFinished: (file: FinishedFile) => void
}

export class NewClusterFile implements DiskFile {
  readonly #options: NewClusterFileOptions
  #finished: FinishedFile | undefined
  #isScratchThere = true

  constructor(options: NewClusterFileOptions) {
    this.#options = options
  }

  writev(buffers: Buffer[], position: number, done: DiskCallback): void {
    this.#options.scratch.writev(buffers, position, done)
  }

  /** It is durable once it is finished, and nobody asks for it before. */
  datasync(done: DiskCallback): void {
    queueMicrotask(() => done(null))
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    if (this.#finished === undefined) {
      this.#options.scratch.read(buffer, position, done)
      return
    }
    readFinished(this.#options.files, this.#finished, { buffer, position }, done)
  }

  async size(): Promise<number> {
    return this.#finished?.size ?? this.#options.scratch.size()
  }

  truncate(size: number): Promise<void> {
    return this.#options.scratch.truncate(size)
  }

  async finish(size: number): Promise<void> {
    if (this.#finished !== undefined) return
    const { files, name, scratch, onFinished } = this.#options
    const finished = await putFile(files, name, fileSource(scratch, size))
    await files.table.addFinishedFile(name, finished)
    files.writer.onNamed(finished.key)
    this.#finished = finished
    onFinished(finished)
    await this.#removeScratch()
  }

  close(): Promise<void> {
    return this.#removeScratch()
  }

  async #removeScratch(): Promise<void> {
    if (!this.#isScratchThere) return
    this.#isScratchThere = false
    const { files, scratch, scratchPath } = this.#options
    await scratch.close().catch(() => undefined)
    await files.local.disk.unlink(scratchPath).catch(() => undefined)
  }
}

/** Reads of a finished file, which has no bytes behind its size. */
export function readFinished(
  files: ClusterFiles,
  file: FinishedFile,
  { buffer, position }: { readonly buffer: Buffer; readonly position: number },
  onRead: ReadCallback,
): void {
  const count = Math.max(0, Math.min(buffer.length, file.size - position))
  if (count === 0) {
    queueMicrotask(() => onRead(null, 0))
    return
  }
  files.reader.read(file, buffer.subarray(0, count), position).then(
    () => onRead(null, count),
    (error: Error) => onRead(error, 0),
  )
}
