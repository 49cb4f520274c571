// Objects as files: reads at any position, from blocks that were fetched once and stay in a local folder. The folder
// may be lost at any time, as a whole or in part; what is not there or not intact is fetched again. Readers of one
// block share one request.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { crc32c } from '../../../lib/crc32c.ts'
import { WorkGate } from '../../../lib/work-gate.ts'
import { objectLimits } from '../../../limits/objects.ts'
import { DiskError } from '../../file/disk-error.ts'
import type { Disk } from '../../file/disk.ts'
import { readBlock, writeBlock } from './block-file.ts'
import { BlockIndex, type BlockIndexLimits, type KeptBlock } from './block-index.ts'
import { ObjectPeeks } from './object-peeks.ts'
import { readSource } from './object-source.ts'
import type { ObjectSource, ObjectStore, RequestLimits } from './object-store.ts'
import type { RequestPatience } from './request-patience.ts'

/** An object as whoever names it knows it. */
export interface NamedObject {
  readonly key: string
  readonly size: number
  /** Of the whole; checked where it is fetched as a whole. */
  readonly crc32c?: number | undefined
}

export interface ObjectCacheOptions {
  /** With patience, or a read fails when the store does. */
  readonly objects: ObjectStore
  /** For objects whose bytes are not those that were put. */
  readonly patience: RequestPatience
  readonly disk: Disk
  readonly folder: string
  /** How far reads of objects may go. A reader alone cannot end one: others may wait for the same block. */
  readonly requestLimits?: RequestLimits | undefined
  readonly limits?: Partial<BlockIndexLimits> | undefined
  /** The local folder does not work; nothing is lost by that but time. */
  readonly onLocalTrouble?: ((error: Error) => void) | undefined
}

interface Block {
  readonly object: NamedObject
  readonly name: string
  /** Of its first byte in the object. */
  readonly from: number
  readonly size: number
}

interface Fetch {
  readonly bytes: Promise<Buffer>
  /** What comes is not to be kept. */
  isForgotten: boolean
}

const blockSize = objectLimits.cacheBlockSize

/** What the cache did, for metrics. */
export interface ObjectCacheStats {
  readonly hits: number
  readonly fetches: number
  readonly fetchedSize: number
  readonly size: number
}

export class ObjectCache {
  readonly #options: ObjectCacheOptions
  readonly #index: BlockIndex
  readonly #gate = new WorkGate(objectLimits.cacheFetchesMax)
  readonly #fetches = new Map<string, Fetch>()
  readonly #peeks = new ObjectPeeks()
  /** Files that are being written or removed. */
  readonly #fileWork = new Set<Promise<void>>()
  #hits = 0
  #fetchCount = 0
  #fetchedSize = 0

  private constructor(options: ObjectCacheOptions) {
    const { sizeMax, filesMax } = options.limits ?? {}
    this.#options = options
    this.#index = new BlockIndex({
      sizeMax: sizeMax ?? objectLimits.cacheSizeMax,
      filesMax: filesMax ?? objectLimits.cacheFilesMax,
    })
  }

  /** Takes over what an earlier process left in the folder. A folder that does not work keeps nothing. */
  static async open(options: ObjectCacheOptions): Promise<ObjectCache> {
    const cache = new ObjectCache(options)
    try {
      await options.disk.createFolder(options.folder)
      for (const fileName of await options.disk.list(options.folder)) {
        const block = cache.#index.adopt(fileName)
        if (block === undefined) await options.disk.unlink(join(options.folder, fileName))
        else cache.#removeFiles(cache.#index.add(block))
      }
    } catch (error) {
      options.onLocalTrouble?.(error as Error)
    }
    return cache
  }

  get stats(): ObjectCacheStats {
    return {
      hits: this.#hits,
      fetches: this.#fetchCount,
      fetchedSize: this.#fetchedSize,
      size: this.#index.size,
    }
  }

  /** Fills `target` from `position` of the object; resolves with the count, less only at the object's end. */
  async read(object: NamedObject, target: Buffer, position: number): Promise<number> {
    const end = Math.min(object.size, position + target.length)
    const reads: Promise<void>[] = []
    for (let from = position; from < end;) {
      const block = blockAt(object, from)
      const until = Math.min(end, block.from + block.size)
      reads.push(this.#readFrom(block, from, target.subarray(from - position, until - position)))
      from = until
    }
    await Promise.all(reads)
    return Math.max(0, end - position)
  }

  /** Keeps an object that was just put, whose readers will come soon. */
  async keep(object: NamedObject, source: ObjectSource): Promise<void> {
    for (let from = 0; from < object.size; from += blockSize) {
      const block = blockAt(object, from)
      if (this.#index.has(block.name)) continue
      const bytes = await readSource(source, block.from, block.size)
      await this.#gate.run(() => this.#store(block, bytes))
    }
  }

  /** What is kept of an object goes: it was deleted, or whoever read it found it damaged. */
  forget(object: NamedObject): void {
    for (let from = 0; from < object.size; from += blockSize) {
      const { name } = blockAt(object, from)
      this.#peeks.forget({ name })
      const fetch = this.#fetches.get(name)
      if (fetch !== undefined) fetch.isForgotten = true
      this.#fetches.delete(name)
      this.#removeFiles(this.#index.remove(name))
    }
  }

  /** Resolves when no file of the folder is touched any more. Reads must have ended. */
  async close(): Promise<void> {
    while (this.#fileWork.size > 0) await Promise.all(this.#fileWork)
  }

  async #readFrom(block: Block, position: number, target: Buffer): Promise<void> {
    const from = position - block.from
    const kept = await this.#readKept(block, from, target.length)
    if (kept !== undefined) {
      this.#hits++
      kept.copy(target)
      return
    }
    const range = { from, size: target.length }
    if (!this.#fetches.has(block.name) && this.#peeks.suits(block, range.from, range.size)) {
      const piece = await this.#peeks.read(block, range, (at, size) => {
        return this.#fetchNow({ ...block, from: block.from + at, size })
      })
      piece.copy(target)
      return
    }
    const bytes = await this.#fetch(block)
    bytes.copy(target, 0, from, from + target.length)
  }

  /** From the local file; undefined when it is not there or not what it should be. */
  async #readKept(block: Block, from: number, size: number): Promise<Buffer | undefined> {
    const kept = this.#index.use(block.name)
    if (kept === undefined) return undefined
    const { disk } = this.#options
    try {
      const file = { path: this.#pathOf(kept), name: kept.name, size: kept.size }
      const bytes = kept.size === block.size ? await readBlock(disk, file, from, size) : undefined
      if (bytes !== undefined) return bytes
      throw new DiskError('io', `${kept.fileName} in the cache is damaged`)
    } catch (error) {
      this.#options.onLocalTrouble?.(error as Error)
      // Another one may have been put in its place meanwhile.
      if (this.#index.use(block.name) === kept) this.#removeFiles(this.#index.remove(block.name))
      return undefined
    }
  }

  #fetch(block: Block): Promise<Buffer> {
    const running = this.#fetches.get(block.name)
    if (running !== undefined) return running.bytes
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const fetch = { bytes: promise, isForgotten: false }
    this.#fetches.set(block.name, fetch)
    // Its place is free for the next one when it is on the disk: so memory is bounded too.
    const work = this.#gate.run(async () => {
      try {
        const bytes = await this.#fetchNow(block)
        resolve(bytes)
        await this.#store(block, bytes, fetch)
      } catch (error) {
        reject(error)
      }
      if (this.#fetches.get(block.name) === fetch) this.#fetches.delete(block.name)
    })
    this.#track(work)
    return promise
  }

  async #fetchNow({ object, from, size }: Block): Promise<Buffer> {
    const { objects, patience, requestLimits } = this.#options
    const name = `read ${object.key}`
    const bytes = await patience.run({
      name,
      limits: requestLimits,
      attempt: async () => {
        const bytes = await objects.getRange(object.key, from, size, requestLimits)
        const isWhole = size === object.size && object.crc32c !== undefined
        if (!isWhole || crc32c(bytes) === object.crc32c) return bytes
        throw new DiskError('io', `${name}: other bytes than those that were put`)
      },
    })
    this.#fetchCount++
    this.#fetchedSize += size
    return bytes
  }

  /** Never rejects: without its local file a block is fetched again. */
  async #store(block: Block, bytes: Buffer, fetch?: Fetch): Promise<void> {
    const { disk, folder, onLocalTrouble } = this.#options
    const { name, size } = block
    const kept = { name, size, fileName: this.#index.newFileName(name, size) }
    const file = { path: this.#pathOf(kept), name, size }
    try {
      await disk.createFolder(folder)
      await writeBlock(disk, file, bytes)
      this.#removeFiles(fetch?.isForgotten === true ? [kept] : this.#index.add(kept))
    } catch (error) {
      onLocalTrouble?.(error as Error)
      this.#removeFiles([kept])
    }
  }

  #removeFiles(blocks: readonly KeptBlock[]): void {
    for (const block of blocks) this.#track(this.#options.disk.unlink(this.#pathOf(block)))
  }

  #track(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.#options.onLocalTrouble?.(error as Error))
      .finally(() => this.#fileWork.delete(done))
    this.#fileWork.add(done)
  }

  #pathOf({ fileName }: KeptBlock): string {
    return join(this.#options.folder, fileName)
  }
}

function blockAt(object: NamedObject, position: number): Block {
  const number = Math.floor(position / blockSize)
  const from = number * blockSize
  const hash = createHash('sha256').update(object.key).digest('hex').slice(0, 32)
  const size = Math.min(blockSize, object.size - from)
  return { object, name: `${hash}-${number}`, from, size }
}
