// Tables of a cell for its open files, one file in a table at a time. When the file is an object, its table is
// emptied as a whole (TRUNCATE), which leaves nothing behind: no dead rows, no work for vacuum, no second
// writing of every page. Nobody but the owner reads or locks these tables, except a dump of the database; while
// that has a table, its rows are deleted one by one and the table is emptied at the next opportunity.
import { postgresLimits } from '../../../limits/postgres.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { CellLink } from './cell-link.ts'
import { type CellStatements, numberIn } from './cell-statements.ts'

/** Where a file's rows are, and where they end. */
export interface OpenFile {
  readonly slot: number
  size: number
}

export class WalSlots {
  readonly #cell: number
  readonly #statements: CellStatements
  readonly #link: CellLink
  readonly #files = new Map<number, OpenFile>()
  /** Slots that have a table. */
  readonly #slots = new Set<number>()
  /** Slots whose rows were deleted one by one. */
  readonly #dirty = new Set<number>()

  private constructor(cell: number, statements: CellStatements, link: CellLink) {
    this.#cell = cell
    this.#statements = statements
    this.#link = link
  }

  /** Finds what an earlier owner left. @throws DiskError */
  static async load(cell: number, statements: CellStatements, link: CellLink): Promise<WalSlots> {
    const slots = new WalSlots(cell, statements, link)
    for (const row of await link.ask(statements.listSlots(cell))) {
      const slot = numberIn(row, 'slot')
      const files = await link.ask(statements.listFiles(cell, slot))
      for (const file of files) {
        slots.#files.set(numberIn(file, 'file'), { slot, size: numberIn(file, 'size') })
      }
      slots.#slots.add(slot)
      // An earlier owner may have deleted its rows; to empty an empty table costs little.
      if (files.length === 0) slots.#dirty.add(slot)
    }
    return slots
  }

  get files(): ReadonlyMap<number, OpenFile> {
    return this.#files
  }

  find(fileId: number): OpenFile | undefined {
    return this.#files.get(fileId)
  }

  /** A place for a new file, whose first row will be at `position`. @throws DiskError */
  async add(fileId: number, position: number): Promise<OpenFile> {
    const file: OpenFile = { slot: await this.#chooseSlot(), size: position }
    this.#files.set(fileId, file)
    return file
  }

  /** @throws DiskError */
  async remove(fileId: number): Promise<void> {
    const file = this.#files.get(fileId)
    if (!file) return
    const { slot } = file
    if (!(await this.#empty(slot, fileId))) {
      await this.#link.write((fence) => this.#statements.deleteRows(fence, slot, fileId))
      this.#dirty.add(slot)
    }
    this.#files.delete(fileId)
    await this.#cleanOne()
  }

  /** Whether the lock could be had. */
  async #empty(slot: number, fileId: number): Promise<boolean> {
    const rows = await this.#link.write((fence) => this.#statements.emptySlot(fence, slot, fileId))
    return rows !== undefined
  }

  async #cleanOne(): Promise<void> {
    const used = this.#usedSlots()
    const slot = [...this.#dirty].find((dirty) => !used.has(dirty))
    if (slot === undefined) return
    const noFile = -1
    if (await this.#empty(slot, noFile)) this.#dirty.delete(slot)
  }

  #usedSlots(): Set<number> {
    return new Set(Array.from(this.#files.values(), ({ slot }) => slot))
  }

  /** A clean one that is free, or a new one, or one in which rows were deleted. */
  async #chooseSlot(): Promise<number> {
    const used = this.#usedSlots()
    const free = [...this.#slots].filter((slot) => !used.has(slot))
    const clean = free.find((slot) => !this.#dirty.has(slot))
    if (clean !== undefined) return clean
    if (this.#slots.size < postgresLimits.slotsMax) return this.#createSlot()
    const [dirty] = free
    if (dirty !== undefined) return dirty
    const message = `cell ${this.#cell}: ${used.size} files wait to be objects`
    throw new DiskError('full', message, { place: 'rows' })
  }

  async #createSlot(): Promise<number> {
    let slot = 0
    while (this.#slots.has(slot)) slot += 1
    await this.#link.ask(this.#statements.createSlot(this.#cell, slot))
    this.#slots.add(slot)
    return slot
  }
}
