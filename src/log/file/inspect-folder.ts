// Looks at every listed file of a data folder and tells damage from the torn end of a write that was
// never confirmed, by the same rule as a start: what was synced must be there.
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { fileKind, fileName, walFolderName } from './file-format.ts'
import { FolderContents } from './folder-contents.ts'
import { inspectFile } from './inspect-file.ts'
import type { FileFault, FileInspection } from './inspect-file.ts'
import type { ListedFile, ManifestContent } from './manifest.ts'

export interface InspectedFile {
  readonly path: string
  readonly listed: ListedFile
  /** Undefined when there is no such file. */
  readonly found: FileInspection | undefined
  /** What somebody may miss. */
  readonly damage: readonly FileFault[]
  /** What was never confirmed: a start cuts it off. */
  readonly torn: readonly FileFault[]
}

export interface InspectedFolder {
  /** In the order of the manifest; the topology file comes last. */
  readonly files: readonly InspectedFile[]
  /** What all commits hold that are not torn. */
  readonly contents: FolderContents
}

/** Reads one file at a time; `path` is the data folder. */
export async function inspectFolder(
  disk: Disk,
  path: string,
  manifest: ManifestContent,
): Promise<InspectedFolder> {
  const contents = new FolderContents(manifest)
  const seen: Seen[] = []
  for (const listed of listedIn(manifest)) {
    const file = join(path, walFolderName, fileName(listed.id))
    const visitor = contents.visitorFor(listed, (_position, isClean) => isClean)
    const found = await inspectFile(disk, file, { end: listed.dataEnd, visitor })
    seen.push({ path: file, listed, found })
  }
  const isTorn = tornRule(manifest, seen)
  const files = seen.map((file) => {
    const faults = file.found?.faults ?? []
    const torn = faults.filter((fault) => isTorn(file, fault))
    return { ...file, torn, damage: faults.filter((fault) => !torn.includes(fault)) }
  })
  for (const file of files) await addDamagedCommits(disk, contents, file)
  const isLossy = files.some((file) => file.listed.kind !== 'topology' && isDamaged(file))
  contents.finish(manifest.isLossy === true || isLossy)
  return { files, contents }
}

export function listedIn({ files, topology }: ManifestContent): readonly ListedFile[] {
  if (topology === undefined) return files
  const { fileId: id, size } = topology
  return [...files, { id, kind: 'topology', sealedSize: size, dataEnd: size }]
}

type Seen = Pick<InspectedFile, 'path' | 'listed' | 'found'>

/** Whether something that counted cannot be read. */
export function isDamaged({ found, listed, damage }: InspectedFile): boolean {
  if (found?.header === undefined || damage.length > 0) return true
  return listed.sealedSize !== undefined && found.size < listed.sealedSize
}

function tornRule(
  manifest: ManifestContent,
  seen: readonly Seen[],
): (file: Seen, fault: FileFault) => boolean {
  const found = seen.flatMap((file) => file.found ?? [])
  const synced = Math.max(manifest.syncedThrough, ...found.map((file) => file.syncedThrough))
  // Files of survivors count their commits on their own, and are synced before they are listed.
  const wal = found.filter(({ header }) => header?.kind === fileKind.wal)
  return ({ found: file }, fault) => {
    if (file?.header?.kind !== fileKind.wal) return false
    const id = idOf(file)
    const earlier = wal.filter((each) => idOf(each) < id)
    const lastBefore = Math.max(0, ...earlier.map(({ lastSequence }) => lastSequence))
    const isRegion = fault.kind === 'region'
    const before = isRegion ? fault.sequence || lastBefore : fault.sequence - 1
    const next = wal.find((each) => idOf(each) > id && each.firstSequence > 0)
    // What failed here was written again as the first commit of a later file.
    return synced <= before || (next !== undefined && next.firstSequence <= before + 1)
  }
}

function idOf({ header }: FileInspection): number {
  return header?.id ?? 0
}

/** What is left of commits in which something is damaged; only now it is known that they counted. */
async function addDamagedCommits(
  disk: Disk,
  contents: FolderContents,
  { path, listed, damage }: InspectedFile,
): Promise<void> {
  const commits = new Set(damage.filter(({ entry }) => entry > 0).map(({ commit }) => commit))
  if (commits.size === 0) return
  const visitor = contents.visitorFor(listed, (position) => commits.has(position))
  await inspectFile(disk, path, { end: listed.dataEnd, visitor })
}
