// Makes a data folder of a backup. Files are written below a folder of their own and moved when all of the
// backup is known to be whole; the manifest comes last, as everywhere. A restore that was killed has not
// happened, and the next one begins anew.
import { dirname, join } from 'node:path'
import type { Random } from '../../lib/random.ts'
import { checkEmpty } from '../carry/check-empty.ts'
import { asideFolderName } from '../file/aside-file.ts'
import type { Disk } from '../file/disk.ts'
import { walFolderName } from '../file/file-format.ts'
import { syncFile, writeAt } from '../file/file-operations.ts'
import { noteUnfinished, restoringName } from '../file/find-manifest.ts'
import { encodeManifest, laterThan, manifestName } from '../file/manifest.ts'
import { readBackup } from './read-backup.ts'
import type { ReadBackup } from './read-backup.ts'
import type { TarMember } from './tar.ts'

export interface RestoreOptions {
  readonly disk: Disk
  /** The data folder to be: missing or empty, but for what a file system puts there. */
  readonly path: string
  readonly source: AsyncIterable<Uint8Array>
  /** Milliseconds since 1970: when this happens. */
  readonly now: number
  readonly random: Random
  /** So many bytes more are written. */
  readonly onWritten?: (size: number) => void
}

const advice = 'a backup is restored to a folder of its own, name an empty one with --data'
const parts = [walFolderName, asideFolderName] as const

/** Throws `LogError`: 'io' when there is something in the folder, else as `readBackup`. */
export async function restoreBackup(options: RestoreOptions): Promise<ReadBackup> {
  const { disk, path, source, now, random } = options
  await checkEmpty(disk, path, advice)
  const scratch = join(path, restoringName)
  // What an earlier restore left half-way; its scratch folder is the last that goes.
  for (const folder of [...parts.map((part) => join(path, part)), scratch]) {
    await disk.removeTree(folder)
  }
  for (const part of parts) await disk.createFolder(join(scratch, part))
  // Until this is gone, or the manifest is there, nobody takes the folder for a data folder.
  await noteUnfinished(disk, path, 'pabal restore')
  await disk.syncFolder(path)
  await disk.syncFolder(dirname(path))
  let backup: ReadBackup
  try {
    backup = await readBackup(source, { take: (member) => write(member, options, scratch) })
  } catch (error) {
    await disk.removeTree(scratch)
    throw error
  }
  for (const part of parts) {
    await disk.createFolder(join(path, part))
    for (const name of await disk.list(join(scratch, part))) {
      await disk.rename(join(scratch, part, name), join(path, part, name))
    }
    await disk.syncFolder(join(path, part))
  }
  await disk.replace(
    join(path, manifestName),
    encodeManifest(laterThan(backup.manifest, now, random)),
  )
  await disk.removeTree(scratch)
  return backup
}

async function write(
  { name, pieces }: TarMember,
  { disk, onWritten }: RestoreOptions,
  scratch: string,
): Promise<void> {
  const file = await disk.open(join(scratch, name), 'create')
  try {
    let position = 0
    for await (const piece of pieces) {
      await writeAt(file, piece, position)
      position += piece.length
      onWritten?.(piece.length)
    }
    await syncFile(file)
  } finally {
    await file.close()
  }
}
