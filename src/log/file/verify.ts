// `pabal verify`: reads everything that counts in a data folder and changes nothing. It follows
// references, from the manifest to files and from records to large bodies: what nobody refers to
// cannot be damaged.
import { join } from 'node:path'
import { LogError } from '../log-error.ts'
import { asideFolderName, asideIdOf, asideName, inspectBody } from './aside-file.ts'
import type { Disk } from './disk.ts'
import { fileHeaderSize, fileName, walFolderName } from './file-format.ts'
import { findManifest } from './find-manifest.ts'
import type { FolderContents } from './folder-contents.ts'
import type { FileFault, FileInspection } from './inspect-file.ts'
import { inspectFolder, listedIn } from './inspect-folder.ts'
import type { InspectedFile } from './inspect-folder.ts'
import { listDataFiles } from './list-data-files.ts'
import { emptyManifest, manifestName } from './manifest.ts'
import type { ListedFile, ManifestContent } from './manifest.ts'
import { readDirectory, readRunIndex } from './segment-directory.ts'
import { Segment } from './segment.ts'
import type { AsideReference } from './segment.ts'
import { findUnownedLogs } from './unowned-logs.ts'
import type { LogAdopter } from './unowned-logs.ts'

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
  readonly commitCount: number
  readonly runCount: number
  readonly recordCount: number
  /** Large bodies that some record refers to. */
  readonly bodyCount: number
  readonly size: number
}

export interface OfflineOptions {
  readonly disk: Disk
  /** The data folder. */
  readonly path: string
  /** Whether a broker holds the folder. */
  readonly isLocked: () => boolean | Promise<boolean>
  /** Reads topology entries: without it nobody looks whose logs are. */
  readonly adopter?: LogAdopter
}

export interface VerifyOptions extends OfflineOptions {
  /** For whoever wants more of what was read than counts. */
  readonly onContents?: (contents: FolderContents) => void
}

/** Refuses while a broker holds the folder. */
export async function checkNotLocked({ isLocked, path }: OfflineOptions): Promise<void> {
  if (await isLocked()) {
    throw new LogError('locked', `${path} is in use by a running broker: stop it first`)
  }
}

/** Throws `LogError` 'locked' while a broker holds the folder. */
export async function verifyDataFolder(options: VerifyOptions): Promise<VerifyReport> {
  await checkNotLocked(options)
  return new Verification(options).run()
}

class Verification {
  readonly #options: VerifyOptions
  readonly #problems: VerifyProblem[] = []
  #bodyCount = 0

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  async run(): Promise<VerifyReport> {
    const { disk, path } = this.#options
    const manifest = await this.#readManifest()
    const { files, contents } = await inspectFolder(disk, path, manifest)
    this.#options.onContents?.(contents)
    for (const file of files) await this.#reportFile(file)
    await this.#checkBodies(contents.bodies())
    this.#checkTopology(manifest, contents)
    await this.#noteUnlisted(manifest)
    const found = files.flatMap((file) => file.found ?? [])
    const sum = (value: (inspection: FileInspection) => number): number =>
      found.reduce((total, inspection) => total + value(inspection), 0)
    return {
      problems: this.#problems,
      fileCount: found.length,
      commitCount: sum(({ commitCount }) => commitCount),
      runCount: sum(({ runCount }) => runCount),
      recordCount: sum(({ recordCount }) => recordCount),
      bodyCount: this.#bodyCount,
      size: sum(({ size }) => size),
    }
  }

  async #readManifest(): Promise<ManifestContent> {
    const { disk, path } = this.#options
    const found = await findManifest(disk, path)
    if (found.state === 'whole') return found.content
    if (found.state === 'new') return emptyManifest
    this.#add(join(path, manifestName), 0, found.problem)
    return listDataFiles(disk, path)
  }

  async #reportFile({ path, listed, found, damage, torn }: InspectedFile): Promise<void> {
    if (found === undefined) {
      return this.#add(path, 0, 'the manifest lists this file, and it is missing')
    }
    for (const fault of damage) this.#add(path, fault.position, describe(fault))
    for (const { position, size, isRemains } of torn) {
      const problem = `a torn end of ${size} bytes that was never confirmed`
      if (!isRemains) this.#add(path, position, problem, 'note')
    }
    if (listed.sealedSize !== undefined) await this.#checkDirectory(found, listed)
  }

  #checkTopology(manifest: ManifestContent, contents: FolderContents): void {
    const { path, adopter } = this.#options
    const { topologyNeeded: needed } = contents
    if (needed > (manifest.topology?.through ?? 0)) {
      const problem = `the topology file is missing, with declarations up to entry ${needed}`
      this.#add(join(path, walFolderName), 0, problem)
    }
    if (adopter === undefined) return
    for (const { id, messageCount } of findUnownedLogs(contents, adopter)) {
      const problem = `log ${id} has ${messageCount} messages, and which queue they are in is not known`
      this.#add(join(path, walFolderName), 0, problem)
    }
  }

  async #noteUnlisted(manifest: ManifestContent): Promise<void> {
    const listed = new Set(listedIn(manifest).map(({ id }) => fileName(id)))
    for (const name of await this.#walNames()) {
      if (listed.has(name)) continue
      const path = join(this.#options.path, walFolderName, name)
      this.#add(path, 0, 'not listed in the manifest; the next start removes it', 'note')
    }
  }

  async #checkDirectory(found: FileInspection, listed: ListedFile): Promise<void> {
    const { path, header } = found
    if (header === undefined) return
    const size = listed.sealedSize as number
    if (found.size < size) return this.#add(path, found.size, 'the end of the file is missing')
    if (listed.kind === 'topology') return
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

  async #checkBodies(bodies: ReadonlyMap<number, readonly AsideReference[]>): Promise<void> {
    const { disk, path } = this.#options
    const folder = join(path, asideFolderName)
    this.#bodyCount = bodies.size
    for (const [id, references] of bodies) {
      const file = join(folder, asideName(id))
      const state = await inspectBody(disk, file, id)
      if (state !== 'whole') this.#add(file, 0, `the ${bodyOf(references)} is ${state}`)
    }
    for (const name of await disk.list(folder)) {
      const id = asideIdOf(name)
      if (id === undefined || bodies.has(id)) continue
      const problem = 'no message needs this body; the next start removes it'
      this.#add(join(folder, name), 0, problem, 'note')
    }
  }

  async #walNames(): Promise<string[]> {
    const names = await this.#options.disk.list(join(this.#options.path, walFolderName))
    return names.filter((name) => name.endsWith('.log'))
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

/** Names the messages whose body it is. */
export function bodyOf(references: readonly AsideReference[]): string {
  const [first] = references
  if (first === undefined) return 'body'
  const more = references.length === 1 ? '' : ` and ${references.length - 1} more`
  return `body of the message at offset ${first.offset} of log ${first.logId}${more}`
}

function describe(fault: FileFault): string {
  const { reason, size, lost } = fault
  if (lost === undefined) return `${reason} (${size} bytes)`
  return `${reason} (${size} bytes): log ${lost.logId}, offsets ${lost.first} to ${lost.last}`
}
