// `pabal verify`: reads everything in a data folder and changes nothing.
import { join } from 'node:path'
import { LogError } from '../log-error.ts'
import { asideFolderName, asideName, decodeAside } from './aside-store.ts'
import type { Disk } from './disk.ts'
import { fileHeaderSize, fileKind, fileName } from './file-format.ts'
import { readWholeFile } from './file-operations.ts'
import { inspectFile } from './inspect-file.ts'
import type { FileInspection } from './inspect-file.ts'
import { decodeManifest, manifestName } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { walFolderName } from './recover-folder.ts'
import { readDirectory, readRunIndex } from './segment-directory.ts'
import { Segment } from './segment.ts'

/** One thing that is wrong, and whether a start can live with it. */
export interface VerifyProblem {
  readonly file: string
  readonly byte: number
  readonly problem: string
  /** `note`: a start puts it right by itself and nothing confirmed is lost. */
  readonly severity: 'damage' | 'note'
}

export interface VerifyReport {
  readonly problems: readonly VerifyProblem[]
  readonly fileCount: number
  readonly groupCount: number
  readonly runCount: number
  readonly recordCount: number
  readonly bodyCount: number
  readonly size: number
}

export interface OfflineOptions {
  readonly disk: Disk
  /** The data folder. */
  readonly path: string
  /** Whether a broker holds the folder. */
  readonly isLocked: () => boolean | Promise<boolean>
}

/** Refuses while a broker holds the folder. */
export async function checkNotLocked({ isLocked, path }: OfflineOptions): Promise<void> {
  if (await isLocked()) {
    throw new LogError('locked', `${path} is in use by a running broker: stop it first`)
  }
}

/** Throws `LogError` 'locked' while a broker holds the folder. */
export async function verifyDataFolder(options: OfflineOptions): Promise<VerifyReport> {
  await checkNotLocked(options)
  return new Verification(options).run()
}

class Verification {
  readonly #options: OfflineOptions
  readonly #problems: VerifyProblem[] = []
  readonly #inspections: FileInspection[] = []
  #bodyCount = 0

  constructor(options: OfflineOptions) {
    this.#options = options
  }

  async run(): Promise<VerifyReport> {
    const manifest = await this.#readManifest()
    if (manifest === undefined) await this.#inspectUnlisted()
    else await this.#inspectListed(manifest)
    await this.#checkBodies()
    const sum = (value: (inspection: FileInspection) => number): number =>
      this.#inspections.reduce((total, inspection) => total + value(inspection), 0)
    return {
      problems: this.#problems,
      fileCount: this.#inspections.length,
      groupCount: sum(({ groupCount }) => groupCount),
      runCount: sum(({ runCount }) => runCount),
      recordCount: sum(({ recordCount }) => recordCount),
      bodyCount: this.#bodyCount,
      size: sum(({ bytes }) => bytes.length),
    }
  }

  async #readManifest(): Promise<ManifestContent | undefined> {
    const path = join(this.#options.path, manifestName)
    const bytes = await readWholeFile(this.#options.disk, path)
    const content = bytes === undefined ? undefined : decodeManifest(bytes)
    const names = await this.#walNames()
    if (content !== undefined || (bytes === undefined && names.length === 0)) return content
    this.#add(path, 0, bytes === undefined ? 'the manifest is missing' : 'the manifest is damaged')
    return undefined
  }

  async #inspectListed(manifest: ManifestContent): Promise<void> {
    for (const listed of manifest.files) {
      const path = this.#pathOf(listed.id)
      const found = await inspectFile(this.#options.disk, path, listed.dataEnd)
      if (found === undefined) {
        this.#add(path, 0, 'the manifest lists this file, and it is missing')
        continue
      }
      this.#inspections.push(found)
      if (listed.sealedSize !== undefined) await this.#checkDirectory(found, listed)
    }
    this.#reportFaults(manifest)
    const listedNames = new Set(manifest.files.map(({ id }) => fileName(id)))
    for (const name of await this.#walNames()) {
      if (listedNames.has(name)) continue
      const path = join(this.#options.path, walFolderName, name)
      this.#add(path, 0, 'not listed in the manifest; the next start removes it', 'note')
    }
  }

  async #inspectUnlisted(): Promise<void> {
    for (const name of await this.#walNames()) {
      const path = join(this.#options.path, walFolderName, name)
      const found = await inspectFile(this.#options.disk, path)
      if (found !== undefined) this.#inspections.push(found)
    }
    this.#reportFaults(undefined)
  }

  #reportFaults(manifest: ManifestContent | undefined): void {
    const synced = Math.max(
      manifest?.syncedThrough ?? 0,
      ...this.#inspections.map(({ syncedThrough }) => syncedThrough),
    )
    for (const inspection of this.#inspections) {
      for (const fault of inspection.faults) {
        // The same rule as at a start: what comes after the last synced group may be torn.
        const isLast = fault.kind === 'region' && fault.position === inspection.dataEnd
        const isTorn = isLast && isTail(this.#inspections, inspection, synced)
        if (isTorn && fault.isRemains) continue
        this.#add(
          inspection.path,
          fault.position,
          isTorn ? `a torn end of ${fault.size} bytes that was never confirmed` : describe(fault),
          isTorn ? 'note' : 'damage',
        )
      }
    }
  }

  async #checkDirectory(found: FileInspection, listed: ManifestFile): Promise<void> {
    const { path, bytes, header } = found
    if (header === undefined) return
    const size = listed.sealedSize as number
    if (bytes.length < size) return this.#add(path, bytes.length, 'the end of the file is missing')
    const file = await this.#options.disk.open(path, 'read')
    try {
      const segment = new Segment({ ...header, path, file, dataEnd: fileHeaderSize })
      segment.size = size
      const extents = await readDirectory(segment)
      if (extents === undefined) {
        this.#add(
          path,
          listed.dataEnd ?? size,
          'the directory is damaged; a start rebuilds it',
          'note',
        )
        return
      }
      for (const extent of extents) {
        if ((await readRunIndex(extent)) !== undefined) continue
        this.#add(path, extent.sectionPosition, `the directory of log ${extent.logId} is damaged`)
      }
    } finally {
      await file.close()
    }
  }

  async #checkBodies(): Promise<void> {
    const folder = join(this.#options.path, asideFolderName)
    for (const name of await this.#options.disk.list(folder)) {
      const id = Number.parseInt(name, 10)
      const path = join(folder, name)
      this.#bodyCount++
      if (name !== asideName(id)) continue
      const bytes = await readWholeFile(this.#options.disk, path)
      if (decodeAside(bytes, id) === undefined) this.#add(path, 0, 'the message body is damaged')
    }
  }

  async #walNames(): Promise<string[]> {
    const names = await this.#options.disk.list(join(this.#options.path, walFolderName))
    return names.filter((name) => name.endsWith('.log'))
  }

  #pathOf(id: number): string {
    return join(this.#options.path, walFolderName, fileName(id))
  }

  #add(
    file: string,
    byte: number,
    problem: string,
    severity: VerifyProblem['severity'] = 'damage',
  ): void {
    this.#problems.push({ file, byte, problem, severity })
  }
}

/** Whether nothing that was synced can be missing after the last good group of `inspection`. */
export function isTail(
  all: readonly FileInspection[],
  inspection: FileInspection,
  synced: number,
): boolean {
  if (inspection.header?.kind !== fileKind.wal) return false
  const previous = Math.max(0, ...all.map(({ lastSequence }) => lastSequence))
  const last = inspection.lastSequence === 0 ? previous : inspection.lastSequence
  // What failed here may have been written again as the first group of a later file.
  const isRewritten = all.some(({ firstSequence }) => firstSequence === last + 1)
  return isRewritten || synced <= last
}

function describe(fault: FileInspection['faults'][number]): string {
  const { reason, size, lost } = fault
  if (lost === undefined) return `${reason} (${size} bytes)`
  return `${reason} (${size} bytes): log ${lost.logId}, offsets ${lost.first} to ${lost.last}`
}
