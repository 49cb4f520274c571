// Uploads in parts of the S3 double. They live as long as the process: one that was not completed is not there after
// a restart, and its client begins again.
import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { crc32c } from '../lib/crc32c.ts'
import type { StoredBytes } from './double-body.ts'
import { DoubleError } from './double-error.ts'
import type { DoubleFiles } from './double-files.ts'

interface Upload {
  readonly begunAt: number
  readonly parts: Map<number, StoredBytes>
}

/** What became one file. */
export interface JoinedParts extends StoredBytes {
  /** When the upload began: S3 counts the age of an object from there. */
  readonly begunAt: number
  readonly etag: string
}

export class DoubleUploads {
  readonly #files: DoubleFiles
  readonly #uploads = new Map<string, Upload>()
  #count = 0

  constructor(files: DoubleFiles) {
    this.#files = files
  }

  begin(begunAt: number): string {
    const id = `upload-${++this.#count}-${begunAt}`
    this.#uploads.set(id, { begunAt, parts: new Map() })
    return id
  }

  async addPart(id: string, number: number, part: StoredBytes): Promise<void> {
    const { parts } = this.#get(id)
    const old = parts.get(number)
    parts.set(number, part)
    if (old !== undefined) await this.#files.removeFile(old.file)
  }

  /** Puts the named parts together, and forgets the upload. The checksum of all must be right, or nothing is done. */
  async complete(
    id: string,
    numbers: readonly number[],
    isRight: (crc32c: number) => boolean,
  ): Promise<JoinedParts> {
    const { parts, begunAt } = this.#get(id)
    const chosen = numbers.map((number) => {
      const part = parts.get(number)
      if (part === undefined) throw new DoubleError(400, 'InvalidPart', `no part ${number}`)
      return part
    })
    const file = this.#files.newFile()
    let crc = 0
    let size = 0
    const handle = await open(this.#files.pathOf(file), 'wx')
    try {
      for (const part of chosen) {
        const bytes = await readFile(this.#files.pathOf(part.file))
        await handle.write(bytes, 0, bytes.length, size)
        crc = crc32c(bytes, crc)
        size += bytes.length
      }
    } finally {
      await handle.close()
    }
    if (!isRight(crc)) {
      await this.#files.removeFile(file)
      throw new DoubleError(400, 'BadDigest', 'the CRC-32C is not that of the parts')
    }
    await this.abandon(id)
    const md5 = createHash('md5').update(
      Buffer.from(chosen.map((part) => part.md5).join(''), 'hex'),
    )
    const digest = md5.digest('hex')
    return { file, size, md5: digest, crc32c: crc, begunAt, etag: `"${digest}-${chosen.length}"` }
  }

  async abandon(id: string): Promise<void> {
    const { parts } = this.#get(id)
    this.#uploads.delete(id)
    for (const { file } of parts.values()) await this.#files.removeFile(file)
  }

  #get(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (upload === undefined) {
      throw new DoubleError(404, 'NoSuchUpload', 'The specified upload does not exist.')
    }
    return upload
  }
}
