// Appends to the open files of one cell, one after the other: the database takes them under one lock, so several
// at once would only wait there.
import type { DiskCallback } from '../file/disk.ts'
import type { CellTable } from './cell-table.ts'

export interface Placed {
  readonly buffers: Buffer[]
  readonly position: number
}

interface Append extends Placed {
  readonly fileId: number
  readonly done: DiskCallback
}

export class TableWrites {
  readonly #table: CellTable
  readonly #waiting: Append[] = []
  #isBusy = false

  constructor(table: CellTable) {
    this.#table = table
  }

  append(fileId: number, { buffers, position }: Placed, done: DiskCallback): void {
    this.#waiting.push({ fileId, buffers, position, done })
    if (!this.#isBusy) this.#next()
  }

  #next(): void {
    const append = this.#waiting.shift()
    this.#isBusy = append !== undefined
    if (append === undefined) return
    const { fileId, position, buffers, done } = append
    this.#table.append(fileId, position, buffers, (error) => {
      this.#next()
      done(error)
    })
  }
}
