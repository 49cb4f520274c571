// Writes a backup to a file: from the running broker of a data folder, or from the folder when none runs. The
// file has its name only once it is whole and on the disk.
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { createZstdCompress } from 'node:zlib'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { type BackupProgress, sealBackup } from '../log/backup/seal-backup.ts'
import { streamBackup } from '../log/backup/stream-backup.ts'
import { findManifest } from '../log/file/find-manifest.ts'
import { openFolderSnapshot } from '../log/file/snapshot.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import { lockDataFolder } from '../meta/data-folder-lock.ts'
import type { BrokerClient } from './broker-client.ts'
import { passThrough } from './pass-through.ts'
import { filesText, showProgress } from './progress-line.ts'
import { sizeText } from './size-text.ts'

export interface BackupAsked {
  readonly broker: BrokerClient
  /** A file that is to be, or a folder for it. */
  readonly target: string
  readonly rate: number | undefined
  readonly print: (line: string) => void
}

/** Whoever may read it may read all messages and the hashes of all passwords. */
const fileMode = 0o600

export async function takeBackup({ broker, target, rate, print }: BackupAsked): Promise<ExitCode> {
  const file = await nameOf(target)
  const stack = new DisposableStack()
  try {
    const { source, what } = await openSource(broker, rate, stack)
    const progress: BackupProgress = { info: undefined, fileCount: 0, byteCount: 0 }
    stack.use(showProgress(() => describe(progress)))
    await writeWhole(file, sealBackup(source, progress))
    stack.dispose()
    const { fileCount, byteCount } = progress
    print(`Backup of ${what} written to ${file}: ${filesText(fileCount)}, ${sizeText(byteCount)}`)
    return exitCodes.ok
  } finally {
    stack.dispose()
  }
}

function describe({ info, fileCount, byteCount }: BackupProgress): string {
  const count = info === undefined ? '' : `, ${fileCount} of ${filesText(info.files)}`
  return `${sizeText(byteCount)}${count}`
}

interface Source {
  readonly source: AsyncIterable<Uint8Array>
  /** What it is of, for people. */
  readonly what: string
}

async function openSource(
  broker: BrokerClient,
  rate: number | undefined,
  stack: DisposableStack,
): Promise<Source> {
  const { folder } = broker
  const parameters: Record<string, string> = rate === undefined ? {} : { rate: String(rate) }
  const answer = await broker.download(['v1', 'backup'], parameters)
  if (answer === undefined) {
    const source = await openFolder(folder ?? '', rate, stack)
    return { source, what: `the folder ${folder}` }
  }
  if (answer.statusCode === 200)
    return { source: answer, what: `the running broker in ${broker.place}` }
  const text = Buffer.concat(await answer.toArray()).toString()
  const isRefused = answer.statusCode === 400
  const code = isRefused ? exitCodes.usage : exitCodes.tryLater
  throw new ExitError(code, `no backup was taken: ${reasonIn(text)}`)
}

function reasonIn(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly reason?: string }).reason)
  } catch {
    return 'the broker failed to answer, see its log'
  }
}

/** No broker runs, and none can be started meanwhile. */
async function openFolder(
  folder: string,
  rate: number | undefined,
  stack: DisposableStack,
): Promise<AsyncIterable<Uint8Array>> {
  const disk = createSystemDisk()
  if ((await findManifest(disk, folder)).state === 'new') {
    const advice = 'name one with --data'
    throw new ExitError(exitCodes.noInput, `'${folder}' is no data folder of Pabal: ${advice}`)
  }
  stack.use(lockDataFolder(folder, false))
  const snapshot = await openFolderSnapshot(disk, folder)
  return streamBackup(snapshot, { clock: systemClock, bytesPerSecond: rate })
}

/** In a folder its name says when it was taken. */
async function nameOf(target: string): Promise<string> {
  const found = await stat(target).catch(() => undefined)
  if (found === undefined) return target
  if (!found.isDirectory()) {
    throw new ExitError(exitCodes.cannotCreate, `${target} is there already: name another file`)
  }
  const time = new Date(systemClock.now()).toISOString().slice(0, 19).replaceAll(':', '')
  return path.join(target, `pabal-${time}Z.tar.zst`)
}

async function writeWhole(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const part = `${file}.part`
  const stop = (): void => {
    void rm(part, { force: true }).finally(() => process.exit(exitCodes.tryLater))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await using handle = await open(part, 'w', fileMode)
    await fill(handle, file.endsWith('.zst'), bytes)
    await handle.sync()
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined)
    throw explain(file, error)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
  await rename(part, file)
  await using folder = await open(path.dirname(path.resolve(file)), 'r')
  await folder.sync()
}

async function fill(
  handle: FileHandle,
  isCompressed: boolean,
  bytes: AsyncIterable<Buffer>,
): Promise<void> {
  const packed = isCompressed ? passThrough(bytes, createZstdCompress()) : bytes
  for await (const piece of packed) await handle.writeFile(piece)
}

function explain(file: string, error: unknown): unknown {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNRESET') {
    return new ExitError(
      exitCodes.unavailable,
      'the broker ended before the backup did: see its log',
    )
  }
  return syscall === undefined
    ? error
    : new ExitError(exitCodes.cannotCreate, `cannot write ${file}: ${message}`)
}
