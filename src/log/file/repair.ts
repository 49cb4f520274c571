// `pabal repair`: makes a folder that a start refuses usable again. Whole files are kept as they
// were in `damaged/`; what verifies stays, what does not is marked in place, and everything that is
// lost is said. It never guesses: bytes that do not verify are never taken for messages.
import { join } from 'node:path'
import { crc32c } from '../../lib/crc32c.ts'
import { writeInt64 } from '../../lib/int64.ts'
import { asideFolderName, decodeAside } from './aside-store.ts'
import type { Disk } from './disk.ts'
import {
  crcOfGroup,
  entryKind,
  fileKind,
  fileName,
  formatVersion,
  groupField,
  groupHeaderSize,
  groupMagic,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readWholeFile, replaceFile } from './file-operations.ts'
import { inspectFile } from './inspect-file.ts'
import type { FileFault, FileInspection } from './inspect-file.ts'
import { decodeManifest, encodeManifest, manifestName } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { walFolderName } from './recover-folder.ts'
import { checkNotLocked, isTail } from './verify.ts'
import type { OfflineOptions } from './verify.ts'

export const damagedFolderName = 'damaged'

export interface RepairOptions extends OfflineOptions {
  /** Says what would be done and changes nothing. */
  readonly isDryRun: boolean
}

export interface RepairReport {
  /** What was (or would be) done, one sentence each, in order. */
  readonly actions: readonly string[]
  /** What cannot be had back, one sentence each. */
  readonly lost: readonly string[]
}

/** Throws `LogError` 'locked' while a broker holds the folder. */
export async function repairDataFolder(options: RepairOptions): Promise<RepairReport> {
  await checkNotLocked(options)
  return new Repair(options).run()
}

class Repair {
  readonly #options: RepairOptions
  readonly #disk: Disk
  readonly #actions: string[] = []
  readonly #lost: string[] = []

  constructor(options: RepairOptions) {
    this.#options = options
    this.#disk = options.disk
  }

  async run(): Promise<RepairReport> {
    const listed = await this.#readManifest()
    const manifest = listed ?? (await this.#rebuildManifest())
    const files: ManifestFile[] = []
    const inspections: FileInspection[] = []
    let isChanged = listed === undefined && manifest.files.length > 0
    for (const file of manifest.files) {
      const path = this.#pathOf(file.id)
      const found = await inspectFile(this.#disk, path, file.dataEnd)
      if (found?.header === undefined) {
        isChanged = true
        await this.#giveUpFile(path, found)
        continue
      }
      inspections.push(found)
      files.push(file)
    }
    const synced = Math.max(
      manifest.syncedThrough,
      ...inspections.map(({ syncedThrough }) => syncedThrough),
    )
    for (const [index, found] of inspections.entries()) {
      const file = files[index] as ManifestFile
      const torn = found.faults.filter(({ position }) => position === found.dataEnd)
      const faults = isTail(inspections, found, synced)
        ? found.faults.filter((fault) => !torn.includes(fault))
        : found.faults
      const isCut = file.sealedSize !== undefined && found.bytes.length < file.sealedSize
      if (faults.length === 0 && !isCut) continue
      isChanged = true
      files[index] = { id: file.id, kind: file.kind }
      await this.#patchFile(found, faults)
    }
    if (isChanged) await this.#writeManifest(manifest, files)
    await this.#setDamagedBodiesAside()
    return { actions: this.#actions, lost: this.#lost }
  }

  async #readManifest(): Promise<ManifestContent | undefined> {
    const path = join(this.#options.path, manifestName)
    const bytes = await readWholeFile(this.#disk, path)
    const content = bytes === undefined ? undefined : decodeManifest(bytes)
    if (bytes !== undefined && content === undefined) await this.#keepCopy(path, bytes)
    return content
  }

  /** Lists every file that is there; a start then finds out which groups it can do without. */
  async #rebuildManifest(): Promise<ManifestContent> {
    const names = await this.#disk.list(join(this.#options.path, walFolderName))
    const files: ManifestFile[] = []
    let epoch = 0
    for (const name of names.filter((candidate) => candidate.endsWith('.log'))) {
      const path = join(this.#options.path, walFolderName, name)
      const found = await inspectFile(this.#disk, path)
      if (found?.header === undefined) continue
      const { id, kind } = found.header
      epoch = Math.max(epoch, found.leaderEpoch)
      files.push({ id, kind: kind === fileKind.wal ? 'wal' : 'survivors' })
    }
    const nextFileId = Math.max(0, ...files.map(({ id }) => id)) + 1
    this.#actions.push(`list the ${files.length} data files in a new manifest`)
    return { version: formatVersion, epoch, nextFileId, files, syncedThrough: 0 }
  }

  async #giveUpFile(path: string, found: FileInspection | undefined): Promise<void> {
    if (found === undefined) {
      this.#actions.push(`take ${path}, which is missing, off the manifest`)
    } else {
      await this.#keepCopy(path, found.bytes)
      this.#actions.push(`take ${path}, whose header is damaged, off the manifest`)
    }
    this.#lost.push(`everything that only ${path} held: messages, acks and declarations`)
  }

  async #patchFile(found: FileInspection, faults: readonly FileFault[]): Promise<void> {
    const { path, bytes, dataEnd } = found
    await this.#keepCopy(path, bytes)
    const patched = Buffer.from(bytes.subarray(0, dataEnd))
    for (const fault of faults) {
      this.#sayLost(path, fault)
      if (fault.position < dataEnd) patchFault(patched, fault, found.header as FileHeader)
    }
    this.#actions.push(`mark what is damaged in ${path}`)
    if (!this.#options.isDryRun) await replaceFile(this.#disk, path, patched)
  }

  #sayLost(path: string, { kind, position, size, lost }: FileFault): void {
    const where = `${path}, ${size} bytes from byte ${position}`
    if (lost !== undefined) {
      const { logId, first, last, recordCount } = lost
      this.#lost.push(
        `${where}: ${recordCount} messages of log ${logId}, offsets ${first} to ${last}`,
      )
    } else if (kind === 'shared') {
      this.#lost.push(
        `${where}: message bodies that several queues share; each is checked when it is read`,
      )
    } else {
      this.#lost.push(`${where}: whole commit groups, with their messages, acks and declarations`)
    }
  }

  async #writeManifest(manifest: ManifestContent, files: readonly ManifestFile[]): Promise<void> {
    const hasCheckpoint = files.some(({ id }) => id === manifest.checkpoint?.fileId)
    const { checkpoint, ...rest } = manifest
    const content: ManifestContent = {
      ...rest,
      files,
      isRepaired: true,
      ...(hasCheckpoint && checkpoint !== undefined ? { checkpoint } : {}),
    }
    this.#actions.push('write the manifest')
    if (this.#options.isDryRun) return
    await replaceFile(this.#disk, join(this.#options.path, manifestName), encodeManifest(content))
  }

  async #setDamagedBodiesAside(): Promise<void> {
    const folder = join(this.#options.path, asideFolderName)
    for (const name of await this.#disk.list(folder)) {
      const path = join(folder, name)
      const bytes = await readWholeFile(this.#disk, path)
      if (bytes === undefined || decodeAside(bytes, Number.parseInt(name, 10)) !== undefined)
        continue
      await this.#keepCopy(path, bytes)
      this.#lost.push(`${path}: the body of one message`)
      if (!this.#options.isDryRun) await this.#disk.unlink(path)
    }
  }

  /** What is changed is kept as it was. */
  async #keepCopy(path: string, bytes: Buffer): Promise<void> {
    const folder = join(this.#options.path, damagedFolderName)
    const name = path.slice(this.#options.path.length + 1).replaceAll(/[/\\]/g, '-')
    const copy = join(folder, name)
    this.#actions.push(`keep ${path} as it is in ${copy}`)
    if (this.#options.isDryRun) return
    await this.#disk.createFolder(folder)
    await replaceFile(this.#disk, copy, bytes)
  }

  #pathOf(id: number): string {
    return join(this.#options.path, walFolderName, fileName(id))
  }
}

/** Marks one damaged place so that readers pass over it. */
function patchFault(bytes: Buffer, fault: FileFault, header: FileHeader): void {
  if (fault.kind === 'region') {
    writeFiller(bytes, fault, header)
    return
  }
  const { group, entry, position, size } = fault
  if (fault.kind === 'run') bytes[entry] = entryKind.lostRun
  else bytes.writeUInt32BE(crc32c(bytes.subarray(position, position + size)), entry + 12)
  writeGroupCrc(bytes, group, header.salt)
}

/** A group of one entry that spans the unreadable bytes. No group is smaller than it. */
function writeFiller(bytes: Buffer, { position, size }: FileFault, header: FileHeader): void {
  const entrySize = 16
  bytes.fill(0, position, position + groupHeaderSize + entrySize)
  groupMagic.copy(bytes, position)
  bytes.writeUInt32BE(size, position + groupField.size)
  writeInt64(bytes, position + groupField.fileId, header.id)
  bytes.writeUInt32BE(entrySize, position + groupField.entriesSize)
  bytes.writeUInt32BE(1, position + groupField.entryCount)
  const entry = position + groupHeaderSize
  bytes[entry] = entryKind.filler
  bytes.writeUInt32BE(entrySize, entry + 4)
  bytes.writeUInt32BE(size - groupHeaderSize - entrySize, entry + 8)
  writeGroupCrc(bytes, position, header.salt)
}

function writeGroupCrc(bytes: Buffer, group: number, salt: number): void {
  const entriesSize = bytes.readUInt32BE(group + groupField.entriesSize)
  bytes.writeUInt32BE(crcOfGroup(bytes, group, entriesSize, salt), group + groupField.crc)
}
