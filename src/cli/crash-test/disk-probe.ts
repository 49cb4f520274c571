// How fast a disk makes things durable, and whether it does at all.
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { crashTestLimits } from '../../limits/crash-test.ts'

const writeSize = 65_536
/** As statfs(2) has them. */
const tmpfs = 0x01_02_19_94

export interface DiskTimes {
  /** Milliseconds of a write of 64 KiB with fdatasync. */
  readonly p50: number
  readonly p99: number
}

/** Writes a file in `folder` and removes it. */
export function probeDisk(clock: Clock, folder: string): DiskTimes {
  const file = path.join(folder, `disk-probe-${process.pid}`)
  const handle = openSync(file, 'wx')
  const block = Buffer.alloc(writeSize, 0x5a)
  const times: number[] = []
  try {
    for (let count = 0; count < crashTestLimits.diskWrites; count++) {
      const startedAt = clock.monotonic()
      writeSync(handle, block)
      fdatasyncSync(handle)
      times.push(clock.monotonic() - startedAt)
    }
  } finally {
    closeSync(handle)
    rmSync(file)
  }
  return { p50: percentile(times, 50), p99: percentile(times, 99) }
}

/** Whether fdatasync does nothing there. */
export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === tmpfs
}

/** The value that so many in a hundred do not exceed; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * share) / 100) - 1)] ?? 0
}
