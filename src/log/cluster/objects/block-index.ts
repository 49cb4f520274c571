// Which blocks of objects are in local files, the least recently used first. It says what must go; others remove it.
import { storedSizeOf } from './block-file.ts'

/** A block that is kept. */
export interface KeptBlock {
  /** Object and number of the block. */
  readonly name: string
  readonly size: number
  /** In the folder of the cache. */
  readonly fileName: string
}

export interface BlockIndexLimits {
  /** Bytes of all files. */
  readonly sizeMax: number
  readonly filesMax: number
}

const fileNamePattern = /^([0-9a-f]{32}-\d+)-(\d+)-(\d+)$/

export class BlockIndex {
  readonly #limits: BlockIndexLimits
  readonly #blocks = new Map<string, KeptBlock>()
  #size = 0
  /** Makes names of files unique, so that a file which is being removed never stands in the way. */
  #next = 0

  constructor(limits: BlockIndexLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  get count(): number {
    return this.#blocks.size
  }

  /** The block of this name, which is used now. */
  use(name: string): KeptBlock | undefined {
    const block = this.#blocks.get(name)
    if (block === undefined) return undefined
    this.#blocks.delete(name)
    this.#blocks.set(name, block)
    return block
  }

  has(name: string): boolean {
    return this.#blocks.has(name)
  }

  /** A name for the file of a block. */
  newFileName(name: string, size: number): string {
    return `${name}-${size}-${this.#next++}`
  }

  /** A block is there; returns those that must go, perhaps itself. */
  add(block: KeptBlock): KeptBlock[] {
    const gone = this.remove(block.name)
    this.#blocks.set(block.name, block)
    this.#size += storedSizeOf(block.size)
    return [...gone, ...this.#trim()]
  }

  /** A file that an earlier process left; undefined for one that is no block's. */
  adopt(fileName: string): KeptBlock | undefined {
    const match = fileNamePattern.exec(fileName)
    if (match === null) return undefined
    this.#next = Math.max(this.#next, Number(match[3]) + 1)
    return { name: match[1]!, size: Number(match[2]), fileName }
  }

  /** The block of this name is not there any more; returns it. */
  remove(name: string): KeptBlock[] {
    const block = this.#blocks.get(name)
    if (block === undefined) return []
    this.#blocks.delete(name)
    this.#size -= storedSizeOf(block.size)
    return [block]
  }

  #trim(): KeptBlock[] {
    const gone: KeptBlock[] = []
    const { sizeMax, filesMax } = this.#limits
    for (const name of this.#blocks.keys()) {
      if (this.#size <= sizeMax && this.#blocks.size <= filesMax) break
      gone.push(...this.remove(name))
    }
    return gone
  }
}
