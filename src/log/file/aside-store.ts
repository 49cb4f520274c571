// Large bodies in files of their own: written and synced before their record is committed, removed
// when the last record that refers to them is durably gone.
import { join } from 'node:path'
import type { Clock, Timer } from '../../lib/clock.ts'
import { crc32cInSteps } from '../../lib/crc32c.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { logLimits } from '../../limits/log.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { Log } from '../log.ts'
import {
  asideIdOf,
  asideName,
  bodyIn,
  crcIn,
  encodeAsideHeader,
  startIn,
  startSizeOf,
} from './aside-file.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskFile } from './disk.ts'
import { readInto, syncFile, writeAllAt } from './file-operations.ts'
import type { AsideReference } from './segment.ts'

export interface AsideStoreOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly folder: string
  readonly nextId: number
  /** So many bytes are about to be written. */
  readonly onWriting: (size: number) => void
  /** Calls back when everything in memory now is durable. */
  readonly whenDurable: (callback: () => void) => void
  readonly onTrouble: (error: Error) => void
}

/** Bodies that stay although no record needs them any more. */
export interface HeldBodies {
  /** All that some record needed when this began. */
  readonly ids: readonly number[]
  /** How many of them would have gone meanwhile. */
  keptCount(): number
  /** Removes what nobody needs. */
  release(): void
}

export class AsideStore {
  /**
   * Bodies in memory: those not committed yet, and some that were read lately. They are retained as
   * long as they are in here; who keeps one for longer than a call retains it, too (`PagePool`).
   */
  readonly bodies: Map<number, Buffer> = new Map()
  readonly #options: AsideStoreOptions
  /** Records that refer to each body. */
  readonly #counts = new Map<number, number>()
  readonly #byLog = new Map<number, AsideReference[]>()
  /** Bodies that may leave memory, oldest first. */
  readonly #cached = new Set<number>()
  #cachedSize = 0
  readonly #lost = new Set<number>()
  /** Of bodies that wait for another try. */
  readonly #pauses = new Set<Timer>()
  #isAbandoned = false
  #nextId: number
  /** While somebody copies bodies: below `end` none is removed, and `ids` are to be. */
  #held: { readonly end: number; readonly ids: number[] } | undefined

  constructor(options: AsideStoreOptions) {
    this.#options = options
    this.#nextId = options.nextId
  }

  get nextId(): number {
    return this.#nextId
  }

  /** Whether the body cannot be read any more, or no record needs it: its record counts as a gap. */
  isLost(id: number): boolean {
    return this.#lost.has(id) || !this.#counts.has(id)
  }

  /** Writes a body durably, however often it takes, then calls back with its id. */
  write(body: Buffer, done: (id: number) => void): void {
    const id = this.#nextId++
    this.bodies.set(id, body)
    pagePool.retain(body)
    this.#options.onWriting(body.length)
    void this.#tryWrite(id, body, done)
  }

  /** Nothing is written or removed any more, and nobody is called back. */
  abandon(): void {
    this.#isAbandoned = true
    for (const pause of this.#pauses) pause.stop()
    this.#pauses.clear()
  }

  async #tryWrite(id: number, body: Buffer, done: (id: number) => void): Promise<void> {
    if (this.#isAbandoned) return
    try {
      await this.#writeFile(id, body)
    } catch (error) {
      if (this.#isAbandoned) return
      this.#options.onTrouble(error as Error)
      if (diskErrorKind(error) !== 'fenced') this.#tryLater(() => this.#tryWrite(id, body, done))
      return
    }
    if (!this.#isAbandoned) done(id)
  }

  #tryLater(again: () => Promise<void>): void {
    if (this.#isAbandoned) return
    const pause = this.#options.clock.after(logLimits.diskRetryMs, () => {
      this.#pauses.delete(pause)
      void again()
    })
    this.#pauses.add(pause)
  }

  /** Its publisher needs the id no more: the body is removed, unless a record has it. */
  drop(id: number): void {
    if (this.#counts.has(id)) return
    this.#forget(id)
    void this.#remove(id)
  }

  /** Keeps the files of all bodies that some record needs now. Once at a time. */
  hold(): HeldBodies {
    const held = { end: this.#nextId, ids: [] as number[] }
    this.#held = held
    return {
      ids: [...this.#counts.keys()],
      keptCount: () => held.ids.length,
      release: () => {
        this.#held = undefined
        for (const id of held.ids) void this.#remove(id)
      },
    }
  }

  /** A record that refers to body `id` was appended, or was found at the start. */
  addReference(reference: AsideReference): void {
    const { logId, asideId } = reference
    this.#counts.set(asideId, (this.#counts.get(asideId) ?? 0) + 1)
    const references = this.#byLog.get(logId)
    if (references === undefined) this.#byLog.set(logId, [reference])
    else references.push(reference)
  }

  /** The record is durable: its body may leave memory. */
  onCommitted(id: number): void {
    const body = this.bodies.get(id)
    if (body !== undefined) this.#cache(id, body)
  }

  /** Records of `log` may have been acked: lets go of bodies that nobody refers to. */
  onAcked(log: Log): void {
    if (this.#byLog.size === 0) return
    const references = this.#byLog.get(log.id)
    if (references === undefined) return
    const kept = references.filter(({ offset }) => !log.isDeleted && log.isKept(offset))
    this.#keep(log, references, kept)
  }

  /** Records of `log` below `end` were written anew, and only those at `offsets` are left of them. */
  onRewritten(log: Log, end: number, offsets: ReadonlySet<number>): void {
    const references = this.#byLog.get(log.id)
    if (references === undefined) return
    const kept = references.filter(({ offset }) => offset >= end || offsets.has(offset))
    this.#keep(log, references, kept)
  }

  #keep(log: Log, references: AsideReference[], kept: AsideReference[]): void {
    if (kept.length === references.length) return
    const isKept = new Set(kept)
    const gone = references.filter((reference) => !isKept.has(reference))
    if (kept.length > 0) this.#byLog.set(log.id, kept)
    else this.#byLog.delete(log.id)
    this.#options.whenDurable(() => {
      for (const { asideId } of gone) this.#dropReference(asideId)
    })
  }

  /**
   * Brings a body into memory, unless no record needs it any more. Rejects when it is missing, damaged
   * or unreadable: it is lost.
   */
  async load(id: number): Promise<void> {
    if (this.bodies.has(id)) return
    const path = this.#pathOf(id)
    try {
      const body = await this.#readFile(id)
      if (body === undefined) throw new Error(`${path} is missing or damaged`)
      // Somebody else may have been quicker, or the last record that needs it may be gone.
      if (this.bodies.has(id) || !this.#counts.has(id)) {
        pagePool.release(body)
        return
      }
      this.bodies.set(id, body)
      this.#cache(id, body)
    } catch (error) {
      // Removed while it was being read.
      if (!this.#counts.has(id)) return
      this.#lost.add(id)
      const { message } = error as Error
      throw new Error(`${message}: the message body in it is lost`, { cause: error })
    }
  }

  /** See `LogStore.readAsideStart`. */
  async readStart(id: number, sizeMax: number): Promise<Buffer | undefined> {
    const known = this.bodies.get(id)
    if (known !== undefined) return Buffer.from(known.subarray(0, sizeMax))
    try {
      const file = await this.#openFile(id)
      if (file === undefined) return undefined
      try {
        const bytes = Buffer.allocUnsafe(startSizeOf(sizeMax))
        return startIn(bytes.subarray(0, await readInto(file, bytes, 0)), id)
      } finally {
        await file.close()
      }
    } catch (error) {
      if (diskErrorKind(error) === undefined) throw error
      return undefined
    }
  }

  /**
   * Last step of opening, before anything is written: removes the bodies that no record refers to
   * (their publisher left, or a crash came between), and returns the records whose body is gone.
   */
  async compareWithFolder(): Promise<AsideReference[]> {
    const { disk, folder } = this.#options
    const present = new Set<number>()
    for (const name of await disk.list(folder)) {
      const id = asideIdOf(name)
      if (id === undefined) continue
      if (this.#counts.has(id)) present.add(id)
      else await disk.unlink(join(folder, name))
    }
    const gone = [...this.#byLog.values()].flat().filter(({ asideId }) => !present.has(asideId))
    for (const { asideId } of gone) this.#lost.add(asideId)
    return gone
  }

  #dropReference(id: number): void {
    const count = (this.#counts.get(id) ?? 0) - 1
    if (count > 0) {
      this.#counts.set(id, count)
      return
    }
    this.#counts.delete(id)
    this.#forget(id)
    void this.#remove(id)
  }

  async #remove(id: number): Promise<void> {
    if (this.#isAbandoned) return
    if (this.#held !== undefined && id < this.#held.end) {
      this.#held.ids.push(id)
      return
    }
    try {
      await this.#options.disk.unlink(this.#pathOf(id))
    } catch (error) {
      // The next start removes it.
      this.#options.onTrouble(error as Error)
    }
  }

  async #writeFile(id: number, body: Buffer): Promise<void> {
    const { disk, folder } = this.#options
    const path = this.#pathOf(id)
    await disk.unlink(path)
    const file = await disk.open(path, 'create')
    try {
      const header = encodeAsideHeader(id, body, await this.#crcOf(body))
      await writeAllAt(file, [header, body], 0)
      await syncFile(file)
      await file.finish(header.length + body.length)
    } finally {
      await file.close()
    }
    await disk.syncFolder(folder)
  }

  /** The body, retained; undefined when its file is missing or damaged. */
  async #readFile(id: number): Promise<Buffer | undefined> {
    const file = await this.#openFile(id)
    if (file === undefined) return undefined
    let bytes: Buffer | undefined
    try {
      bytes = pagePool.take(await file.size())
      const count = await readInto(file, bytes, 0)
      const body = bodyIn(bytes.subarray(0, count), id)
      if (body !== undefined && (await this.#crcOf(body)) === crcIn(bytes)) return body
      pagePool.release(bytes)
      return undefined
    } catch (error) {
      if (bytes !== undefined) pagePool.release(bytes)
      throw error
    } finally {
      await file.close()
    }
  }

  async #openFile(id: number): Promise<DiskFile | undefined> {
    try {
      return await this.#options.disk.open(this.#pathOf(id), 'read')
    } catch (error) {
      if (diskErrorKind(error) === 'missing') return undefined
      throw error
    }
  }

  #crcOf(body: Buffer): number | Promise<number> {
    const { clock } = this.#options
    return crc32cInSteps(body, { clock, sizePerTurn: memoryLimits.crcPerTurnMax })
  }

  #cache(id: number, body: Buffer): void {
    if (this.#cached.has(id)) return
    this.#cached.add(id)
    this.#cachedSize += body.length
    for (const oldest of this.#cached) {
      // Whoever waits for a body reads it before so many others were loaded.
      const isSmall = this.#cachedSize <= logLimits.asideCacheSizeMax
      if (isSmall || this.#cached.size <= logLimits.asideCacheCountMin) return
      this.#forget(oldest)
    }
  }

  #forget(id: number): void {
    const body = this.bodies.get(id)
    this.bodies.delete(id)
    if (this.#cached.delete(id)) this.#cachedSize -= body?.length ?? 0
    if (body !== undefined) pagePool.release(body)
  }

  #pathOf(id: number): string {
    return join(this.#options.folder, asideName(id))
  }
}
