// Makes a data folder of the file of a backup, or only checks it.
import { type FileHandle, open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { systemRandom } from '../lib/random.ts'
import { logLimits } from '../limits/log.ts'
import { readBackup } from '../log/backup/read-backup.ts'
import type { ReadBackup } from '../log/backup/read-backup.ts'
import { restoreBackup } from '../log/backup/restore.ts'
import type { TarMember } from '../log/backup/tar.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import { LogError } from '../log/log-error.ts'
import { passThrough } from './pass-through.ts'
import { filesText, showProgress } from './progress-line.ts'
import { sizeText } from './size-text.ts'

export interface RestoreAsked {
  readonly file: string
  /** The data folder to be. */
  readonly folder: string
  readonly isCheck: boolean
  readonly print: (line: string) => void
}

export async function restoreFile({
  file,
  folder,
  isCheck,
  print,
}: RestoreAsked): Promise<ExitCode> {
  await using handle = await openFile(file)
  let size = 0
  using _progress = showProgress(() => sizeText(size))
  const onWritten = (more: number): void => {
    size += more
  }
  const source = await unpacked(handle)
  const backup = isCheck
    ? await readBackup(source, { take: (member) => drain(member, onWritten) })
    : await restoreBackup({
        disk: createSystemDisk(),
        path: folder,
        source,
        now: systemClock.now(),
        random: systemRandom,
        onWritten,
      })
  const what = describe(backup)
  if (isCheck) print(`${file} is whole: ${what}`)
  else print(`Restored to ${folder}: ${what}`)
  return exitCodes.ok
}

function describe({ info, fileCount, byteCount }: ReadBackup): string {
  const size = `${filesText(fileCount)}, ${sizeText(byteCount)}`
  return `${size}, as of ${info.taken_at}, taken by Pabal ${info.pabal}`
}

async function drain({ pieces }: TarMember, onRead: (size: number) => void): Promise<void> {
  for await (const piece of pieces) onRead(piece.length)
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.noInput, `cannot read ${file}: ${reason}`)
  }
}

const zstdMagic: Buffer = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const gzipMagic: Buffer = Buffer.from([0x1f, 0x8b])

/** Whoever packed it with gzip may give it as it is, too. */
async function unpacked(handle: FileHandle): Promise<AsyncIterable<Uint8Array>> {
  const { buffer } = await handle.read(Buffer.alloc(zstdMagic.length), 0, zstdMagic.length, 0)
  const bytes = piecesOf(handle)
  if (buffer.equals(zstdMagic)) return explained(bytes, createZstdDecompress())
  if (buffer.subarray(0, 2).equals(gzipMagic)) return explained(bytes, createGunzip())
  return bytes
}

async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ;) {
    const piece = Buffer.allocUnsafe(logLimits.sequentialReadSize)
    const { bytesRead } = await handle.read(piece, 0, piece.length, position)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    position += bytesRead
  }
}

async function* explained(
  packed: AsyncIterable<Buffer>,
  unpack: Transform,
): AsyncGenerator<Uint8Array> {
  try {
    yield* passThrough(packed, unpack)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!/^(?:Z_|ERR_)/.test(code)) throw error
    throw new LogError('corrupt', `the backup is cut off or damaged: ${message}`, { cause: error })
  }
}
