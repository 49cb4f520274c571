// `pabal verify` and `pabal repair`: what they print and how they end. Both hold the folder's lock.
import { logsElsewhere } from '../cluster/carried-topics.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { type ExitCode, ExitError } from '../lib/exit-error.ts'
import { findManifest } from '../log/file/find-manifest.ts'
import { repairDataFolder } from '../log/file/repair.ts'
import { createSystemDisk } from '../log/file/system-disk.ts'
import { verifyDataFolder } from '../log/file/verify.ts'
import { logAdopter } from '../meta/adopt-logs.ts'
import { lockDataFolder } from '../meta/data-folder-lock.ts'
import type { Terminal } from './terminal.ts'

const isLocked = (): boolean => false

/** Reads everything and changes nothing. Ends with 65 when something is damaged. */
export async function verify(folder: string, { print }: Terminal): Promise<ExitCode> {
  using _lock = await lockExisting(folder, false)
  const report = await verifyDataFolder({
    disk: createSystemDisk(),
    path: folder,
    isLocked,
    adopter: logAdopter,
  })
  for (const { file, byte, problem, severity } of report.problems) {
    print(`${severity}: ${file}, byte ${byte}: ${problem}`)
  }
  print(
    `${counted(report.fileCount, 'file')}, ${counted(report.commitCount, 'commit')}, ` +
      `${counted(report.recordCount, 'record')} and ` +
      `${counted(report.bodyCount, 'large body', 'large bodies')} checked`,
  )
  const isDamaged = report.problems.some(({ severity }) => severity === 'damage')
  print(
    isDamaged
      ? 'Damaged. See what can be saved: pabal repair --dry-run'
      : 'Nothing that was confirmed is damaged',
  )
  return isDamaged ? exitCodes.dataDamaged : exitCodes.ok
}

/** Makes a damaged folder usable again and says what is lost. */
export async function repair(
  folder: string,
  isDryRun: boolean,
  { print }: Terminal,
): Promise<ExitCode> {
  using _lock = await lockExisting(folder, !isDryRun)
  const disk = createSystemDisk()
  const readers = { adopter: logAdopter, logsElsewhere }
  const options = { disk, path: folder, isLocked, isDryRun, ...readers }
  const report = await repairDataFolder(options)
  for (const action of report.actions) print(action)
  for (const loss of report.lost) print(`lost: ${loss}`)
  if (report.actions.length === 0) print('Nothing to repair')
  else print(isDryRun ? 'Nothing was changed. Without --dry-run it is done.' : 'Repaired')
  return exitCodes.ok
}

/** `1 file`, `2 files` */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`
}

/** Takes a data folder that is there; nobody else has it until the result is disposed of. */
export async function lockExisting(folder: string, isWritten: boolean): Promise<Disposable> {
  const manifest = await findManifest(createSystemDisk(), folder)
  if (manifest.state === 'new') {
    throw new ExitError(
      exitCodes.noInput,
      `'${folder}' is no data folder of Pabal: name one with --data`,
    )
  }
  return lockDataFolder(folder, isWritten)
}
