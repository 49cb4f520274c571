// A cell of a cluster in memory: what a database and a store of objects would hold of it, and tables for one owner
// after the other. What is asked for happens some time later and is answered some time after that, so an owner
// may be fenced, or die, before, between and after.
import type { Clock } from '../lib/clock.ts'
import { crc32c } from '../lib/crc32c.ts'
import type { Random } from '../lib/random.ts'
import type { CellTable, FileRow, FinishedFile } from '../log/cluster/cell-table.ts'
import type { ClusterFiles, ObjectReader, ObjectWriter } from '../log/cluster/cluster-files.ts'
import { DiskError } from '../log/file/disk-error.ts'
import type { DiskCallback } from '../log/file/disk.ts'

export interface MemoryCellOptions {
  readonly clock: Clock
  /** How late things happen and are answered; without it, in the next turns. */
  readonly random?: Random
  /** Milliseconds at most. */
  readonly delayMs?: number
}

export class MemoryCell {
  readonly options: MemoryCellOptions
  epoch = 0
  readonly rows: Map<number, FileRow[]> = new Map()
  readonly finished: Map<string, FinishedFile> = new Map()
  readonly objects: Map<string, Buffer> = new Map()
  manifest: Buffer | undefined
  /** Things that happened in the database or the store of objects. */
  operationCount = 0
  /** Called before anything happens; what it throws, the caller gets. */
  onOperation: (operation: string) => void = () => undefined
  #keyCount = 0

  constructor(options: MemoryCellOptions) {
    this.options = options
  }

  /** The next owner; those before can change nothing from now on. */
  claim(): MemoryOwner {
    this.epoch++
    return new MemoryOwner(this, this.epoch)
  }

  newKey(name: string): string {
    return `${this.epoch}/${this.#keyCount++}/${name}`
  }

  /** Objects that no name leads to. */
  get orphans(): readonly string[] {
    const named = new Set([...this.finished.values()].map(({ key }) => key))
    return [...this.objects.keys()].filter((key) => !named.has(key))
  }
}

/** What one owner has: its doors to the cell. It may die, and is never answered again. */
export class MemoryOwner implements Pick<ClusterFiles, 'table' | 'reader' | 'writer'> {
  readonly table: CellTable
  readonly reader: ObjectReader
  readonly writer: ObjectWriter
  readonly cell: MemoryCell
  readonly epoch: number
  isDead = false

  constructor(cell: MemoryCell, epoch: number) {
    this.cell = cell
    this.epoch = epoch
    this.table = new MemoryCellTable(this)
    this.reader = {
      read: async (file, buffer, position) => {
        const bytes = await this.perform('get', () => this.#objectOf(file))
        bytes.copy(buffer, 0, position)
      },
      forget: () => undefined,
    }
    this.writer = {
      put: async (name, source) => {
        const bytes = await source.read(0, source.size)
        const key = this.cell.newKey(name)
        await this.perform('put', () => this.cell.objects.set(key, Buffer.from(bytes)))
        return { key, size: bytes.length, crc32c: crc32c(bytes) }
      },
      onNamed: () => undefined,
    }
  }

  /** Does `work` some time from now, if the owner lives, and answers some time later, if it still does. */
  perform<T>(operation: string, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(() => {
        let answer: () => void
        try {
          this.cell.operationCount++
          this.cell.onOperation(operation)
          const value = work()
          answer = () => resolve(value)
        } catch (error) {
          answer = () => reject(error)
        }
        this.#later(answer)
      })
    })
  }

  #later(callback: () => void): void {
    const { clock, random, delayMs = 0 } = this.cell.options
    const ms = random === undefined ? 0 : random.below(delayMs + 1)
    const unlessDead = (): void => {
      if (!this.isDead) callback()
    }
    if (ms === 0) clock.atEndOfTurn(unlessDead)
    else clock.after(ms, unlessDead)
  }

  #objectOf({ key }: FinishedFile): Buffer {
    const bytes = this.cell.objects.get(key)
    if (bytes === undefined) throw new DiskError('missing', `there is no object ${key}`)
    return bytes
  }
}

class MemoryCellTable implements CellTable {
  readonly #owner: MemoryOwner

  constructor(owner: MemoryOwner) {
    this.#owner = owner
  }

  get epoch(): number {
    return this.#owner.epoch
  }

  append(
    fileId: number,
    position: number,
    buffers: readonly Buffer[],
    onWritten: DiskCallback,
  ): void {
    // A row holds what the buffers held when they were given.
    const bytes = Buffer.concat(buffers)
    const written = this.#write('append', ({ rows }) => {
      const before = rows.get(fileId)
      const end = endOf(before)
      if (before !== undefined && end !== position) {
        throw new DiskError('io', `file ${fileId} ends at ${end}, not at ${position}`)
      }
      rows.set(fileId, [...(before ?? []), { position, bytes }])
    })
    written.then(
      () => onWritten(null),
      (error: Error) => onWritten(error),
    )
  }

  read(fileId: number, position: number, sizeMax: number): Promise<readonly FileRow[]> {
    return this.#owner.perform('read', () => {
      const found: FileRow[] = []
      let size = 0
      for (const row of this.#cell.rows.get(fileId) ?? []) {
        if (row.position + row.bytes.length <= position || size >= sizeMax) continue
        found.push(row)
        size += row.bytes.length
      }
      return found
    })
  }

  openFiles(): Promise<ReadonlyMap<number, number>> {
    return this.#owner.perform(
      'openFiles',
      () => new Map([...this.#cell.rows].map(([id, rows]) => [id, endOf(rows)])),
    )
  }

  truncate(fileId: number, size: number): Promise<void> {
    return this.#write('truncate', ({ rows }) => {
      const kept = (rows.get(fileId) ?? []).filter(({ position }) => position < size)
      const cut = kept.map(({ position, bytes }) => ({
        position,
        bytes: bytes.subarray(0, size - position),
      }))
      rows.set(fileId, cut)
    })
  }

  removeOpenFile(fileId: number): Promise<void> {
    return this.#write('removeOpenFile', ({ rows }) => void rows.delete(fileId))
  }

  finishedFiles(): Promise<ReadonlyMap<string, FinishedFile>> {
    return this.#owner.perform('finishedFiles', () => new Map(this.#cell.finished))
  }

  addFinishedFile(name: string, file: FinishedFile): Promise<void> {
    return this.#write('addFinishedFile', ({ finished }) => void finished.set(name, file))
  }

  removeFinishedFile(name: string): Promise<void> {
    return this.#write('removeFinishedFile', ({ finished }) => void finished.delete(name))
  }

  readManifest(): Promise<Buffer | undefined> {
    return this.#owner.perform('readManifest', () => this.#cell.manifest)
  }

  replaceManifest(bytes: Buffer): Promise<void> {
    return this.#write('replaceManifest', (cell) => void (cell.manifest = Buffer.from(bytes)))
  }

  close(): Promise<void> {
    this.#owner.isDead = true
    return Promise.resolve()
  }

  get #cell(): MemoryCell {
    return this.#owner.cell
  }

  #write(operation: string, work: (cell: MemoryCell) => void): Promise<void> {
    return this.#owner.perform(operation, () => {
      if (this.epoch !== this.#cell.epoch) {
        throw new DiskError('fenced', `epoch ${this.epoch} is over: it is ${this.#cell.epoch}`)
      }
      work(this.#cell)
    })
  }
}

function endOf(rows: readonly FileRow[] | undefined): number {
  const last = rows?.at(-1)
  return last === undefined ? 0 : last.position + last.bytes.length
}
