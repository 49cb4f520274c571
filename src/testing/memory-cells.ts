// Tables of cells in memory, for the simulation: the same answers as PostgreSQL's, with delays, lost answers and
// fencing from a seed. A lost answer is settled within, as PostgreSQL's table does: it takes longer, and when the
// epoch is over by then, a write that took place is answered with `fenced`. What is under way when a table
// is closed takes place or not, also a while later.
import { assert } from '../lib/assert.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import { postgresLimits } from '../limits/postgres.ts'
import type { CellTable, FileRow, FinishedFile } from '../log/cluster/cell-table.ts'
import { DiskError } from '../log/file/disk-error.ts'
import type { DiskCallback } from '../log/file/disk.ts'

/** How answers come. */
export interface MemoryCellsOptions {
  readonly clock: Clock
  readonly random: Random
  /** Longest time to the server, and back. */
  readonly delayMsMax?: number
  /** Share of answers that are lost. */
  readonly lostShare?: number
  /** How much longer a lost answer takes at most: time-outs and new connections. */
  readonly lostMsMax?: number
}

/** What the server has of a cell. */
interface StoredCell {
  epoch: number
  readonly files: Map<number, FileRow[]>
  readonly finished: Map<string, FinishedFile>
  manifest: { readonly version: number; readonly bytes: Buffer } | undefined
}

/** The server of all cells. */
export class MemoryCells {
  /** Bytes of rows that fit; an append of more is refused with `full`. */
  capacity: number = Infinity
  /** Statements that took place, also twice. */
  statementCount = 0
  readonly #options: Required<MemoryCellsOptions>
  readonly #cells = new Map<number, StoredCell>()
  #stalled: (() => void)[] | undefined

  constructor(options: MemoryCellsOptions) {
    this.#options = { delayMsMax: 5, lostShare: 0, lostMsMax: 2000, ...options }
  }

  /** From now on earlier tables of the cell are fenced. */
  claim(cell: number): CellTable {
    const stored = this.#cells.get(cell) ?? {
      epoch: 0,
      files: new Map(),
      finished: new Map(),
      manifest: undefined,
    }
    this.#cells.set(cell, stored)
    stored.epoch += 1
    return new MemoryCellTable(cell, stored, this)
  }

  /** Nothing takes place until `resume`: the primary is away. */
  stall(): void {
    this.#stalled ??= []
  }

  resume(): void {
    const stalled = this.#stalled ?? []
    this.#stalled = undefined
    for (const go of stalled) go()
  }

  /** Bytes of all rows. */
  get usedSize(): number {
    let size = 0
    for (const { files } of this.#cells.values()) {
      for (const rows of files.values()) size += endOf(rows) - (rows[0]?.position ?? 0)
    }
    return size
  }

  /** A statement on its way to the server. */
  send(arrive: () => void): void {
    const go = (): void => {
      if (this.#stalled) this.#stalled.push(arrive)
      else arrive()
    }
    this.#options.clock.after(this.#options.random.next() * this.#options.delayMsMax, go)
  }

  /** An answer on its way back, which may be lost: then `again` is sent and its answer counts. */
  answer(deliver: () => void, again: () => void): void {
    const { clock, random, delayMsMax, lostShare, lostMsMax } = this.#options
    if (random.next() >= lostShare) clock.after(random.next() * delayMsMax, deliver)
    else clock.after(random.next() * lostMsMax, () => this.send(again))
  }

  /** Whether something that nobody waits for takes place after all. */
  get takesPlaceUnheard(): boolean {
    return this.#options.random.next() < 0.5
  }
}

/** What a statement does to the server; its result may be asked for twice. */
type Work<T> = (stored: StoredCell) => T

class MemoryCellTable implements CellTable {
  readonly epoch: number
  readonly #cell: number
  readonly #stored: StoredCell
  readonly #server: MemoryCells
  /** What was confirmed, or found at the claim. */
  readonly #sizes: Map<number, number>
  #isClosed = false
  #isAppending = false
  #manifestVersion: number | undefined

  constructor(cell: number, stored: StoredCell, server: MemoryCells) {
    this.#cell = cell
    this.#stored = stored
    this.#server = server
    this.epoch = stored.epoch
    const files = [...stored.files].filter(([, rows]) => rows.length > 0)
    this.#sizes = new Map(files.map(([id, rows]) => [id, endOf(rows)]))
  }

  append(fileId: number, position: number, buffers: readonly Buffer[], done: DiskCallback): void {
    assert(!this.#isAppending, 'one append at a time')
    const bytes = Buffer.concat(buffers)
    const size = this.#sizes.get(fileId) ?? position
    assert(bytes.length > 0, 'an append has bytes')
    this.#isAppending = true
    this.#perform(
      (stored) => {
        if (position !== size) {
          throw new DiskError('io', `file ${fileId} ends at ${size}, not at ${position}`)
        }
        this.#addRows(stored, fileId, { position, bytes })
      },
      (error) => {
        this.#isAppending = false
        if (!error) this.#sizes.set(fileId, position + bytes.length)
        done(error ?? null)
      },
    )
  }

  async read(fileId: number, position: number, sizeMax: number): Promise<readonly FileRow[]> {
    const to = Math.min(this.#sizes.get(fileId) ?? 0, position + Math.max(1, sizeMax))
    if (position >= to) return []
    return this.#ask(({ files }) =>
      (files.get(fileId) ?? [])
        .filter((row) => row.position < to && row.position + row.bytes.length > position)
        .map((row) => ({ position: row.position, bytes: Buffer.from(row.bytes) })),
    )
  }

  openFiles(): Promise<ReadonlyMap<number, number>> {
    return Promise.resolve(new Map(this.#sizes))
  }

  async truncate(fileId: number, size: number): Promise<void> {
    this.#sizeOf(fileId)
    await this.#ask(({ files }) => {
      const rows = files.get(fileId) ?? []
      const kept = rows
        .filter(({ position }) => position < size)
        .map(({ position, bytes }) => ({ position, bytes: bytes.subarray(0, size - position) }))
      files.set(fileId, kept)
    })
    this.#sizes.set(fileId, Math.min(this.#sizeOf(fileId), size))
  }

  async removeOpenFile(fileId: number): Promise<void> {
    await this.#ask(({ files }) => void files.delete(fileId))
    this.#sizes.delete(fileId)
  }

  finishedFiles(): Promise<ReadonlyMap<string, FinishedFile>> {
    return this.#ask(({ finished }) => new Map(finished))
  }

  addFinishedFile(name: string, file: FinishedFile): Promise<void> {
    return this.#ask(({ finished }) => void finished.set(name, { ...file }))
  }

  removeFinishedFile(name: string): Promise<void> {
    return this.#ask(({ finished }) => void finished.delete(name))
  }

  async readManifest(): Promise<Buffer | undefined> {
    const manifest = await this.#ask((stored) => stored.manifest)
    this.#manifestVersion = manifest?.version ?? 0
    return manifest && Buffer.from(manifest.bytes)
  }

  async replaceManifest(given: Buffer): Promise<void> {
    if (this.#manifestVersion === undefined) await this.readManifest()
    const expected = this.#manifestVersion ?? 0
    const bytes = Buffer.from(given)
    await this.#ask((stored) => {
      const version = stored.manifest?.version ?? 0
      const isDone = version === expected + 1 && stored.manifest?.bytes.equals(bytes)
      if (version !== expected && isDone !== true) throw this.#fenced()
      stored.manifest = { version: expected + 1, bytes }
    })
    this.#manifestVersion = expected + 1
  }

  proveOwner(): Promise<void> {
    return this.#ask(() => undefined)
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #addRows(stored: StoredCell, fileId: number, { position, bytes }: FileRow): void {
    const rows = stored.files.get(fileId) ?? []
    // A try whose answer was lost has added them.
    if (endOf(rows) === position + bytes.length && rows.length > 0) return
    if (this.#server.usedSize + bytes.length > this.#server.capacity) {
      throw new DiskError('full', `cell ${this.#cell}: no room for ${bytes.length} bytes`)
    }
    const { rowSizeMax } = postgresLimits
    for (let at = 0; at < bytes.length; at += rowSizeMax) {
      rows.push({ position: position + at, bytes: bytes.subarray(at, at + rowSizeMax) })
    }
    stored.files.set(fileId, rows)
  }

  #ask<T>(work: Work<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new DiskError('io', 'the table was closed'))
    return new Promise((resolve, reject) => {
      this.#perform(work, (error, result) => {
        if (error) reject(error)
        else resolve(result as T)
      })
    })
  }

  /** To the server and back; `done` is not called once the table was closed. */
  #perform<T>(work: Work<T>, done: (error: Error | undefined, result?: T) => void): void {
    if (this.#isClosed) return
    const arrive = (): void => {
      if (this.#isClosed && !this.#server.takesPlaceUnheard) return
      let error: Error | undefined
      let result: T | undefined
      try {
        if (this.#stored.epoch !== this.epoch) throw this.#fenced()
        this.#server.statementCount += 1
        result = work(this.#stored)
      } catch (thrown) {
        error = thrown as Error
      }
      const deliver = (): void => {
        if (!this.#isClosed) done(error, result)
      }
      this.#server.answer(deliver, arrive)
    }
    this.#server.send(arrive)
  }

  #sizeOf(fileId: number): number {
    const size = this.#sizes.get(fileId)
    if (size !== undefined) return size
    throw new DiskError('missing', `cell ${this.#cell}: there is no open file ${fileId}`)
  }

  #fenced(): DiskError {
    return new DiskError('fenced', `cell ${this.#cell}: epoch ${this.epoch} is over`)
  }
}

function endOf(rows: readonly FileRow[]): number {
  const last = rows.at(-1)
  return last ? last.position + last.bytes.length : 0
}
