// Carries a data folder to another disk, whatever either of them is: a folder of this machine, or a cell of a
// cluster. What is carried is checked before, and read back and checked afterwards. The manifest comes last, as
// everywhere: one that was stopped has not happened, and the next one begins anew. Nobody else has either of them.
import { join } from 'node:path'
import { systemRandom } from '../../lib/random.ts'
import { carryLimits } from '../../limits/carry.ts'
import type { TopologyEntry } from '../commit.ts'
import { asideFolderName, asideIdOf } from '../file/aside-file.ts'
import type { Disk, DiskFile } from '../file/disk.ts'
import { fileName, walFolderName } from '../file/file-format.ts'
import { readWholeFile, syncFile, writeAt } from '../file/file-operations.ts'
import {
  findManifest,
  lostManifestError,
  noteUnfinished,
  restoringName,
} from '../file/find-manifest.ts'
import type { FolderContents } from '../file/folder-contents.ts'
import { inspectFile } from '../file/inspect-file.ts'
import { listedIn } from '../file/inspect-folder.ts'
import { asCopy, decodeManifest, encodeManifest, manifestName } from '../file/manifest.ts'
import type { ListedFile, ManifestContent } from '../file/manifest.ts'
import { writeTopologyFile } from '../file/topology-file.ts'
import type { LogAdopter } from '../file/unowned-logs.ts'
import { verifyDataFolder, type VerifyReport } from '../file/verify.ts'
import { LogError } from '../log-error.ts'
import { checkEmpty } from './check-empty.ts'

/** A data folder: which disk it is on, and how people know it. */
export interface CarriedFolder {
  readonly disk: Disk
  readonly path: string
  /** "cell 0 of the cluster" */
  readonly name: string
}

export interface CarryOptions {
  readonly from: CarriedFolder
  readonly to: CarriedFolder
  /** What is to be run again where it was stopped: "pabal cluster import". */
  readonly command: string
  /** What to do where there is something already, and with what is damaged. */
  readonly advice: { readonly notEmpty: string; readonly damaged: string }
  /** Reads topology entries: without it nobody looks whose logs are. */
  readonly adopter?: LogAdopter
  /**
   * Sees the topology that is carried, before anything is copied: throws to refuse it, or returns an entry that
   * comes after it in the copy.
   */
  readonly onTopology?: (entries: readonly TopologyEntry[]) => Buffer | undefined
  readonly onStep?: (step: CarryStep) => void
}

/** What it is at: files so far, of how many. */
export interface CarryStep {
  readonly kind: 'check' | 'copy' | 'check the copy'
  readonly fileCount: number
  readonly byteCount: number
}

/** What was carried, as it was read back. */
export type CarryReport = Omit<VerifyReport, 'problems'>

const parts = [walFolderName, asideFolderName] as const
const isLocked = (): boolean => false

/** Throws `LogError`: 'io' when there is something at `to`, 'corrupt' when `from` or the copy is not whole. */
export async function carryFolder(options: CarryOptions): Promise<CarryReport> {
  const { from, to, command, advice, onStep, onTopology } = options
  const manifest = await manifestOf(from)
  const isThere = await isAlreadyThere(to, manifest)
  if (!isThere) await checkEmpty(to.disk, to.path, advice.notEmpty)
  onStep?.({ kind: 'check', fileCount: 0, byteCount: 0 })
  const { report: before, contents } = await check(from, options)
  const added = onTopology?.(contents.topology())
  let byteCount = 0
  if (!isThere) {
    await prepare(to, command)
    byteCount = await copyAll(options, manifest)
    const content = added ? await addTopology(to, manifest, contents, added) : manifest
    const copy = asCopy(content, systemRandom)
    await to.disk.replace(join(to.path, manifestName), encodeManifest(copy))
  }
  onStep?.({ kind: 'check the copy', fileCount: 0, byteCount })
  const { problems: _, ...after } = (await check(to, options)).report
  for (const key of ['runCount', 'recordCount', 'bodyCount'] as const) {
    if (before[key] === after[key]) continue
    const text = `${to.name} has ${after[key]} where ${from.name} has ${before[key]} (${key})`
    throw new LogError('corrupt', `${text}: remove it and run "${command}" again`)
  }
  await to.disk.removeTree(join(to.path, restoringName))
  return after
}

/** Whoever starts on a folder changes its manifest, so an earlier try has copied all and nobody was there since. */
async function isAlreadyThere(
  { disk, path }: CarriedFolder,
  manifest: ManifestContent,
): Promise<boolean> {
  const bytes = await readWholeFile(disk, join(path, manifestName))
  const there = bytes && decodeManifest(bytes)
  return there !== undefined && inCommon(there).equals(inCommon(manifest))
}

/** The copy has an id of its own, and may have a topology file. */
function inCommon(content: ManifestContent): Buffer {
  const own = { copyId: undefined, topology: undefined, nextFileId: 0 }
  return Buffer.from(JSON.stringify({ ...content, ...own }))
}

async function manifestOf({ disk, path, name }: CarriedFolder): Promise<ManifestContent> {
  const found = await findManifest(disk, path)
  if (found.state === 'new') throw new LogError('io', `${name} has no data`)
  if (found.state === 'lost') throw lostManifestError(found.problem)
  return found.content
}

interface Checked {
  readonly report: VerifyReport
  readonly contents: FolderContents
}

async function check(
  { disk, path, name }: CarriedFolder,
  { adopter, advice }: CarryOptions,
): Promise<Checked> {
  let contents: FolderContents | undefined
  const onContents = (found: FolderContents): void => {
    contents = found
  }
  const looked = { disk, path, isLocked, onContents }
  const report = await verifyDataFolder({ ...looked, ...(adopter && { adopter }) })
  const damage = report.problems.filter(({ severity }) => severity === 'damage')
  const [first] = damage
  if (first === undefined && contents !== undefined) return { report, contents }
  const where = `${first?.file}, byte ${first?.byte}: ${first?.problem}`
  const more = damage.length === 1 ? '' : ` (and ${damage.length - 1} more)`
  throw new LogError('corrupt', `${name} is damaged: ${where}${more}. ${advice.damaged}`)
}

/** All of the topology and what comes after it, in a file of its own. */
async function addTopology(
  { disk, path }: CarriedFolder,
  content: ManifestContent,
  contents: FolderContents,
  added: Buffer,
): Promise<ManifestContent> {
  const folder = join(path, walFolderName)
  const { nextFileId: id, epoch: leaderEpoch } = content
  const salt = systemRandom.below(0x1_0000_0000)
  const through = Math.max(contents.nextTopologySequence - 1, contents.topologyNeeded, 1)
  const entries = [...contents.topology().map(({ bytes }) => bytes), added]
  const topology = await writeTopologyFile(
    { disk, folder, id, salt, leaderEpoch },
    { through, entries, lastCommit: () => 0 },
  )
  if (content.topology !== undefined) {
    await disk.unlink(join(folder, fileName(content.topology.fileId)))
  }
  await disk.syncFolder(folder)
  return { ...content, nextFileId: id + 1, topology }
}

/** From here on it is no data folder until it has its manifest; what an earlier try left goes. */
async function prepare({ disk, path }: CarriedFolder, command: string): Promise<void> {
  await disk.createFolder(join(path, restoringName))
  await noteUnfinished(disk, path, command)
  await disk.syncFolder(path)
  for (const part of parts) {
    await disk.removeTree(join(path, part))
    await disk.createFolder(join(path, part))
  }
  await disk.syncFolder(path)
}

async function copyAll(
  { from, to, onStep }: CarryOptions,
  manifest: ManifestContent,
): Promise<number> {
  let [fileCount, byteCount] = [0, 0]
  const copied = (size: number): void => {
    fileCount++
    byteCount += size
    onStep?.({ kind: 'copy', fileCount, byteCount })
  }
  for (const listed of listedIn(manifest)) copied(await copyData(from, to, listed))
  for (const name of await from.disk.list(join(from.path, asideFolderName))) {
    if (asideIdOf(name) === undefined) continue
    copied(await copyWhole(from, to, { name: `${asideFolderName}/${name}`, size: undefined }))
  }
  return byteCount
}

/** A file that was sealed is copied as it is; an open one as far as it has commits, to be written on. */
async function copyData(
  from: CarriedFolder,
  to: CarriedFolder,
  { id, sealedSize }: ListedFile,
): Promise<number> {
  const name = `${walFolderName}/${fileName(id)}`
  if (sealedSize !== undefined) return copyWhole(from, to, { name, size: sealedSize })
  const found = await inspectFile(from.disk, join(from.path, name))
  const bytes = await readAll(from, name)
  const content = bytes.subarray(0, found?.dataEnd ?? 0)
  const file = await to.disk.open(join(to.path, name), 'create-synced')
  try {
    await writePieces(file, content)
    await syncFile(file)
  } finally {
    await file.close()
  }
  await to.disk.syncFolder(join(to.path, walFolderName))
  return content.length
}

async function copyWhole(
  from: CarriedFolder,
  to: CarriedFolder,
  { name, size }: { readonly name: string; readonly size: number | undefined },
): Promise<number> {
  const bytes = await readAll(from, name)
  const content = bytes.subarray(0, size)
  await to.disk.replace(join(to.path, name), content)
  return content.length
}

async function readAll({ disk, path }: CarriedFolder, name: string): Promise<Buffer> {
  const bytes = await readWholeFile(disk, join(path, name))
  if (bytes === undefined) throw new LogError('io', `${join(path, name)} went while it was copied`)
  return bytes
}

/** In the pieces that a broker would write: one is one statement of a cluster. */
async function writePieces(file: DiskFile, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += carryLimits.pieceSize) {
    await writeAt(file, bytes.subarray(at, at + carryLimits.pieceSize), at)
  }
}
