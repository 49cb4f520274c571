// Adds to the bytes of a backup what they are checked by: the SHA-256 of each file in it.
import { createHash } from 'node:crypto'
import { manifestName } from '../file/manifest.ts'
import { LogError } from '../log-error.ts'
import { backupInfoName, checksumsName, decodeBackupInfo, failureName } from './backup-format.ts'
import type { BackupInfo } from './backup-format.ts'
import { encodeTarHeader, readTar, tarEnd, tarPadding } from './tar.ts'

/** How far it is. */
export interface BackupProgress {
  info: BackupInfo | undefined
  fileCount: number
  byteCount: number
}

/**
 * Passes what `streamBackup` makes on, complete or not at all: throws `LogError` with the reason when the
 * backup was not finished.
 */
export async function* sealBackup(
  source: AsyncIterable<Uint8Array>,
  progress: BackupProgress,
): AsyncGenerator<Buffer> {
  const sums: string[] = []
  let time = 0
  let last = ''
  for await (const { name, size, pieces } of readTar(source)) {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    const isKept = name === backupInfoName || name === failureName
    if (!isKept) yield encodeTarHeader({ name, size }, time)
    for await (const piece of pieces) {
      hash.update(piece)
      progress.byteCount += piece.length
      if (isKept) kept.push(piece)
      else yield piece
    }
    if (name === failureName) throw new LogError('io', Buffer.concat(kept).toString())
    if (name === backupInfoName) {
      const bytes = Buffer.concat(kept)
      progress.info = decodeBackupInfo(bytes)
      time = Date.parse(progress.info.taken_at)
      yield encodeTarHeader({ name, size }, time)
      yield bytes
    } else if (name !== manifestName) {
      progress.fileCount++
    }
    yield tarPadding(size)
    sums.push(`${hash.digest('hex')}  ${name}\n`)
    last = name
  }
  if (last !== manifestName) throw new LogError('io', 'the broker did not send all of the backup')
  const list = Buffer.from(sums.join(''))
  yield encodeTarHeader({ name: checksumsName, size: list.length }, time)
  yield list
  yield tarPadding(list.length)
  yield tarEnd
}
