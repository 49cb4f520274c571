// The machine's own disk.
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import { DirectFile, shortWriteError, StagePool, totalSize } from './direct-file.ts'
import type { BlockWriter } from './direct-file.ts'
import type { Disk, DiskCallback, DiskFile, OpenMode, ReadCallback } from './disk.ts'
import { replaceByRename } from './file-operations.ts'

/**
 * macOS takes O_DSYNC and leaves the bytes in the drive's cache; Windows does not know it. Neither
 * has O_DIRECT.
 */
const hasSyncedWrites: boolean = process.platform === 'linux'

const { O_CREAT, O_EXCL, O_RDWR, O_WRONLY, O_DSYNC, O_DIRECT } = fs.constants
const openFlags: Readonly<Record<OpenMode, string | number>> = {
  create: 'wx+',
  'create-growing': 'wx+',
  'create-synced': hasSyncedWrites ? O_CREAT | O_EXCL | O_RDWR | O_DSYNC : 'wx+',
  read: 'r',
  write: 'r+',
  'write-synced': hasSyncedWrites ? O_RDWR | O_DSYNC : 'r+',
}

export interface SystemDiskOptions {
  readonly clock: Clock
  /** Added to every sync, to measure as if on a slower disk. For benchmarks only. */
  readonly syncDelayMs?: number
}

/** The machine's own disk. */
export function createSystemDisk(options?: SystemDiskOptions): Disk {
  const delayMs = options?.syncDelayMs ?? 0
  const clock = options?.clock
  const delayed = (done: DiskCallback): DiskCallback =>
    clock === undefined || delayMs === 0
      ? done
      : (error) => {
          clock.after(delayMs, () => done(error))
        }
  const stages = new StagePool()
  const disk: Omit<Disk, 'replace'> = {
    writesPastCache: hasSyncedWrites,
    isRemote: false,
    async open(name, mode) {
      const isSynced = mode === 'create-synced' || mode === 'write-synced'
      const descriptor = await openDescriptor(name, openFlags[mode])
      const plain = new SystemFile(descriptor, { name, isSynced, delayed })
      if (!isSynced && mode !== 'create-growing') return plain
      const blocks = await openBlocks(name, isSynced)
      if (blocks === undefined) return plain
      // Synced, even one block is faster without the page cache.
      const directSizeMin = isSynced ? 0 : logLimits.directWriteSizeMin
      const options = { plain, blocks, directSizeMin, stages }
      return new DirectFile({ ...options, delayed: isSynced ? delayed : (done) => done })
    },
    rename: (from, to) => fs.promises.rename(from, to),
    unlink: (name) => fs.promises.rm(name, { force: true }),
    async list(name) {
      try {
        return (await fs.promises.readdir(name)).toSorted()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      }
    },
    async createFolder(name) {
      await fs.promises.mkdir(name, { recursive: true, mode: 0o750 })
    },
    removeTree: (name) => fs.promises.rm(name, { recursive: true, force: true }),
    async syncFolder(name) {
      const handle = await fs.promises.open(path.resolve(name), 'r')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
    async freeSpace(name) {
      const { bavail, blocks, bsize, ffree, files } = await fs.promises.statfs(name)
      const space = { free: bavail * bsize, total: blocks * bsize }
      return { ...space, freeFiles: ffree, totalFiles: files }
    },
    async identityOf(name) {
      try {
        const { dev, ino } = await fs.promises.stat(name)
        return `${dev}:${ino}`
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
        throw error
      }
    },
  }
  return { ...disk, replace: (name, bytes) => replaceByRename(disk, name, bytes) }
}

/** Undefined where the file system has no direct writes. */
async function openBlocks(name: string, isSynced: boolean): Promise<BlockWriter | undefined> {
  if (!hasSyncedWrites) return undefined
  let descriptor: number
  try {
    descriptor = await openDescriptor(name, O_WRONLY | O_DIRECT | (isSynced ? O_DSYNC : 0))
  } catch {
    return undefined
  }
  return {
    write: (stage, { from, count, position }, done) =>
      fs.write(descriptor, stage, from, count, position, (error, written) =>
        done(error === null ? null : nameFile(error, name), written),
      ),
    // Nobody waits for it: what was written is synced.
    close: () => fs.close(descriptor, () => {}),
  }
}

function openDescriptor(name: string, flags: string | number): Promise<number> {
  return call<number>((done) => fs.open(name, flags, 0o640, done))
}

interface SystemFileOptions {
  /** For errors: the system names only files that it opens. */
  readonly name: string
  readonly isSynced: boolean
  readonly delayed: (done: DiskCallback) => DiskCallback
}

class SystemFile implements DiskFile {
  readonly #descriptor: number
  readonly #name: string
  readonly #isSynced: boolean
  readonly #delayed: (done: DiskCallback) => DiskCallback

  constructor(descriptor: number, { name, isSynced, delayed }: SystemFileOptions) {
    this.#descriptor = descriptor
    this.#name = name
    this.#isSynced = isSynced
    this.#delayed = delayed
  }

  writev(buffers: Buffer[], position: number, done: DiskCallback): void {
    if (!this.#isSynced) this.#writeAll(buffers, position, done)
    else if (hasSyncedWrites) this.#writeAll(buffers, position, this.#delayed(done))
    else {
      this.#writeAll(buffers, position, (error) => {
        if (error === null) this.datasync(done)
        else done(error)
      })
    }
  }

  datasync(done: DiskCallback): void {
    const whenSynced = this.#delayed(done)
    fs.fdatasync(this.#descriptor, (error) =>
      whenSynced(error === null ? null : nameFile(error, this.#name)),
    )
  }

  read(buffer: Buffer, position: number, done: ReadCallback): void {
    this.#readFrom(buffer, 0, position, done)
  }

  async size(): Promise<number> {
    const stats = await call<fs.Stats>((done) => fs.fstat(this.#descriptor, done))
    return stats.size
  }

  async truncate(size: number): Promise<void> {
    await call<void>((done) => fs.ftruncate(this.#descriptor, size, (error) => done(error)))
  }

  async finish(size: number): Promise<void> {
    if ((await this.size()) > size) await this.truncate(size)
  }

  async close(): Promise<void> {
    await call<void>((done) => fs.close(this.#descriptor, (error) => done(error ?? null)))
  }

  #writeAll(buffers: Buffer[], position: number, done: DiskCallback): void {
    const size = totalSize(buffers)
    fs.writev(this.#descriptor, buffers, position, (error, written) => {
      if (error !== null && error !== undefined) done(nameFile(error, this.#name))
      else if (written === size) done(null)
      else if (written === 0) done(shortWriteError())
      else this.#writeAll(skipBytes(buffers, written), position + written, done)
    })
  }

  #readFrom(buffer: Buffer, filled: number, position: number, done: ReadCallback): void {
    const wanted = buffer.length - filled
    fs.read(this.#descriptor, buffer, filled, wanted, position + filled, (error, count) => {
      if (error !== null && error !== undefined) done(nameFile(error, this.#name), 0)
      else if (count === 0 || count === wanted) done(null, filled + count)
      else this.#readFrom(buffer, filled + count, position, done)
    })
  }
}

function nameFile(error: Error, name: string): Error {
  error.message += ` '${name}'`
  return error
}

/** Awaits a call that takes a Node callback. */
function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error === null ? resolve(value as T) : reject(error)))
  })
}

function skipBytes(buffers: readonly Buffer[], count: number): Buffer[] {
  let left = count
  let index = 0
  while (left >= buffers[index]!.length) left -= buffers[index++]!.length
  return [buffers[index]!.subarray(left), ...buffers.slice(index + 1)]
}
