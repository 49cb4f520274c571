// Objects of the S3 double in a folder: a file of bytes and one of facts for each. The facts come last, by a rename,
// so an object is there as a whole or not at all, whenever the process ends.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../lib/random.ts'

/** What is known of an object. */
export interface DoubleObject {
  readonly bucket: string
  readonly key: string
  readonly size: number
  /** With quotes, as S3 writes it. */
  readonly etag: string
  /** In Base64, of all bytes. */
  readonly crc32c: string
  /** Milliseconds since the Unix epoch. */
  readonly modifiedAt: number
  /** Name of the file of bytes. */
  readonly file: string
}

const factsEnd = '.json'

export class DoubleFiles {
  readonly #folder: string
  readonly #random: Random
  readonly #objects = new Map<string, DoubleObject>()
  /** Names of all objects in order; made when they are listed. */
  #sorted: string[] | undefined

  private constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /** Opens what an earlier process left in the folder, which is made when there is none. */
  static async open(folder: string, random: Random): Promise<DoubleFiles> {
    const files = new DoubleFiles(folder, random)
    await mkdir(folder, { recursive: true })
    const names = await readdir(folder)
    const used = new Set<string>()
    for (const name of names.filter((name) => name.endsWith(factsEnd))) {
      const object = JSON.parse(await readFile(join(folder, name), 'utf8')) as DoubleObject
      files.#objects.set(nameOf(object.bucket, object.key), object)
      used.add(name).add(object.file)
    }
    for (const name of names.filter((name) => !used.has(name))) await rm(join(folder, name))
    return files
  }

  /** A name for a file of bytes. */
  newFile(): string {
    return `${this.#random.bytes(12).toString('hex')}.bin`
  }

  pathOf(file: string): string {
    return join(this.#folder, file)
  }

  find(bucket: string, key: string): DoubleObject | undefined {
    return this.#objects.get(nameOf(bucket, key))
  }

  /** Puts an object, whose file of bytes is there, in place of what had its key. */
  async add(object: DoubleObject): Promise<void> {
    const name = nameOf(object.bucket, object.key)
    const path = this.#factsPath(name)
    const temporary = `${path}.${object.file}.new`
    await writeFile(temporary, JSON.stringify(object))
    await rename(temporary, path)
    const old = this.#objects.get(name)
    this.#objects.set(name, object)
    this.#sorted = undefined
    if (old !== undefined) await this.removeFile(old.file)
  }

  async remove(bucket: string, key: string): Promise<void> {
    const name = nameOf(bucket, key)
    const object = this.#objects.get(name)
    if (object === undefined) return
    this.#objects.delete(name)
    this.#sorted = undefined
    await rm(this.#factsPath(name), { force: true })
    await this.removeFile(object.file)
  }

  async removeFile(file: string): Promise<void> {
    await rm(this.pathOf(file), { force: true })
  }

  /** Takes all bytes off a file. */
  async truncate(file: string): Promise<void> {
    await truncate(this.pathOf(file))
  }

  async read(file: string, from: number, size: number): Promise<Buffer> {
    const handle = await open(this.pathOf(file), 'r')
    try {
      const bytes = Buffer.alloc(size)
      const { bytesRead } = await handle.read(bytes, 0, size, from)
      return bytes.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  /** Objects whose key begins with `prefix` and comes behind `after`, in order, at most `countMax`. */
  list(bucket: string, range: { prefix: string; after: string; countMax: number }): DoubleObject[] {
    this.#sorted ??= [...this.#objects.keys()].toSorted()
    const found: DoubleObject[] = []
    for (const name of this.#sorted) {
      const object = this.#objects.get(name)!
      if (object.bucket !== bucket || !object.key.startsWith(range.prefix)) continue
      if (object.key > range.after) found.push(object)
      if (found.length === range.countMax) break
    }
    return found
  }

  #factsPath(name: string): string {
    const hash = createHash('sha256').update(name).digest('hex')
    return this.pathOf(hash + factsEnd)
  }
}

function nameOf(bucket: string, key: string): string {
  return `${bucket}/${key}`
}
