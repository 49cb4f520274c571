// A finished file of a cell: an object that never changes.
import { DiskError } from '../file/disk-error.ts'
import type { DiskCallback, DiskFile, ReadCallback } from '../file/disk.ts'
import type { FinishedFile } from './cell-table.ts'
import type { ClusterFiles } from './cluster-files.ts'
import { readFinished } from './new-cluster-file.ts'

export class FinishedClusterFile implements DiskFile {
  readonly #files: ClusterFiles
  readonly #name: string
  readonly #file: FinishedFile

  constructor(files: ClusterFiles, name: string, file: FinishedFile) {
    this.#files = files
    this.#name = name
    this.#file = file
  }

  writev(_buffers: Buffer[], position: number, done: DiskCallback): void {
    queueMicrotask(() => done(this.#refusal(`written at byte ${position}`)))
  }

  datasync(done: DiskCallback): void {
    queueMicrotask(() => done(null))
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    readFinished(this.#files, this.#file, { buffer, position }, done)
  }

  size(): Promise<number> {
    return Promise.resolve(this.#file.size)
  }

  truncate(size: number): Promise<void> {
    return size >= this.#file.size
      ? Promise.resolve()
      : Promise.reject(this.#refusal(`cut to ${size} bytes`))
  }

  finish(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #refusal(what: string): DiskError {
    return new DiskError('io', `${this.#name} is finished and cannot be ${what}`)
  }
}
