// Files whose blocks are on the disk already, for the WAL to write over: then a synced write moves
// no end of file and allocates nothing, so no journal of the file system has to be written before
// it is done. Full WAL files that nobody needs any more become spare; where none die in time (a
// topic that is kept), one is filled with zeros, slowly.
// What was in a file before cannot be taken for commits: their CRC starts from the new file's salt.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { Disk } from './disk.ts'
import { writeAt } from './file-operations.ts'

export const spareSuffix = '.spare'

/** A file that nobody needs. */
export interface SpareFile {
  readonly path: string
  /** Bytes from its start. */
  readonly size: number
}

export interface SpareFilesOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** The folder of data files. */
  readonly folder: string
  /** Smaller files are not worth keeping. */
  readonly fileSize: number
  /** Whether the WAL is written so that it helps; otherwise there are never any. */
  readonly isWanted: boolean
}

/** Nothing depends on spare files: whatever fails here leaves one less. */
export class SpareFiles {
  readonly #options: SpareFilesOptions
  #spares: SpareFile[] = []
  #lastNumber = 0
  #filling: Promise<void> | undefined
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined
  #isClosed = false

  constructor(options: SpareFilesOptions) {
    this.#options = options
  }

  /** At a start: takes over what the last process left (`names`), and removes what is of no use. */
  async adopt(names: readonly string[]): Promise<void> {
    const { disk, folder } = this.#options
    for (const name of names.filter((candidate) => candidate.endsWith(spareSuffix))) {
      const path = join(folder, name)
      this.#lastNumber = Math.max(this.#lastNumber, Number.parseInt(name, 10))
      const size = await this.#sizeOf(path)
      if (this.#hasPlaceFor(size)) this.#spares.push({ path, size })
      else await disk.unlink(path)
    }
  }

  /** A file to write over. The caller renames it. */
  take(): SpareFile | undefined {
    return this.#spares.pop()
  }

  /** Keeps a closed file that nobody needs; false when it is to be removed instead. */
  async offer(file: SpareFile): Promise<boolean> {
    if (!this.#hasPlaceFor(file.size)) return false
    try {
      if (!(await this.#hasRoom())) return false
      const path = this.#newPath()
      await this.#options.disk.rename(file.path, path)
      this.#spares.push({ path, size: file.size })
      return true
    } catch {
      return false
    }
  }

  /**
   * Has a file ready by the time the current one is full, which at its rate takes `fillMs`. Not at
   * rates at which twice the bytes would cost more than the journal.
   */
  prepare(fillMs: number): void {
    if (!this.#hasPlaceFor(this.#options.fileSize) || this.#spares.length > 0) return
    if (this.#filling !== undefined || fillMs < logLimits.spareFillMsMin) return
    const stepCount = Math.ceil(this.#options.fileSize / logLimits.spareFillStepSize)
    const pauseMs = Math.min(logLimits.spareFillPauseMs, fillMs / 4 / stepCount)
    this.#filling = this.#fill(pauseMs).finally(() => {
      this.#filling = undefined
    })
  }

  /** The disk is full: gives the room of all spare files back. */
  giveUp(): void {
    const spares = this.#spares
    this.#spares = []
    for (const { path } of spares) this.#options.disk.unlink(path).catch(() => {})
  }

  /** Waits for what is under way. The next start takes the files over. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#pause?.timer.stop()
    this.#pause?.end()
    await this.#filling
  }

  #hasPlaceFor(size: number): boolean {
    const { isWanted, fileSize } = this.#options
    if (!isWanted || this.#isClosed || size < fileSize) return false
    return this.#spares.length < logLimits.spareFilesMax
  }

  async #hasRoom(): Promise<boolean> {
    const { disk, folder, fileSize } = this.#options
    const { free } = await disk.freeSpace(folder)
    return free >= logLimits.spareFreeFilesMin * fileSize
  }

  async #fill(pauseMs: number): Promise<void> {
    const { disk, fileSize } = this.#options
    const path = this.#newPath()
    try {
      if (!(await this.#hasRoom())) return
      await this.#writeZeros(path, pauseMs)
      if (this.#isClosed) await disk.unlink(path)
      else this.#spares.push({ path, size: fileSize })
    } catch {
      // It was only to save time.
      await disk.unlink(path).catch(() => {})
    }
  }

  /** Each piece is synced: 64 MiB in one go would hold the WAL up. */
  async #writeZeros(path: string, pauseMs: number): Promise<void> {
    const { disk, fileSize } = this.#options
    const zeros = Buffer.alloc(Math.min(logLimits.spareFillStepSize, fileSize))
    const file = await disk.open(path, 'create-synced')
    try {
      for (let at = 0; at < fileSize && !this.#isClosed; at += zeros.length) {
        await writeAt(file, zeros.subarray(0, Math.min(zeros.length, fileSize - at)), at)
        await this.#waitFor(pauseMs)
      }
    } finally {
      await file.close()
    }
  }

  #waitFor(pauseMs: number): Promise<void> | undefined {
    if (this.#isClosed) return undefined
    return new Promise((resolve) => {
      this.#pause = { timer: this.#options.clock.after(pauseMs, resolve), end: resolve }
    })
  }

  async #sizeOf(path: string): Promise<number> {
    const file = await this.#options.disk.open(path, 'read')
    try {
      return await file.size()
    } finally {
      await file.close()
    }
  }

  #newPath(): string {
    this.#lastNumber++
    return join(this.#options.folder, `${this.#lastNumber}${spareSuffix}`)
  }
}
