// The one door to where a store keeps its bytes; `createSystemDisk` opens it to the machine's own disk, `ClusterDisk`
// to PostgreSQL and objects. On the hot path calls take callbacks and never allocate promises; everything rare is a
// promise. `FaultDisk` in src/testing is the same door over a disk that loses what was not synced. Errors have a
// kind (disk-error.ts).
//
// A store keeps three kinds of files, and a disk may keep each in its own way:
// - WAL files: created to grow, appended to by one write at a time, read meanwhile, finished once.
// - Finished files: created, written, finished, then never changed: survivors, topology, large bodies.
// - The manifest: small, replaced as a whole, and the truth about the others.

export type DiskCallback = (error: Error | null) => void
export type ReadCallback = (error: Error | null, count: number) => void

/** An open file. Positions and sizes are bytes from its start. */
export interface DiskFile {
  /** Writes all of `buffers` one after the other at `position`, or fails. */
  writev(buffers: Buffer[], position: number, done: DiskCallback): void
  /** Everything written before is on stable storage when it succeeds. */
  datasync(done: DiskCallback): void
  /** Fills `buffer` from `position`; fewer bytes only at the end of the file. */
  read(buffer: Buffer, position: number, done: ReadCallback): void
  size(): Promise<number>
  truncate(size: number): Promise<void>
  /**
   * The file is `size` bytes from now on: nothing is written any more. A file that was created to be finished
   * is on stable storage from here on, once it was synced before.
   */
  finish(size: number): Promise<void>
  close(): Promise<void>
}

export interface FreeSpace {
  readonly free: number
  readonly total: number
  /** How many more files there may be, and how many in all: 0 where the file system has no limit. */
  readonly freeFiles: number
  readonly totalFiles: number
}

/**
 * All ways to create fail when the file exists. `create` is for a file that is written and then finished;
 * `create-growing` for a WAL file, which is appended to, one write at a time: large writes go past the page cache, and until it is finished zeros may
 * follow what was written, up to a multiple of `directBlockSize`. With `create-synced` besides,
 * every write is on stable storage when it succeeds, as if a sync followed, at the cost of one
 * call to the system. `write-synced` is the same for a file that exists, written from its start.
 */
export type OpenMode =
  | 'create'
  | 'create-growing'
  | 'create-synced'
  | 'read'
  | 'write'
  | 'write-synced'

/** Paths are absolute or relative to the process. */
export interface Disk {
  /** Synced writes do not read what they write over, so to use a file again costs nothing. */
  readonly writesPastCache: boolean
  /**
   * The bytes lie on other machines: there is no folder that could go away, no space that a reserve could hold
   * ready, and what means nothing after a crash is kept elsewhere.
   */
  readonly isRemote: boolean
  open(path: string, mode: OpenMode): Promise<DiskFile>
  /** Makes `path` a file with these bytes: after a crash it is the old one or the new one. For small files. */
  replace(path: string, bytes: Buffer): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Does nothing when there is no such file. */
  unlink(path: string): Promise<void>
  /** Names in a folder, sorted; none when there is no such folder. */
  list(path: string): Promise<string[]>
  /** Creates a folder, and those above it, unless it exists. */
  createFolder(path: string): Promise<void>
  /** Removes a folder with all that is in it. Does nothing when there is none. */
  removeTree(path: string): Promise<void>
  /** Makes created, renamed and unlinked names in a folder survive a crash. */
  syncFolder(path: string): Promise<void>
  freeSpace(path: string): Promise<FreeSpace>
  /** Tells a folder from another one of the same name; undefined when there is none. */
  identityOf(path: string): Promise<string | undefined>
}
