// Watches the space on the disk. Publishers are blocked before it is used up, and a file written
// ahead of time is given up when a write finds no space all the same: acks, trims, deletes,
// checkpoints and cleaning go on, and those give space back.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { logLimits } from '../../limits/log.ts'
import type { FullPlace } from '../full-place.ts'
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
  readonly onBlocked: (reason: BlockedReason | undefined, place?: FullPlace) => void
  readonly onTrouble: (error: Error) => void
}

/** Unless it is `gone`, it may take space: an earlier process may have left it, whole or not. */
type ReserveState = 'unknown' | 'written' | 'gone' | 'needless'

export class DiskSpace {
  readonly #options: DiskSpaceOptions
  readonly #path: string
  readonly #timer: Timer
  #isLow = false
  #isFailing = false
  #blocked: BlockedReason | undefined
  /** Of a disk elsewhere, which does not say what is free: when it last refused a write, and what was full then. */
  #refusedAt = -Infinity
  #refusedBy: FullPlace | undefined
  #reserve: ReserveState = 'unknown'
  /** Bytes that could be written at the last look before publishers have to be blocked. */
  #room = 0
  /** Bytes written since that look began: it may have seen some of them or not. */
  #writtenSize = 0
  #free = 0
  #freeMin = 0
  #total = 0
  #isBusy = false
  #isClosed = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: DiskSpaceOptions) {
    this.#options = options
    if (options.disk.isRemote) this.#reserve = 'needless'
    this.#path = join(options.folder, reserveName)
    this.#timer = options.clock.every(logLimits.diskCheckIntervalMs, () => this.check())
    this.check()
  }

  /** Bytes that were free at the last look. */
  get freeSize(): number {
    return this.#free
  }

  /** Publishers are blocked below this many. */
  get freeSizeMin(): number {
    return this.#freeMin
  }

  /** Of the whole disk. */
  get diskSize(): number {
    return this.#total
  }

  get blocked(): BlockedReason | undefined {
    return this.#blocked
  }

  /** A write found no space: gives the reserve up and blocks publishers at once. */
  onOutOfSpace(place?: FullPlace): void {
    this.#refusedAt = this.#options.clock.monotonic()
    this.#refusedBy = place
    this.#setLow(true)
    if (this.#reserve === 'gone' || this.#reserve === 'needless') return
    this.#reserve = 'gone'
    this.#options.disk.unlink(this.#path).catch((error: Error) => {
      this.#reserve = 'unknown'
      this.#options.onTrouble(error)
    })
  }

  /** Nothing can be written for other reasons, or it can again. */
  setFailing(isFailing: boolean): void {
    this.#isFailing = isFailing
    this.#tell()
  }

  /** A fast disk takes more between two looks than is left free: so what is written counts, too. */
  onWriting(size: number): void {
    this.#writtenSize += size
    if (this.#isLow || this.#writtenSize * 2 < this.#room) return
    if (this.#writtenSize >= this.#room && this.#room > 0) this.#setLow(true)
    this.check()
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
    // They count until the answer is there: a busy disk takes its time with it.
    const earlierSize = this.#writtenSize
    const space = await this.#options.disk.freeSpace(this.#options.folder)
    this.#writtenSize -= earlierSize
    const freeMin = this.#options.freeMin ?? freeMinOf(space)
    this.#free = space.free
    this.#freeMin = freeMin
    this.#total = space.total
    this.#room = Math.max(0, space.free - freeMin)
    if (this.#isShort(space, freeMin)) {
      this.#setLow(true)
      return
    }
    if (this.#reserve === 'unknown' || this.#reserve === 'gone') {
      const size = reserveSizeOf(space)
      // Blocked again at once would help nobody: there must be room beside the reserve.
      if (space.free < freeMin + 2 * size) return
      await this.#writeReserve(size)
      // That took a while. Given up meanwhile, it is for the next look.
      if (this.#mayWrite) await this.#check()
      return
    }
    this.#setLow(false)
  }

  /** A little more is wanted before it is lifted, or publishers would be blocked again at once. */
  #isShort(space: FreeSpace, freeMin: number): boolean {
    const share = this.#isLow ? logLimits.diskFreeAgainShare : 1
    const filesMin = Math.min(logLimits.filesFreeMin, space.totalFiles / 10)
    return this.#isRefusing || space.free < freeMin * share || space.freeFiles < filesMin * share
  }

  /** What is refused is tried again soon: it has room once nothing was refused for a while. */
  get #isRefusing(): boolean {
    const { disk, clock } = this.#options
    return disk.isRemote && clock.monotonic() - this.#refusedAt < logLimits.refusedMs
  }

  #setLow(isLow: boolean): void {
    this.#isLow = isLow
    this.#tell()
  }

  #tell(): void {
    const low = this.#isLow ? 'low on disk' : undefined
    const reason = this.#isFailing ? 'disk fails' : low
    if (this.#blocked === reason) return
    this.#blocked = reason
    const isFull = reason === 'low on disk' && this.#options.disk.isRemote
    const place = this.#isRefusing ? this.#refusedBy : 'rows'
    this.#options.onBlocked(reason, isFull ? place : undefined)
  }

  async #writeReserve(size: number): Promise<void> {
    const { disk, folder } = this.#options
    const isThere = (await disk.list(folder)).includes(reserveName)
    this.#reserve = 'unknown'
    const file = await disk.open(this.#path, isThere ? 'write' : 'create')
    try {
      const piece = Buffer.alloc(pieceSize)
      for (let at = await file.size(); at < size && this.#mayWrite; at += pieceSize) {
        const bytes = piece.subarray(0, Math.min(pieceSize, size - at))
        this.#writtenSize += bytes.length
        await writeAt(file, bytes, at)
      }
      await syncFile(file)
    } finally {
      await file.close()
    }
    await disk.syncFolder(folder)
    if (this.#mayWrite) this.#reserve = 'written'
  }

  /** It may be given up while it is written. */
  get #mayWrite(): boolean {
    return !this.#isClosed && this.#reserve !== 'gone'
  }
}

/**
 * For a start, which has to write before it can look after the disk: gives up what an earlier
 * process has left when there is hardly any space.
 */
export async function makeRoomToStart(disk: Disk, folder: string): Promise<void> {
  if (disk.isRemote) return
  const { free, total } = await disk.freeSpace(folder)
  if (free < Math.min(logLimits.startFreeMin, total / 64))
    await disk.unlink(join(folder, reserveName))
}

/** Small disks need less: a tenth is left free. */
function freeMinOf({ total }: FreeSpace): number {
  return Math.min(logLimits.diskFreeMin, Math.floor(total / 10))
}

/** How large the reserve of a disk is. */
export function reserveSizeOf({ total }: FreeSpace): number {
  return Math.min(logLimits.reserveSizeMax, Math.floor(total / 32))
}
