import type { Clock } from '../../src/lib/clock.ts'
import type {
  Disk,
  DiskCallback,
  DiskFile,
  FreeSpace,
  ReadCallback,
} from '../../src/log/file/disk.ts'
import { replaceByRename } from '../../src/log/file/file-operations.ts'
import { diskError } from '../../src/testing/fault-disk.ts'

const PAGE = 1024 * 1024

/** Bytes in pages, so that a growing file is never copied. */
class Content {
  size = 0
  readonly #pages: Buffer[] = []

  write(bytes: Buffer, position: number): void {
    let done = 0
    while (done < bytes.length) {
      const at = position + done
      const index = Math.floor(at / PAGE)
      while (this.#pages.length <= index) this.#pages.push(Buffer.alloc(PAGE))
      done += bytes.copy(this.#pages[index]!, at % PAGE, done)
    }
    this.size = Math.max(this.size, position + bytes.length)
  }

  /** Returns how many bytes there were. */
  read(target: Buffer, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.size - position))
    for (let done = 0; done < count;) {
      const at = position + done
      const page = this.#pages[Math.floor(at / PAGE)]!
      done += page.copy(target, done, at % PAGE, Math.min(PAGE, (at % PAGE) + count - done))
    }
    return count
  }
}

/** A disk that never fails and answers at the end of the turn: what is left is the broker's work. */
export class DiskInMemory implements Disk {
  readonly writesPastCache = true
  readonly isRemote = false
  readonly #clock: Clock
  readonly #files = new Map<string, Content>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  open(path: string, mode: string): Promise<DiskFile> {
    const isNew = mode.startsWith('create')
    const content = isNew ? new Content() : this.#files.get(path)
    if (content === undefined) return Promise.reject(diskError('ENOENT', path))
    if (isNew) this.#files.set(path, content)
    return Promise.resolve(this.#fileOf(content))
  }

  replace(path: string, bytes: Buffer): Promise<void> {
    return replaceByRename(this, path, bytes)
  }

  rename(from: string, to: string): Promise<void> {
    const content = this.#files.get(from)
    if (content !== undefined) this.#files.set(to, content)
    return this.unlink(from)
  }

  unlink(path: string): Promise<void> {
    this.#files.delete(path)
    return Promise.resolve()
  }

  list(path: string): Promise<string[]> {
    const start = `${path}/`
    const names = [...this.#files.keys()].filter((name) => name.startsWith(start))
    return Promise.resolve(names.map((name) => name.slice(start.length)).toSorted())
  }

  createFolder(): Promise<void> {
    return Promise.resolve()
  }

  removeTree(): Promise<void> {
    return Promise.resolve()
  }

  syncFolder(): Promise<void> {
    return Promise.resolve()
  }

  freeSpace(): Promise<FreeSpace> {
    const size = Number.MAX_SAFE_INTEGER
    return Promise.resolve({ free: size, total: size, freeFiles: 0, totalFiles: 0 })
  }

  identityOf(path: string): Promise<string> {
    return Promise.resolve(path)
  }

  #fileOf(content: Content): DiskFile {
    const clock = this.#clock
    return {
      writev(buffers: Buffer[], position: number, done: DiskCallback): void {
        let at = position
        for (const bytes of buffers) {
          content.write(bytes, at)
          at += bytes.length
        }
        clock.atEndOfTurn(() => done(null))
      },
      datasync: (done: DiskCallback) => clock.atEndOfTurn(() => done(null)),
      read(buffer: Buffer, position: number, done: ReadCallback): void {
        const count = content.read(buffer, position)
        clock.atEndOfTurn(() => done(null, count))
      },
      size: () => Promise.resolve(content.size),
      truncate(size: number): Promise<void> {
        content.size = size
        return Promise.resolve()
      },
      finish: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }
  }
}
