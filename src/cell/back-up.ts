// Takes a backup of a cell that goes on meanwhile.
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Snapshot } from '../log/file/snapshot.ts'
import { LogError } from '../log/log-error.ts'

/** Why there is none; `isLasting`: asking again later is in vain. */
export interface NoBackup {
  readonly problem: string
  readonly isLasting?: boolean
}

/** The bytes of a backup, or why there is none. */
export type Backup = AsyncGenerator<Buffer> | NoBackup

/** A backup that was asked for since the start; when, in milliseconds since the Unix epoch. */
export interface BackupTaken {
  readonly startedAt: number
  /** Undefined while it is being taken. */
  readonly endedAt: number | undefined
  readonly byteCount: number
  /** It was sent to its end. */
  readonly isWhole: boolean
}

/** The last one. */
export interface Backups {
  last: BackupTaken | undefined
}

export interface BackUpParts {
  /** Left out, nothing is kept that could be copied. */
  readonly openSnapshot: (() => Promise<Snapshot>) | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** Has the last one from then on. */
  readonly backups: Backups
}

/**
 * Everything that was confirmed before is in it. It has to be read, or returned, to its end; at most
 * `bytesPerSecond`, if that is given.
 */
export async function backUp(
  { openSnapshot, ...parts }: BackUpParts,
  bytesPerSecond: number | undefined,
): Promise<Backup> {
  if (openSnapshot === undefined) {
    return { problem: 'this broker keeps nothing on disk', isLasting: true }
  }
  const { streamBackup } = await import('../log/backup/stream-backup.ts')
  try {
    const { clock } = parts
    return told(streamBackup(await openSnapshot(), { clock, bytesPerSecond }), parts)
  } catch (error) {
    if (error instanceof LogError) return { problem: error.message }
    throw error
  }
}

async function* told(
  stream: AsyncGenerator<Buffer>,
  { clock, logger, backups }: Omit<BackUpParts, 'openSnapshot'>,
): AsyncGenerator<Buffer> {
  const begun = clock.monotonic()
  let byteCount = 0
  let isWhole = false
  const startedAt = clock.now()
  backups.last = { startedAt, endedAt: undefined, byteCount, isWhole }
  logger.info('A backup is being taken')
  try {
    for await (const piece of stream) {
      byteCount += piece.length
      backups.last = { startedAt, endedAt: undefined, byteCount, isWhole }
      yield piece
    }
    isWhole = true
  } finally {
    backups.last = { startedAt, endedAt: clock.now(), byteCount, isWhole }
    const seconds = Math.round((clock.monotonic() - begun) / 1000)
    const text = `A backup ${isWhole ? 'was sent' : 'was broken off'} after ${byteCount} bytes and ${seconds} s`
    if (isWhole) logger.info(text)
    else logger.warn(text)
  }
}
