// Creates data files. Order: file with its header synced, folder synced, then the manifest: only
// what the manifest lists counts.
import { join } from 'node:path'
import type { Random } from '../../lib/random.ts'
import type { Disk, DiskFile, OpenMode } from './disk.ts'
import { encodeFileHeader, fileHeaderSize, fileKind, fileName } from './file-format.ts'
import type { FileKind } from './file-format.ts'
import { syncFile, writeAt } from './file-operations.ts'
import type { Manifest, ManifestContent, ManifestFile } from './manifest.ts'
import { Segment } from './segment.ts'
import type { SpareFile, SpareFiles } from './spare-files.ts'

/** Where data files are and what creating one takes. */
export interface SegmentFolder {
  readonly disk: Disk
  /** The folder of data files. */
  readonly path: string
  readonly manifest: Manifest
  readonly random: Random
  /** What is written to a WAL file is on stable storage when the write succeeds. */
  readonly isWalSynced: boolean
  readonly spares: SpareFiles
}

/** Creates an empty file and, for a WAL file, lists it as open. */
export async function createSegment(folder: SegmentFolder, kind: FileKind): Promise<Segment> {
  const { disk, manifest } = folder
  const id = manifest.reserveFileId()
  const salt = folder.random.below(0x1_0000_0000)
  const path = join(folder.path, fileName(id))
  const spare = kind === fileKind.wal ? folder.spares.take() : undefined
  const priorSize = spare?.size ?? 0
  const file = await openNew(folder, { kind, path, spare })
  try {
    await writeAt(file, encodeFileHeader({ kind, id, salt, priorSize }), 0)
    await syncFile(file)
    await disk.syncFolder(folder.path)
  } catch (error) {
    await file.close()
    // Each try has a name of its own: nobody would remove this one before the next start.
    await disk.unlink(path).catch(() => undefined)
    throw error
  }
  if (kind === fileKind.wal) await list(manifest, id, file)
  return new Segment({ id, kind, salt, priorSize, path, file, dataEnd: fileHeaderSize })
}

/** Fails only in a start. The file stays: the list with it may have got to the disk all the same. */
async function list(manifest: Manifest, id: number, file: DiskFile): Promise<void> {
  try {
    await manifest.update((content) => addFile(content, { id, kind: 'wal' }))
  } catch (error) {
    await file.close()
    throw error
  }
}

interface NewFile {
  readonly kind: FileKind
  readonly path: string
  readonly spare: SpareFile | undefined
}

async function openNew(folder: SegmentFolder, { kind, path, spare }: NewFile): Promise<DiskFile> {
  const { disk } = folder
  if (spare === undefined) {
    // A file of this name that no manifest ever listed is what a crash left behind.
    await disk.unlink(path)
    return disk.open(path, modeOf(kind, folder))
  }
  await disk.rename(spare.path, path)
  return disk.open(path, 'write-synced')
}

function modeOf(kind: FileKind, { isWalSynced }: SegmentFolder): OpenMode {
  if (kind !== fileKind.wal) return 'create'
  return isWalSynced ? 'create-synced' : 'create-growing'
}

/** Lists `file`, in the order of ids. */
export function addFile(content: ManifestContent, file: ManifestFile): ManifestContent {
  const files = [...content.files, file].toSorted((a, b) => a.id - b.id)
  return { ...content, files }
}
