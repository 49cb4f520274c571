// A manifest made of the data files that are there, for a folder that has lost its own.
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { fileKind, formatVersion } from './file-format.ts'
import { inspectFile } from './inspect-file.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'
import { walFolderName } from './recover-folder.ts'

/** Lists every file with a header; a start then finds out which commits it can do without. */
export async function listDataFiles(disk: Disk, path: string): Promise<ManifestContent> {
  const folder = join(path, walFolderName)
  const files: ManifestFile[] = []
  let epoch = 0
  for (const name of await disk.list(folder)) {
    const found = name.endsWith('.log') ? await inspectFile(disk, join(folder, name)) : undefined
    if (found?.header === undefined) continue
    const { id, kind } = found.header
    epoch = Math.max(epoch, found.leaderEpoch)
    files.push({ id, kind: kind === fileKind.wal ? 'wal' : 'survivors' })
  }
  const nextFileId = Math.max(0, ...files.map(({ id }) => id)) + 1
  return { version: formatVersion, epoch, nextFileId, files, syncedThrough: 0 }
}
