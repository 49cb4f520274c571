// Watches the space on the disk. Publishers are blocked before it is used up, and a file written
// ahead of time is given up when a write finds no space all the same: acks, trims, deletes,
// checkpoints and cleaning go on, and those give space back.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { BlockedReason } from '../log-store.ts'
import type { Disk, FreeSpace } from './disk.ts'
import { syncFile, writeAt } from './file-operations.ts'

export const reserveName = 'reserve'
const pieceSize = 1024 * 1024

export interface DiskSpaceOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** The data folder. */
  readonly folder: string
  /** Publishers are blocked below this many free bytes; undefined for the default. */
  readonly freeMin: number | undefined
  readonly onBlocked: (reason: BlockedReason | undefined) => void
  readonly onTrouble: (error: Error) => void
}

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  readonly #path: string
  readonly #timer: Timer
  #blocked: BlockedReason | undefined
  #hasReserve = false
  #isBusy = false
  #isClosed = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: DiskSpaceOptions) {
    this.#options = options
    this.#path = join(options.folder, reserveName)
    this.#timer = options.clock.every(logLimits.diskCheckIntervalMs, () => this.check())
    this.check()
  }

  get blocked(): BlockedReason | undefined {
    return this.#blocked
  }

  /** A write found no space: gives the reserve up and blocks publishers at once. */
  onOutOfSpace(): void {
    this.#block('low on disk')
    if (!this.#hasReserve) return
    this.#hasReserve = false
    this.#options.disk.unlink(this.#path).catch(this.#options.onTrouble)
  }

  /** Looks at the disk now; what follows from it happens by itself. */
  check(): void {
    if (this.#isBusy || this.#isClosed) return
    this.#isBusy = true
    this.#running = this.#check().then(
      () => {
        this.#isBusy = false
      },
      (error: Error) => {
        this.#isBusy = false
        this.#options.onTrouble(error)
      },
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer.stop()
    await this.#running
  }

  async #check(): Promise<void> {
    const space = await this.#options.disk.freeSpace(this.#options.folder)
    const freeMin = this.#options.freeMin ?? freeMinOf(space)
    if (space.free < freeMin) {
      this.#block('low on disk')
      return
    }
    if (!this.#hasReserve) {
      const size = reserveSizeOf(space)
      // Blocked again at once would help nobody: there must be room beside the reserve.
      if (space.free < freeMin + 2 * size) return
      await this.#writeReserve(size)
    }
    this.#block(undefined)
  }

  #block(reason: BlockedReason | undefined): void {
    if (this.#blocked === reason) return
    this.#blocked = reason
    this.#options.onBlocked(reason)
  }

  async #writeReserve(size: number): Promise<void> {
    const { disk, folder } = this.#options
    const isThere = (await disk.list(folder)).includes(reserveName)
    const file = await disk.open(this.#path, isThere ? 'write' : 'create')
    try {
      const piece = Buffer.alloc(pieceSize)
      for (let at = await file.size(); at < size && !this.#isClosed; at += pieceSize) {
        await writeAt(file, piece.subarray(0, Math.min(pieceSize, size - at)), at)
      }
      await syncFile(file)
    } finally {
      await file.close()
    }
    await disk.syncFolder(folder)
    this.#hasReserve = true
  }
}

/** Small disks need less: a tenth is left free. */
function freeMinOf({ total }: FreeSpace): number {
  return Math.min(logLimits.diskFreeMin, Math.floor(total / 10))
}

function reserveSizeOf({ total }: FreeSpace): number {
  return Math.min(logLimits.reserveSizeMax, Math.floor(total / 32))
}
