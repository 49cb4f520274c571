// What a database keeps of one cell for the node that owns it: the rows of its open files, the names of
// its finished ones, its manifest. `postgres/` does it on PostgreSQL, `testing/memory-cells.ts` in memory.
//
// Whatever is answered was committed under the table's epoch and is on the standby, too; a lost
// answer is settled within. A table whose epoch is over fails everything with `DiskError('fenced')`.
import type { DiskCallback } from '../file/disk.ts'

/** Bytes of a file. */
export interface FileEnds {
  /** From the first one on. */
  readonly head: Buffer
  /** Up to the last one. */
  readonly tail: Buffer
}

/** A file that is an object: where it lies, and what its bytes are. */
export interface FinishedFile {
  /** The object's key; the same key is never used for other bytes. */
  readonly key: string
  /** Bytes. */
  readonly size: number
  readonly crc32c: number
  /** What a start reads of it, where that is little. */
  readonly ends?: FileEnds | undefined
}

/** Bytes of an open file, as one append wrote them, or a part of them. */
export interface FileRow {
  readonly position: number
  readonly bytes: Buffer
}

/** One cell under one epoch. */
export interface CellTable {
  readonly epoch: number
  /**
   * Writes all of `buffers` at `position`, where the file ends; a file begins with its first append,
   * at any position. One write at a time. Calls back once the bytes are committed and replicated, or with the
   * DiskError that says why they never will be under this epoch: 'fenced', 'full', 'io'.
   */
  append(fileId: number, position: number, buffers: readonly Buffer[], done: DiskCallback): void
  /**
   * Rows from the one that holds `position` on, in order, without gaps: until `sizeMax` bytes are
   * reached, at least one row; none at the end, and none of a file that is not open, or not any more.
   */
  read(fileId: number, position: number, sizeMax: number): Promise<readonly FileRow[]>
  /** Open files, with where the last row of each ends. */
  openFiles(): Promise<ReadonlyMap<number, number>>
  /** What lies at and above `size` never counted; the next append of the file is there. */
  truncate(fileId: number, size: number): Promise<void>
  /** Removes the file and its rows. Does nothing when there is none. */
  removeOpenFile(fileId: number): Promise<void>
  /** Finished files by name ("wal/0000000007.log", "aside/…"). */
  finishedFiles(): Promise<ReadonlyMap<string, FinishedFile>>
  /** Adds or replaces; the object of the replaced one is an orphan from then on. */
  addFinishedFile(name: string, file: FinishedFile): Promise<void>
  /** Does nothing when there is none. */
  removeFinishedFile(name: string): Promise<void>
  readManifest(): Promise<Buffer | undefined>
  /** Takes the place of the manifest that this table read or wrote last. */
  replaceManifest(bytes: Buffer): Promise<void>
  /** Resolves when the epoch was not over a moment ago, which is proven as by a write. */
  proveOwner(): Promise<void>
  /** Nothing is answered any more, also what is on its way: it may happen or not. */
  close(): Promise<void>
}
