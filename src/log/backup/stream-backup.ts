// A snapshot as the bytes of a backup, without the list of checksums: whoever writes them to a file, which
// is another process, has more time for these (`seal-backup.ts`).
import type { Clock } from '../../lib/clock.ts'
import { version } from '../../lib/version.ts'
import { logLimits } from '../../limits/log.ts'
import { encodeManifest, manifestName } from '../file/manifest.ts'
import type { Snapshot, SnapshotFile } from '../file/snapshot.ts'
import { backupInfoName, encodeBackupInfo, failureName } from './backup-format.ts'
import { encodeTarHeader, tarEnd, tarPadding } from './tar.ts'

export interface BackupOptions {
  readonly clock: Clock
  /** At most so many bytes a second; undefined for as fast as they are taken. */
  readonly bytesPerSecond?: number | undefined
}

/**
 * Reads on only when the last piece was taken, and closes the snapshot at the end, however that comes.
 * Whatever fails is the last thing in it, because a stream over HTTP cannot say it otherwise.
 */
export async function* streamBackup(
  snapshot: Snapshot,
  { clock, bytesPerSecond }: BackupOptions,
): AsyncGenerator<Buffer> {
  const time = clock.now()
  try {
    yield* paced(membersOf(snapshot, time), clock, bytesPerSecond)
  } finally {
    await snapshot.close()
  }
}

async function* membersOf(snapshot: Snapshot, time: number): AsyncGenerator<Buffer> {
  const { manifest, fileCount } = snapshot
  const info = encodeBackupInfo({
    pabal: version,
    data_format: manifest.version,
    taken_at: new Date(time).toISOString(),
    files: fileCount,
  })
  yield* smallMember(backupInfoName, info, time)
  try {
    for await (const file of snapshot.files()) {
      const failure = yield* fileMember(file, time)
      if (failure !== undefined) throw failure
    }
  } catch (error) {
    yield* smallMember(failureName, Buffer.from((error as Error).message), time)
    yield tarEnd
    return
  }
  yield* smallMember(manifestName, encodeManifest(manifest), time)
  yield tarEnd
}

/** What cannot be read is zeros, so that what is said about it is found; returns why. */
async function* fileMember(
  file: SnapshotFile,
  time: number,
): AsyncGenerator<Buffer, Error | undefined> {
  let failure: Error | undefined
  try {
    yield encodeTarHeader(file, time)
    for (let at = 0; at < file.size;) {
      const piece = Buffer.alloc(Math.min(logLimits.backupPieceSize, file.size - at))
      failure ??= await fill(file, piece, at)
      yield piece
      at += piece.length
    }
    yield tarPadding(file.size)
  } finally {
    await file.close()
  }
  return failure
}

/** Why it could not be filled. */
async function fill(file: SnapshotFile, piece: Buffer, at: number): Promise<Error | undefined> {
  try {
    if ((await file.read(piece, at)) === piece.length) return undefined
    return new Error(`${file.name} is shorter than it was: ${file.size} bytes`)
  } catch (error) {
    return error as Error
  }
}

function* smallMember(name: string, bytes: Buffer, time: number): Generator<Buffer> {
  yield encodeTarHeader({ name, size: bytes.length }, time)
  yield bytes
  yield tarPadding(bytes.length)
}

/** Each piece waits until those before it have had their time. */
async function* paced(
  pieces: AsyncIterable<Buffer>,
  clock: Clock,
  bytesPerSecond: number | undefined,
): AsyncGenerator<Buffer> {
  const begun = clock.monotonic()
  let size = 0
  for await (const piece of pieces) {
    if (bytesPerSecond !== undefined) {
      const waitMs = begun + (size / bytesPerSecond) * 1000 - clock.monotonic()
      if (waitMs > 0) {
        await new Promise<void>((resolve) => {
          clock.after(waitMs, resolve)
        })
      }
    }
    size += piece.length
    if (piece.length > 0) yield piece
  }
}
