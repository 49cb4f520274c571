// The calls of `DiskFile` that take a callback, as promises, for everything that is not hot; and
// the one way in which small files are replaced.
import { dirname } from 'node:path'
import { diskErrorKind } from './disk-error.ts'
import type { Disk, DiskFile } from './disk.ts'

/** Writes `bytes` at `position`. */
export function writeAt(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
  return writeAllAt(file, [bytes], position)
}

/** Writes `buffers` one after the other at `position`. */
export function writeAllAt(file: DiskFile, buffers: Buffer[], position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    file.writev(buffers, position, (error) => (error === null ? resolve() : reject(error)))
  })
}

export function syncFile(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => (error === null ? resolve() : reject(error)))
  })
}

/** Fills `buffer` from `position` and returns how many bytes there were. */
export function readInto(file: DiskFile, buffer: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(buffer, position, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

/** Reads `size` bytes at `position`, fewer at the end of the file. */
export async function readAt(file: DiskFile, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(size)
  const count = await readInto(file, buffer, position)
  return count === size ? buffer : buffer.subarray(0, count)
}

/** The whole content of a file, or undefined when there is none. */
export async function readWholeFile(disk: Disk, path: string): Promise<Buffer | undefined> {
  let file: DiskFile
  try {
    file = await disk.open(path, 'read')
  } catch (error) {
    if (diskErrorKind(error) === 'missing') return undefined
    throw error
  }
  try {
    return await readAt(file, 0, await file.size())
  } finally {
    await file.close()
  }
}

/** `Disk.replace` of a disk that has files with names: a new file takes the name of the old one. */
export async function replaceByRename(
  disk: Omit<Disk, 'replace'>,
  path: string,
  bytes: Buffer,
): Promise<void> {
  const temporary = `${path}.new`
  await disk.unlink(temporary)
  const file = await disk.open(temporary, 'create')
  try {
    await writeAt(file, bytes, 0)
    await syncFile(file)
  } finally {
    await file.close()
  }
  await disk.rename(temporary, path)
  await disk.syncFolder(dirname(path))
}
