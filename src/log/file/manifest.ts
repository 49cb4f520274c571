// The list of data files, which is the truth about them: a file that is not in it does not count,
// whatever the folder lists. Replaced as a whole, so a crash leaves the old or the new list.
// Every version writes one line of JSON with a `version` and a line with its CRC, so that an older one can
// say what is the matter.
import { join } from 'node:path'
import { crc32c } from '../../lib/crc32c.ts'
import type { Random } from '../../lib/random.ts'
import { logLimits } from '../../limits/log.ts'
import type { Disk } from './disk.ts'
import { formatVersion } from './file-format.ts'

export const manifestName = 'MANIFEST'

export interface ManifestFile {
  readonly id: number
  readonly kind: 'wal' | 'survivors'
  /** Size of a sealed file. While it is missing the file is open: its end is found by reading. */
  readonly sealedSize?: number
  /** Where the commits of a sealed file end and its directory starts. */
  readonly dataEnd?: number
  /** Ids of logs and offsets, in turns: what the log has here below its offset is written anew elsewhere. */
  readonly replaced?: readonly number[]
}

/** A file that the manifest lists, wherever it lists it. */
export interface ListedFile extends Omit<ManifestFile, 'kind'> {
  readonly kind: ManifestFile['kind'] | 'topology'
}

/** Where recovery starts: the commit that begins the newest complete checkpoint. */
export interface CheckpointPlace {
  readonly fileId: number
  readonly position: number
}

/** A file with all of the topology up to some entry (topology-file.ts). */
export interface TopologyFile {
  readonly fileId: number
  readonly size: number
  /** The last entry that it has. */
  readonly through: number
}

export interface ManifestContent {
  /** `formatVersion` of the program that wrote it. */
  readonly version: number
  /** The Pabal that was started last on the folder; folders from before 0.1.0 do not say. */
  readonly writtenBy?: string
  /** Rises at each start. */
  readonly epoch: number
  /** The epoch that `pabal restore` gave the folder; missing in one that was never restored. */
  readonly restoredEpoch?: number
  /** By chance, anew each time when the folder is made of a backup or of another folder. */
  readonly copyId?: string
  /** Files ever created have lower ids. */
  readonly nextFileId: number
  /** In the order of ids, which is the order in which WAL files were written. */
  readonly files: readonly ManifestFile[]
  readonly checkpoint?: CheckpointPlace
  /** Missing while all entries are in the WAL. */
  readonly topology?: TopologyFile
  /** Everything up to this commit is in sealed files, so it was synced. */
  readonly syncedThrough: number
  /** `pabal repair` left gaps: until the next checkpoint missing commits are no reason to stop. */
  readonly isRepaired?: boolean
  /** Besides, commits were lost: the entries that say which logs exist may have been among them. */
  readonly isLossy?: boolean
}

export const emptyManifest: ManifestContent = {
  version: formatVersion,
  epoch: 0,
  nextFileId: 1,
  files: [],
  syncedThrough: 0,
}

/** Changes are applied in memory at once and written in order, several in one write. */
export class Manifest {
  readonly #disk: Disk
  readonly #path: string
  #content: ManifestContent
  #written: ManifestContent
  #writing: Promise<void> = Promise.resolve()
  #isWritePending = false
  #isAbandoned = false

  constructor(disk: Disk, folder: string, content: ManifestContent) {
    this.#disk = disk
    this.#path = join(folder, manifestName)
    this.#content = content
    this.#written = content
  }

  /** What is durable. */
  get written(): ManifestContent {
    return this.#written
  }

  get content(): ManifestContent {
    return this.#content
  }

  /** An id for a new file; used at most once, also when the file never comes to be. */
  reserveFileId(): number {
    const id = this.#content.nextFileId
    this.#content = { ...this.#content, nextFileId: id + 1 }
    return id
  }

  /**
   * Called when a write failed; resolves when it is time to try again. A change is never taken
   * back: whether a write that failed counts after a crash is not known. Until the store is open
   * the error goes to the caller, who gives up.
   */
  onWriteFailed: (error: Error) => Promise<void> = giveUp

  /** Applies `change`; resolves when it is durable. */
  update(change: (content: ManifestContent) => ManifestContent): Promise<void> {
    this.#content = change(this.#content)
    if (!this.#isWritePending) {
      this.#isWritePending = true
      const write = (): Promise<void> => this.#write()
      this.#writing = this.#writing.then(write, write)
    }
    return this.#writing
  }

  /** Nothing is written any more: whoever waits does so for ever. */
  abandon(): void {
    this.#isAbandoned = true
  }

  async #write(): Promise<void> {
    for (;;) {
      if (this.#isAbandoned) return new Promise(() => {})
      this.#isWritePending = false
      const content = this.#content
      try {
        await this.#disk.replace(this.#path, encodeManifest(content))
        this.#written = content
        return
      } catch (error) {
        await this.onWriteFailed(error as Error)
      }
    }
  }
}

async function giveUp(error: Error): Promise<void> {
  throw error
}

/**
 * What clients have seen since the backup was taken must not be taken for something of the restored broker:
 * its epochs begin above all that there have been, whatever was restored or started meanwhile. A second
 * has one number, so starts, which take one each, do not come near those of later restores.
 */
export function laterThan(manifest: ManifestContent, now: number, random: Random): ManifestContent {
  const epoch = Math.max(manifest.epoch + 1, Math.floor((now - logLimits.restoreEpochStart) / 1000))
  return asCopy({ ...manifest, epoch, restoredEpoch: epoch }, random)
}

/** Two copies of one folder go on each for itself: what they number from now on is not the same. */
export function asCopy(manifest: ManifestContent, random: Random): ManifestContent {
  return { ...manifest, copyId: random.bytes(12).toString('base64url') }
}

/** One line of JSON and a line with its CRC-32C. */
export function encodeManifest(content: ManifestContent): Buffer {
  const line = `${JSON.stringify(content)}\n`
  const crc = crc32c(Buffer.from(line)).toString(16).padStart(8, '0')
  return Buffer.from(`${line}${crc}\n`)
}

/** Undefined when the bytes are not what `encodeManifest` made. */
export function decodeManifest(bytes: Buffer): ManifestContent | undefined {
  const end = bytes.indexOf(10) + 1
  if (end === 0) return undefined
  const crc = crc32c(bytes.subarray(0, end)).toString(16).padStart(8, '0')
  if (bytes.toString('latin1', end) !== `${crc}\n`) return undefined
  return JSON.parse(bytes.toString('utf8', 0, end)) as ManifestContent
}
