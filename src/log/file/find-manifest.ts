// Looks for the manifest of a data folder and compares it with the data files that are there. Only a
// folder without any data is new: whoever lost the manifest has not lost the messages yet.
import { join } from 'node:path'
import { version } from '../../lib/version.ts'
import { LogError } from '../log-error.ts'
import { asideFolderName, asideIdOf } from './aside-file.ts'
import { commitSizeAt } from './commit-decoder.ts'
import { directBlockSize } from './direct-file.ts'
import { reserveName } from './disk-space.ts'
import type { Disk } from './disk.ts'
import {
  commitHeaderSize,
  decodeFileHeader,
  fileHeaderSize,
  fileIdOf,
  fileKind,
  fileName,
  formatIn,
  formatVersion,
  walFolderName,
} from './file-format.ts'
import type { FileHeader } from './file-format.ts'
import { readAt, readWholeFile } from './file-operations.ts'
import { decodeManifest, manifestName } from './manifest.ts'
import type { ManifestContent } from './manifest.ts'
import { migrations, stepsFrom } from './migrations.ts'
import type { Migration } from './migrations.ts'
import { spareSuffix } from './spare-files.ts'

/** What a command that makes a data folder has in it until it is through. */
export const restoringName = 'restoring'
const noteName = 'NOTE'
const noteEnd = ' has not come to its end: run it again\n'

export type FoundManifest =
  /** There is nothing of a store in the folder. */
  | { readonly state: 'new' }
  | { readonly state: 'whole'; readonly content: ManifestContent }
  /** The data files are there without a list of them; `problem` says why, for people. */
  | { readonly state: 'lost'; readonly problem: string }

/**
 * Throws `LogError` 'format' for a folder that this version cannot read, or only once a start has migrated
 * it.
 */
export async function findManifest(
  disk: Disk,
  folder: string,
  known: readonly Migration[] = migrations,
): Promise<FoundManifest> {
  const path = join(folder, manifestName)
  const bytes = await readWholeFile(disk, path)
  if (bytes === undefined) {
    if ((await disk.list(folder)).includes(restoringName)) throw await unfinishedError(disk, folder)
    const data = await findData(disk, folder)
    if (data === undefined) return { state: 'new' }
    return { state: 'lost', problem: `${path} is missing although there is ${data}` }
  }
  if (bytes.length === 0) return { state: 'lost', problem: `${path} is empty` }
  const content = decodeManifest(bytes)
  if (content === undefined) return { state: 'lost', problem: `${path} is damaged` }
  const steps = stepsToHere(folder, content, known)
  if (steps.some(({ migrate }) => migrate !== undefined)) throw olderError(folder, content)
  const newer = await findNewerFile(disk, folder, content)
  if (newer === undefined) return { state: 'whole', content }
  return { state: 'lost', problem: `${path} is older than ${newer}, which it does not list` }
}

/**
 * What it takes to make a folder one of this version. Throws `LogError` 'format' when that cannot be done:
 * a newer version wrote it, or one that is too old.
 */
export function stepsToHere(
  folder: string,
  content: ManifestContent,
  known: readonly Migration[] = migrations,
): readonly Migration[] {
  const steps = stepsFrom(content.version, formatVersion, known)
  if (steps !== undefined) return steps
  const first = known[0]?.from ?? formatVersion
  const { version: format, writtenBy } = content
  const newer =
    writtenBy === undefined
      ? 'use the Pabal that wrote it'
      : `use Pabal ${writtenBy} or a later one`
  const advice =
    format > formatVersion
      ? `${newer}, or restore a backup from before it was upgraded`
      : 'start a version in between on it first'
  throw new LogError(
    'format',
    `${describeFormat(folder, content)}, and this Pabal ${version} reads formats ${first} to ${formatVersion}: ${advice}`,
  )
}

/**
 * From now on nobody takes the folder for a data folder until it has a manifest: `command` ("pabal restore") is
 * making it.
 */
export function noteUnfinished(disk: Disk, folder: string, command: string): Promise<void> {
  return disk.replace(join(folder, restoringName, noteName), Buffer.from(`${command}${noteEnd}`))
}

async function unfinishedError(disk: Disk, folder: string): Promise<LogError> {
  const note = (await readWholeFile(disk, join(folder, restoringName, noteName)))?.toString() ?? ''
  const command = note.endsWith(noteEnd) ? note.slice(0, -noteEnd.length) : 'pabal restore'
  return new LogError(
    'corrupt',
    `"${command}" was making the data folder ${folder} and has not got there: run it again`,
  )
}

function describeFormat(folder: string, { version: format, writtenBy }: ManifestContent): string {
  const writer = writtenBy === undefined ? 'is' : `was written by Pabal ${writtenBy}`
  return `the data folder ${folder} ${writer} in format ${format}`
}

/** What a start says that finds the manifest lost. */
export function lostManifestError(problem: string): LogError {
  return new LogError(
    'corrupt',
    `${problem}: put it back from a backup, or run "pabal verify" to see what is there and "pabal repair" to make it again from the data files`,
  )
}

/** What is at the start of a data file. */
export interface FileStart {
  readonly id: number
  /** Undefined when it is damaged. */
  readonly header: FileHeader | undefined
  /** The format in its header; undefined when that is damaged. */
  readonly format: number | undefined
  /** A commit of its own is at its start. */
  readonly hasCommit: boolean
  /** Something may have been written to it: not only its header, and not under another name. */
  readonly mayHaveData: boolean
}

/** Looks at every data file, by the id in its name. */
export async function readFileStarts(disk: Disk, folder: string): Promise<FileStart[]> {
  const starts: FileStart[] = []
  for (const id of await listFileIds(disk, folder)) {
    starts.push(await readFileStart(disk, folder, id))
  }
  return starts
}

async function listFileIds(disk: Disk, folder: string): Promise<readonly number[]> {
  const names = await disk.list(join(folder, walFolderName))
  return names.map(fileIdOf).filter((id) => id !== undefined)
}

async function readFileStart(disk: Disk, folder: string, id: number): Promise<FileStart> {
  const file = await disk.open(join(folder, walFolderName, fileName(id)), 'read')
  try {
    const size = await file.size()
    const bytes = await readAt(file, 0, fileHeaderSize + commitHeaderSize)
    const header = decodeFileHeader(bytes)
    // It was renamed to be written over, and that was all.
    const isOther = header !== undefined && header.id !== id
    const format = header && formatIn(bytes)
    if (isOther) return { id, header: undefined, format, hasCommit: false, mayHaveData: false }
    const isLong = bytes.length === fileHeaderSize + commitHeaderSize
    const hasCommit = isLong && commitSizeAt(bytes, fileHeaderSize, id) > 0
    return { id, header, format, hasCommit, mayHaveData: hasCommit || size > directBlockSize }
  } finally {
    await file.close()
  }
}

/** Says what there is, for people. The first file is created before the first manifest. */
async function findData(disk: Disk, folder: string): Promise<string | undefined> {
  const files = await readFileStarts(disk, folder)
  const file = files.find(({ id, mayHaveData }) => id > 1 || mayHaveData)
  if (file !== undefined) return `a data file, ${walFolderName}/${fileName(file.id)}`
  const wal = await disk.list(join(folder, walFolderName))
  if (wal.some((name) => name.endsWith(spareSuffix))) return 'a data file to be written over'
  const bodies = await disk.list(join(folder, asideFolderName))
  if (bodies.some((name) => asideIdOf(name) !== undefined)) return 'the body of a message'
  const isUsed = (await disk.list(folder)).includes(reserveName)
  return isUsed ? `the ${reserveName} of a broker` : undefined
}

/** A WAL file is listed before anything is written to it, so one that is not shows an old list. */
async function findNewerFile(
  disk: Disk,
  folder: string,
  { files, nextFileId }: ManifestContent,
): Promise<string | undefined> {
  const listed = new Set(files.map(({ id }) => id))
  for (const id of await listFileIds(disk, folder)) {
    // Only these are opened: a start looks at thousands of files.
    if (id < nextFileId || listed.has(id)) continue
    const { header, hasCommit } = await readFileStart(disk, folder, id)
    if (hasCommit && header?.kind === fileKind.wal) return `${walFolderName}/${fileName(id)}`
  }
  return undefined
}

function olderError(folder: string, content: ManifestContent): LogError {
  return new LogError(
    'format',
    `${describeFormat(folder, content)}: start Pabal ${version} on it once, which brings it to format ${formatVersion}`,
  )
}
