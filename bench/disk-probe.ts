import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const WRITE_BYTES = 64 * 1024
const WRITES = 200
const TMPFS_MAGIC = 0x01021994

/** Times of `write 64 KiB, fdatasync` on a growing file in `folder`, in µs, unsorted. */
export function probeDisk(folder: string): number[] {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'disk-probe')
  const file = openSync(path, 'w')
  const block = Buffer.alloc(WRITE_BYTES, 0x5a)
  const times: number[] = []
  for (let i = 0; i < WRITES; i++) {
    const start = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    times.push((performance.now() - start) * 1000)
  }
  closeSync(file)
  rmSync(path)
  return times
}

/** True where fdatasync does nothing, so that no durable figure means anything. */
export function isInMemory(folder: string): boolean {
  mkdirSync(folder, { recursive: true })
  return statfsSync(folder).type === TMPFS_MAGIC
}
