// `pabal repair`: makes a folder that a start refuses usable again. Whole files are kept as they
// were in `damaged/`; what verifies stays, what does not is marked in place, and everything that is
// lost is said. It never guesses: bytes that do not verify are never taken for messages.
import { dirname, join } from 'node:path'
import { systemRandom } from '../../lib/random.ts'
import type { TopologyEntry } from '../commit.ts'
import { asideFolderName, asideIdOf, asideName, inspectBody } from './aside-file.ts'
import { missingFileError } from './corrupt-error.ts'
import type { Disk } from './disk.ts'
import { fileKind, fileName, walFolderName } from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readWholeFile, syncFile } from './file-operations.ts'
import { findManifest } from './find-manifest.ts'
import type { FoundManifest } from './find-manifest.ts'
import type { FolderContents, MissingOffsets } from './folder-contents.ts'
import type { FileFault, FileInspection } from './inspect-file.ts'
import { inspectFolder, isDamaged } from './inspect-folder.ts'
import type { InspectedFile, InspectedFolder } from './inspect-folder.ts'
import { listDataFiles } from './list-data-files.ts'
import { emptyManifest, encodeManifest, manifestName } from './manifest.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { patchFault } from './patch-fault.ts'
import { repairTopology } from './repair-topology.ts'
import type { RepairParts } from './repair-topology.ts'
import type { AsideReference } from './segment.ts'
import { writeSettlement } from './settlement-file.ts'
import { bodyOf, checkNotLocked } from './verify.ts'
import type { OfflineOptions } from './verify.ts'

export const damagedFolderName = 'damaged'

export interface RepairOptions extends OfflineOptions {
  /** Says what would be done and changes nothing. */
  readonly isDryRun: boolean
  /** Reads topology entries: logs that have no records here, because others have them. */
  readonly logsElsewhere?: (entries: readonly TopologyEntry[]) => ReadonlySet<number>
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

  readonly #parts: RepairParts

  constructor(options: RepairOptions) {
    this.#options = options
    this.#disk = options.disk
    this.#parts = {
      ...options,
      say: (action) => this.#actions.push(action),
      sayLost: (loss) => this.#lost.push(loss),
      keepCopy: async (path) => {
        const bytes = await readWholeFile(this.#disk, path)
        if (bytes !== undefined) await this.#keepCopy(path, bytes)
      },
    }
  }

  async run(): Promise<RepairReport> {
    const { path } = this.#options
    const found = await findManifest(this.#disk, path)
    const manifest = await this.#manifestOf(found)
    const all = await inspectFolder(this.#disk, path, manifest)
    const inspected = found.state === 'lost' ? await this.#withoutUnfinished(manifest, all) : all
    const { contents } = inspected
    const files = await this.#repairFiles(inspected)
    const isLossy = this.#lost.length > 0
    const lost = await this.#repairBodies(contents.bodies(), isLossy)
    const missing = [...contents.withoutBody(lost), ...(isLossy ? this.#gapsIn(contents) : [])]
    const isRepaired = isLossy || found.state === 'lost'
    let content: ManifestContent = { ...manifest, files }
    if (isRepaired) content = withGaps(content, isLossy)
    if (found.state === 'lost' || missing.length > 0) await this.#makeDurable(inspected)
    if (missing.length > 0) content = await this.#settle(content, inspected, missing)
    const topology = await repairTopology(content, inspected, this.#parts)
    if (topology !== undefined) content = topology
    const isChanged = missing.length > 0 || isRepaired || topology !== undefined
    if (isChanged) await this.#writeManifest(content)
    return { actions: this.#actions, lost: this.#lost }
  }

  /** Marks what is damaged in its place and returns what is left to be listed. */
  async #repairFiles({ files }: InspectedFolder): Promise<ManifestFile[]> {
    const kept: ManifestFile[] = []
    for (const file of files) {
      const { listed, path, found } = file
      const { id, kind } = listed
      if (kind === 'topology') continue
      if (found?.header === undefined) {
        await this.#giveUpFile(path, found !== undefined)
      } else if (isDamaged(file)) {
        await this.#patchFile(file, found)
        kept.push({ id, kind })
      } else {
        kept.push({ ...listed, kind })
      }
    }
    return kept
  }

  async #manifestOf(found: FoundManifest): Promise<ManifestContent> {
    if (found.state === 'whole') return found.content
    if (found.state === 'new') return emptyManifest
    const path = join(this.#options.path, manifestName)
    const bytes = await readWholeFile(this.#disk, path)
    if (bytes !== undefined) await this.#keepCopy(path, bytes)
    const manifest = await listDataFiles(this.#disk, this.#options.path)
    this.#actions.push(
      `list the ${manifest.files.length} data files in a new manifest, as ${found.problem}`,
    )
    return manifest
  }

  /**
   * A process that died while it copied what lives leaves half a file of survivors. It was never listed,
   * and all that it holds is still where it was copied from: without it nothing is missing.
   */
  async #withoutUnfinished(
    manifest: ManifestContent,
    inspected: InspectedFolder,
  ): Promise<InspectedFolder> {
    const unfinished = inspected.files.filter(
      (file) => file.listed.kind === 'survivors' && !isSealed(file) && isDamaged(file),
    )
    if (unfinished.length === 0) return inspected
    const ids = new Set(unfinished.map(({ listed }) => listed.id))
    const files = manifest.files.filter(({ id }) => !ids.has(id))
    const rest = await inspectFolder(this.#disk, this.#options.path, { ...manifest, files })
    if (rest.files.some(isDamaged) || this.#gapsIn(rest.contents).length > 0) return inspected
    for (const { path } of unfinished) {
      this.#actions.push(`leave out ${path}, a copy that was never finished`)
    }
    return rest
  }

  #gapsIn(contents: FolderContents): MissingOffsets[] {
    return contents.gaps(this.#options.logsElsewhere?.(contents.topology()))
  }

  async #giveUpFile(path: string, isThere: boolean): Promise<void> {
    if (isThere) {
      await this.#moveAway(path)
      this.#actions.push(`take ${path}, whose header is damaged, off the manifest`)
    } else {
      this.#actions.push(`take ${path}, which is missing, off the manifest`)
    }
    this.#lost.push(`everything that only ${path} held: messages, acks and declarations`)
  }

  async #patchFile({ path, damage, torn }: InspectedFile, found: FileInspection): Promise<void> {
    const { dataEnd, header } = found
    const bytes = await readWholeFile(this.#disk, path)
    if (bytes === undefined) throw missingFileError(path)
    await this.#keepCopy(path, bytes)
    const patched = bytes.subarray(0, dataEnd)
    for (const fault of damage) this.#sayLost(path, fault)
    // A torn place in the middle would end the file for the next start.
    for (const fault of [...damage, ...torn]) {
      if (fault.position < dataEnd) patchFault(patched, fault, header as FileHeader)
    }
    this.#actions.push(`mark what is damaged in ${path}`)
    if (!this.#options.isDryRun) await this.#disk.replace(path, patched)
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
      this.#lost.push(`${where}: whole commits, with their messages, acks and declarations`)
    }
  }

  async #writeManifest(content: ManifestContent): Promise<void> {
    this.#actions.push('write the manifest')
    if (this.#options.isDryRun) return
    await this.#disk.replace(join(this.#options.path, manifestName), encodeManifest(content))
  }

  /**
   * Moves bodies away that are damaged and returns the records that are left without one. Where
   * records were lost (`isLossy`), a body that none refers to may have been theirs: it is kept.
   */
  async #repairBodies(
    bodies: ReadonlyMap<number, readonly AsideReference[]>,
    isLossy: boolean,
  ): Promise<AsideReference[]> {
    const folder = join(this.#options.path, asideFolderName)
    const lost: AsideReference[] = []
    for (const [id, references] of bodies) {
      const path = join(folder, asideName(id))
      const state = await inspectBody(this.#disk, path, id)
      if (state === 'whole') continue
      lost.push(...references)
      this.#lost.push(`${path}, which is ${state}: the ${bodyOf(references)}`)
      if (state === 'damaged') await this.#moveAway(path)
    }
    if (!isLossy) return lost
    for (const name of await this.#disk.list(folder)) {
      const id = asideIdOf(name)
      if (id === undefined || bodies.has(id)) continue
      const path = join(folder, name)
      if ((await inspectBody(this.#disk, path, id)) === 'whole') await this.#moveAway(path)
    }
    return lost
  }

  /** What was read may be only in the system's memory, and what is written now must not outlive it. */
  async #makeDurable({ files }: InspectedFolder): Promise<void> {
    if (this.#options.isDryRun) return
    for (const { path, found } of files) {
      // Without a header it was moved away.
      if (found?.header !== undefined) await syncWhole(this.#disk, path)
    }
    await this.#disk.syncFolder(join(this.#options.path, walFolderName))
  }

  /** Takes messages that are gone off the counts of their queues. */
  async #settle(
    content: ManifestContent,
    { files }: InspectedFolder,
    missing: readonly MissingOffsets[],
  ): Promise<ManifestContent> {
    for (const { logId, count } of missing) {
      this.#actions.push(`take ${count} messages that are gone off the count of log ${logId}`)
    }
    const { nextFileId: id, epoch, syncedThrough } = content
    const wal = files.filter(({ found }) => found?.header?.kind === fileKind.wal)
    const last = Math.max(syncedThrough, ...wal.map(({ found }) => lastSequenceIn(found)))
    const place = { path: this.#pathOf(id), fileId: id, leaderEpoch: epoch, syncedThrough }
    if (!this.#options.isDryRun) {
      await writeSettlement(this.#disk, systemRandom, { ...place, sequence: last + 1 }, missing)
      await this.#disk.syncFolder(join(this.#options.path, walFolderName))
    }
    return { ...content, nextFileId: id + 1, files: [...content.files, { id, kind: 'wal' }] }
  }

  /** What is changed is kept as it was. */
  async #keepCopy(path: string, bytes: Buffer): Promise<void> {
    const copy = this.#copyOf(path)
    this.#actions.push(`keep ${path} as it is in ${copy}`)
    if (this.#options.isDryRun) return
    await this.#disk.createFolder(dirname(copy))
    await this.#disk.replace(copy, bytes)
  }

  /** Takes a file out of the way, whole. */
  async #moveAway(path: string): Promise<void> {
    const copy = this.#copyOf(path)
    this.#actions.push(`move ${path} to ${copy}`)
    if (this.#options.isDryRun) return
    await this.#disk.createFolder(dirname(copy))
    await this.#disk.rename(path, copy)
    await this.#disk.syncFolder(dirname(copy))
    await this.#disk.syncFolder(dirname(path))
  }

  #copyOf(path: string): string {
    const name = path.slice(this.#options.path.length + 1).replaceAll(/[/\\]/g, '-')
    return join(this.#options.path, damagedFolderName, name)
  }

  #pathOf(id: number): string {
    return join(this.#options.path, walFolderName, fileName(id))
  }
}

function isSealed({ listed }: InspectedFile): boolean {
  return listed.sealedSize !== undefined
}

/** The highest sequence that the file knows of. */
function lastSequenceIn(found: FileInspection | undefined): number {
  return Math.max(0, found?.lastSequence ?? 0, found?.syncedThrough ?? 0)
}

/** The next start may find commits missing, up to its own first checkpoint. */
function withGaps({ checkpoint, ...rest }: ManifestContent, isLossy: boolean): ManifestContent {
  const isThere = rest.files.some(({ id }) => id === checkpoint?.fileId)
  const content = { ...rest, isRepaired: true, ...(isLossy && { isLossy }) }
  return isThere && checkpoint !== undefined ? { ...content, checkpoint } : content
}

async function syncWhole(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'write')
  try {
    await syncFile(file)
  } finally {
    await file.close()
  }
}
