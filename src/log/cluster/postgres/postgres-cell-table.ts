// A cell's table on PostgreSQL. Appends have a connection of their own; reads and what is rare share another one.
// What was written and confirmed is in memory, too: files, where they end, the manifest's version.
import { assert } from '../../../lib/assert.ts'
import { postgresLimits } from '../../../limits/postgres.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { DiskCallback } from '../../file/disk.ts'
import type { CellTable, FileRow, FinishedFile } from '../cell-table.ts'
import { CellFence, CellLink, type LinkParts } from './cell-link.ts'
import { type AppendedRows, type Claim, numberIn } from './cell-statements.ts'
import type { Row } from './postgres-connection.ts'
import { WalSlots } from './wal-slots.ts'

export class PostgresCellTable implements CellTable {
  readonly epoch: number
  readonly #fence: CellFence
  readonly #parts: LinkParts
  readonly #appends: CellLink
  readonly #others: CellLink
  /** Read by whoever needs it first. */
  #slots: Promise<WalSlots> | undefined
  #isAppending = false
  #isClosed = false
  #manifestVersion: number | undefined

  /** For whoever has claimed the cell. */
  constructor(claim: Claim, parts: LinkParts) {
    this.epoch = claim.epoch
    this.#fence = new CellFence(claim)
    this.#parts = parts
    this.#appends = new CellLink(this.#fence, parts)
    this.#others = new CellLink(this.#fence, parts)
  }

  append(fileId: number, position: number, buffers: readonly Buffer[], done: DiskCallback): void {
    assert(!this.#isAppending, 'one append at a time')
    this.#isAppending = true
    const finish = (error: DiskError | null): void => {
      this.#isAppending = false
      // Nobody is answered after `close`.
      if (!this.#isClosed) done(error)
    }
    this.#append(fileId, position, buffers).then(
      () => finish(null),
      (error: unknown) => finish(diskErrorOf(error)),
    )
  }

  async read(fileId: number, position: number, sizeMax: number): Promise<readonly FileRow[]> {
    const files = await this.#files
    const file = files.find(fileId)
    if (!file) return []
    const to = Math.min(file.size, position + Math.max(1, sizeMax))
    if (position >= to) return []
    const rows = await this.#others.read((fence) =>
      this.#parts.statements.read(fence, file.slot, { fileId, from: position, to }),
    )
    // Removed while it was read.
    if (!files.find(fileId)) return []
    const found = rows.filter((row) => row['position'] !== null).map(toFileRow)
    this.#checkGaps(fileId, found, { from: position, to })
    return found
  }

  async openFiles(): Promise<ReadonlyMap<number, number>> {
    const { files } = await this.#files
    return new Map(Array.from(files, ([id, { size }]) => [id, size] as const))
  }

  async truncate(fileId: number, size: number): Promise<void> {
    const file = (await this.#files).find(fileId)
    if (!file) throw missingFile(this.#fence.claim.cell, fileId)
    await this.#others.write((fence) =>
      this.#parts.statements.truncate(fence, file.slot, { fileId, size }),
    )
    file.size = Math.min(file.size, size)
  }

  async removeOpenFile(fileId: number): Promise<void> {
    await (await this.#files).remove(fileId)
  }

  async finishedFiles(): Promise<ReadonlyMap<string, FinishedFile>> {
    const rows = await this.#others.read((fence) => this.#parts.statements.listFinished(fence))
    const named = rows.filter((row) => row['name'] !== null)
    return new Map(named.map((row) => [String(row['name']), toFinishedFile(row)]))
  }

  async addFinishedFile(name: string, file: FinishedFile): Promise<void> {
    await this.#others.write((fence) => this.#parts.statements.addFinished(fence, name, file))
  }

  async removeFinishedFile(name: string): Promise<void> {
    await this.#others.write((fence) => this.#parts.statements.removeFinished(fence, name))
  }

  async readManifest(): Promise<Buffer | undefined> {
    const rows = await this.#others.read((fence) => this.#parts.statements.readManifest(fence))
    const row = rows[0]
    const isThere = row !== undefined && row['version'] !== null
    this.#manifestVersion = isThere ? numberIn(row, 'version') : 0
    return isThere ? (row['bytes'] as Buffer) : undefined
  }

  async replaceManifest(bytes: Buffer): Promise<void> {
    if (this.#manifestVersion === undefined) await this.readManifest()
    const version = this.#manifestVersion ?? 0
    const rows = await this.#others.write((fence) =>
      this.#parts.statements.replaceManifest(fence, version, bytes),
    )
    if (rows[0]?.['matching'] !== true) throw this.#overrun('another manifest is there')
    this.#manifestVersion = version + 1
  }

  async proveOwner(): Promise<void> {
    await this.#others.write((fence) => this.#parts.statements.lock(fence))
  }

  close(): Promise<void> {
    this.#isClosed = true
    const { cell } = this.#fence.claim
    this.#fence.finish(new DiskError('io', `cell ${cell}: its table was closed`))
    return Promise.resolve()
  }

  get #files(): Promise<WalSlots> {
    const { cell } = this.#fence.claim
    this.#slots ??= WalSlots.load(cell, this.#parts.statements, this.#others)
    return this.#slots
  }

  async #append(fileId: number, position: number, buffers: readonly Buffer[]): Promise<void> {
    const bytes = buffers.length === 1 && buffers[0] ? buffers[0] : Buffer.concat(buffers)
    assert(bytes.length > 0, 'an append has bytes')
    if (bytes.length > postgresLimits.appendSizeMax) {
      throw new DiskError('io', `an append of ${bytes.length} bytes is too large`)
    }
    const files = await this.#files
    const file = files.find(fileId) ?? (await files.add(fileId, position))
    if (position !== file.size) {
      throw new DiskError('io', `file ${fileId} ends at ${file.size}, not at ${position}`)
    }
    const rows: AppendedRows = { slot: file.slot, fileId, position, bytes }
    const answer = await this.#appends.write((fence, isFirst) =>
      isFirst
        ? this.#parts.statements.append(fence, rows)
        : this.#parts.statements.appendAgain(fence, rows),
    )
    if (answer[0]?.['matching'] === false) {
      throw this.#overrun(`file ${fileId} has other bytes at ${position}`)
    }
    file.size = position + bytes.length
  }

  /** Somebody else wrote under this epoch: nothing may be trusted any more. */
  #overrun(what: string): DiskError {
    return this.#fence.finish(new DiskError('fenced', `cell ${this.#fence.claim.cell}: ${what}`))
  }

  /** What was confirmed is there; anything else is a fault of the server, and never the end of a file. */
  #checkGaps(
    fileId: number,
    rows: readonly FileRow[],
    { from, to }: { from: number; to: number },
  ): void {
    let end = rows[0] ? rows[0].position : to
    let isWhole = rows[0] !== undefined && end <= from
    for (const { position, bytes } of rows) {
      isWhole &&= position === end
      end = position + bytes.length
    }
    if (isWhole && end >= to) return
    throw new DiskError(
      'io',
      `cell ${this.#fence.claim.cell}: file ${fileId} has a gap in ${from} to ${to}`,
    )
  }
}

function missingFile(cell: number, fileId: number): DiskError {
  return new DiskError('missing', `cell ${cell}: there is no open file ${fileId}`)
}

function diskErrorOf(error: unknown): DiskError {
  if (error instanceof DiskError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new DiskError('io', text, { cause: error })
}

function toFileRow(row: Row): FileRow {
  return { position: numberIn(row, 'position'), bytes: row['bytes'] as Buffer }
}

function toFinishedFile(row: Row): FinishedFile {
  const { head, tail } = row
  const ends = head instanceof Buffer && tail instanceof Buffer ? { head, tail } : undefined
  return {
    key: String(row['key']),
    size: numberIn(row, 'size'),
    crc32c: numberIn(row, 'crc32c'),
    ends,
  }
}
