// What the files of a cell have in common: the table that names them, the objects that hold the finished ones,
// and a folder of this machine for copies.
import type { Disk } from '../file/disk.ts'
import type { CellTable, FinishedFile } from './cell-table.ts'
import type { ObjectSource, PutObject } from './objects/object-store.ts'

/** Finished files as their readers see them; a cache that brings what it has not. */
export interface ObjectReader {
  /**
   * Fills `buffer` from `position`, all of it, however often that takes. Fails with `DiskError` only when the
   * bytes are proven to be gone or damaged, or nobody waits any more.
   */
  read(file: FinishedFile, buffer: Buffer, position: number): Promise<void>
  /** Nobody needs it any more. */
  forget(file: FinishedFile): void
}

/** Takes the bytes of finished files to where they stay. */
export interface ObjectWriter {
  /** Puts a file under a key that was never used, however often that takes, and says which. */
  put(name: string, source: ObjectSource): Promise<PutObject & { readonly key: string }>
  /** The file of that key has its name, or never gets one. */
  onNamed(key: string): void
}

export interface ClusterFiles {
  readonly table: CellTable
  readonly reader: ObjectReader
  readonly writer: ObjectWriter
  /** A folder of this machine that may be lost at any time. */
  readonly local: { readonly disk: Disk; readonly path: string }
}
