// A state that a data folder had, with the files that hold it, for who copies it.
import { join } from 'node:path'
import { LogError } from '../log-error.ts'
import { asideFolderName, asideIdOf, asideName } from './aside-file.ts'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskFile } from './disk.ts'
import { fileName, walFolderName } from './file-format.ts'
import { readInto } from './file-operations.ts'
import { findManifest, lostManifestError } from './find-manifest.ts'
import { listedIn } from './inspect-folder.ts'
import type { ManifestContent } from './manifest.ts'

/** One file as it is in the snapshot: nothing of it changes until it is closed. */
export interface SnapshotFile {
  /** Within a data folder, with `/` between its parts. */
  readonly name: string
  readonly size: number
  /** Fills `buffer` from `position`; fewer bytes only at the end. */
  read(buffer: Buffer, position: number): Promise<number>
  close(): Promise<void>
}

export interface Snapshot {
  /** What the manifest says of it. */
  readonly manifest: ManifestContent
  /** How many files there are; a body that is gone already is no more when it is its turn. */
  readonly fileCount: number
  /** All of them, one open at a time. */
  files(): AsyncGenerator<SnapshotFile>
  /** Has to be called, at once or after the last read. */
  close(): Promise<void>
}

/** Of a folder that no broker holds, which must not change either. Throws `LogError`. */
export async function openFolderSnapshot(disk: Disk, path: string): Promise<Snapshot> {
  const found = await findManifest(disk, path)
  if (found.state === 'new') throw new LogError('io', `${path} is no data folder of Pabal`)
  if (found.state === 'lost') throw lostManifestError(found.problem)
  const manifest = found.content
  const ids = (await disk.list(join(path, asideFolderName))).flatMap(
    (name) => asideIdOf(name) ?? [],
  )
  const listed = listedIn(manifest)
  return {
    manifest,
    fileCount: listed.length + ids.length,
    async *files() {
      for (const { id, sealedSize } of listed) {
        const name = `${walFolderName}/${fileName(id)}`
        yield await openFile(disk, { folder: path, name, size: sealedSize })
      }
      yield* openBodies(disk, path, ids)
    },
    close: () => Promise.resolve(),
  }
}

/** The files of large bodies; one that is not there is left out. */
export async function* openBodies(
  disk: Disk,
  folder: string,
  ids: readonly number[],
): AsyncGenerator<SnapshotFile> {
  for (const id of ids) {
    const name = `${asideFolderName}/${asideName(id)}`
    try {
      yield await openFile(disk, { folder, name, size: undefined })
    } catch (error) {
      if (diskErrorKind(error) !== 'missing') throw error
    }
  }
}

interface FilePlace {
  /** The data folder. */
  readonly folder: string
  readonly name: string
  /** How much of it counts; undefined for all of it. */
  readonly size: number | undefined
}

async function openFile(disk: Disk, { folder, name, size }: FilePlace): Promise<SnapshotFile> {
  const file = await disk.open(join(folder, name), 'read')
  return viewOf(file, { name, size: size ?? (await file.size()), close: () => file.close() })
}

/** The first `size` bytes of an open file. */
export function viewOf(
  file: DiskFile,
  { name, size, close }: Pick<SnapshotFile, 'name' | 'size' | 'close'>,
): SnapshotFile {
  return {
    name,
    size,
    read: (buffer, position) =>
      readInto(
        file,
        buffer.subarray(0, Math.max(0, Math.min(buffer.length, size - position))),
        position,
      ),
    close,
  }
}
