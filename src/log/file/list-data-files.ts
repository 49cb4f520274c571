// A manifest made of the data files that are there, for a folder that has lost its own.
import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { fileKind, fileName, formatVersion, walFolderName } from './file-format.ts'
import { readFileStarts } from './find-manifest.ts'
import { inspectFile } from './inspect-file.ts'
import type { ManifestContent, ManifestFile } from './manifest.ts'

/**
 * Lists every file that something was written to, also one whose header is damaged; a start then finds
 * out which commits it can do without.
 */
export async function listDataFiles(disk: Disk, path: string): Promise<ManifestContent> {
  const folder = join(path, walFolderName)
  const starts = await readFileStarts(disk, path)
  const files: ManifestFile[] = []
  let epoch = 0
  for (const { id, header, mayHaveData } of starts) {
    if (!mayHaveData) continue
    const found = await inspectFile(disk, join(folder, fileName(id)))
    epoch = Math.max(epoch, found?.leaderEpoch ?? 0)
    files.push({ id, kind: header?.kind === fileKind.survivors ? 'survivors' : 'wal' })
  }
  const nextFileId = Math.max(0, ...starts.map(({ id }) => id)) + 1
  return { version: formatVersion, epoch, nextFileId, files, syncedThrough: 0 }
}
