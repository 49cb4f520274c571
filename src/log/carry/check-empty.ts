// Whether a data folder can be made somewhere: what is there must be nothing, or what an earlier try has left.
import { asideFolderName } from '../file/aside-file.ts'
import type { Disk } from '../file/disk.ts'
import { walFolderName } from '../file/file-format.ts'
import { restoringName } from '../file/find-manifest.ts'
import { manifestName } from '../file/manifest.ts'
import { LogError } from '../log-error.ts'

const parts = [walFolderName, asideFolderName] as const
/** What a new file system has in its root, and the lock of whoever makes the folder. */
const ignored: ReadonlySet<string> = new Set([
  'lost+found',
  'lock.db',
  'lock.db-journal',
  restoringName,
])

/** Throws `LogError` 'io' when there is something in the folder; `advice` says what to do then. */
export async function checkEmpty(disk: Disk, path: string, advice: string): Promise<void> {
  const names = await disk.list(path)
  const isUnfinished = names.includes(restoringName) && !names.includes(manifestName)
  const own: readonly string[] = isUnfinished ? [...parts, `${manifestName}.new`] : []
  const other = names.find((name) => !ignored.has(name) && !own.includes(name))
  if (other === undefined) return
  throw new LogError('io', `there is something in ${path} already (${other}): ${advice}`)
}
