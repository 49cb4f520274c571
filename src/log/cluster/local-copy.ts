// A copy of an open file on the machine's own disk, for readers: it saves them a way to the database, and
// finishing the file another one. Nothing depends on it; whatever fails here, the database still has.
import type { Disk, DiskFile } from '../file/disk.ts'
import { readInto, writeAllAt } from '../file/file-operations.ts'

export class LocalCopy {
  readonly path: string
  readonly #disk: Disk
  /** Undefined when it cannot be trusted any more. */
  #file: DiskFile | undefined
  /** It has all bytes below. */
  #end = 0
  /** Reads and writes under way: a file is not closed under them, as its descriptor may be another's at once. */
  #useCount = 0
  #onUnused: () => void = () => undefined

  private constructor(disk: Disk, path: string, file: DiskFile | undefined) {
    this.#disk = disk
    this.path = path
    this.#file = file
  }

  /** An empty copy; one that has nothing when the disk refuses. */
  static async create(disk: Disk, path: string): Promise<LocalCopy> {
    try {
      await disk.unlink(path)
      return new LocalCopy(disk, path, await disk.open(path, 'create'))
    } catch {
      return new LocalCopy(disk, path, undefined)
    }
  }

  /** Takes bytes that follow on what it has; others, and bytes that cannot be written, end it. */
  async append(buffers: Buffer[], position: number, size: number): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    if (position !== this.#end) return this.close()
    try {
      await this.#use(() => writeAllAt(file, buffers, position))
      this.#end = position + size
    } catch {
      await this.close()
    }
  }

  /** Fills `buffer` from `position`; false when it does not have all of it. */
  async read(buffer: Buffer, position: number): Promise<boolean> {
    const file = this.#file
    if (file === undefined || position + buffer.length > this.#end) return false
    try {
      return (await this.#use(() => readInto(file, buffer, position))) === buffer.length
    } catch {
      return false
    }
  }

  /** What lies at and above `size` never counted: the copy begins anew. */
  async truncate(size: number): Promise<void> {
    if (size < this.#end) await this.close()
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    if (this.#useCount > 0) await new Promise<void>((resolve) => (this.#onUnused = resolve))
    await file.close().catch(() => undefined)
    await this.#disk.unlink(this.path).catch(() => undefined)
  }

  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#useCount++
    try {
      return await work()
    } finally {
      this.#useCount--
      if (this.#useCount === 0) this.#onUnused()
    }
  }
}
