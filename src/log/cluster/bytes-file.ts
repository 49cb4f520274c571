// A file of a few bytes that are in memory.
import { DiskError } from '../file/disk-error.ts'
import type { DiskCallback, DiskFile, ReadCallback } from '../file/disk.ts'

/** Can only be read. */
export class BytesFile implements DiskFile {
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  writev(_buffers: Buffer[], _position: number, done: DiskCallback): void {
    queueMicrotask(() => done(readOnly()))
  }

  datasync(done: DiskCallback): void {
    queueMicrotask(() => done(null))
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    const count = this.#bytes.copy(buffer, 0, position)
    queueMicrotask(() => done(null, count))
  }

  size(): Promise<number> {
    return Promise.resolve(this.#bytes.length)
  }

  truncate(): Promise<void> {
    return Promise.reject(readOnly())
  }

  finish(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function readOnly(): DiskError {
  return new DiskError('io', 'a small file is replaced as a whole, never written to')
}
