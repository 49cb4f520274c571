// What a backup is: a tar archive of a data folder, to be looked into and checked with the usual tools.
//
//   pabal-backup.json   which Pabal took it, and when; first
//   wal/…, aside/…      the files as they are in a data folder
//   MANIFEST            what of them counts: there only when all of them are
//   SHA256SUMS          of all before, as sha256sum writes and checks it; last
import { LogError } from '../log-error.ts'

export const backupInfoName = 'pabal-backup.json'
export const checksumsName = 'SHA256SUMS'
/** In place of the manifest: why the backup was not finished. Such a thing is never kept. */
export const failureName = 'FAILED'

/** Rises when an older Pabal could not restore it. */
const backupVersion = 1

export interface BackupInfo {
  readonly backup_version: number
  /** The Pabal that took it. */
  readonly pabal: string
  /** Format of the data folder in it. */
  readonly data_format: number
  /** When, in ISO 8601. */
  readonly taken_at: string
  /** How many files of a data folder are to come. */
  readonly files: number
}

export function encodeBackupInfo(info: Omit<BackupInfo, 'backup_version'>): Buffer {
  return Buffer.from(
    `${JSON.stringify({ backup_version: backupVersion, ...info }, undefined, 2)}\n`,
  )
}

/** Throws `LogError` 'corrupt' for what is none, 'format' for one of a newer Pabal. */
export function decodeBackupInfo(bytes: Buffer): BackupInfo {
  const info = parse(bytes)
  if (info === undefined)
    throw new LogError('corrupt', `the backup is damaged in ${backupInfoName}`)
  const { backup_version: found, pabal } = info
  if (found > backupVersion) {
    const text = `the backup has format ${found} and was taken by Pabal ${pabal}: restore it with that one or a later one`
    throw new LogError('format', text)
  }
  return info
}

function parse(bytes: Buffer): BackupInfo | undefined {
  try {
    const value = JSON.parse(bytes.toString()) as BackupInfo
    return Number.isSafeInteger(value.backup_version) ? value : undefined
  } catch {
    return undefined
  }
}
