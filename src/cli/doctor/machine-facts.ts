// What this machine has for a broker.
import { X509Certificate } from 'node:crypto'
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { systemMemory } from '../../lib/process-memory.ts'
import type { BrokerOptions } from '../../settings/settings.ts'
import { type DiskTimes, isInMemory, probeDisk } from '../crash-test/disk-probe.ts'

export interface MachineFacts {
  readonly node: string
  /** Of this shell; undefined where the system does not say. */
  readonly openFiles: number | undefined
  /** Bytes of the machine, or of the control group. */
  readonly memory: number
  readonly folder: FolderFacts | undefined
  /** When the certificate ends, milliseconds since 1970, or why it cannot be read. */
  readonly certificate: number | string | undefined
  readonly now: number
}

export interface FolderFacts {
  readonly path: string
  /** The folder itself, or the closest one above it that is there. */
  readonly isThere: boolean
  readonly isWritable: boolean
  readonly isMine: boolean
  /** Of the mode, those bits that let in who is neither its user nor of its group. */
  readonly openTo: number
  readonly freeBytes: number
  readonly isInMemory: boolean
  /** Undefined where nothing may be written beside it. */
  readonly disk: DiskTimes | undefined
  /** When the newest file in it was written. */
  readonly newest: number
}

export function lookAtMachine({ data, tlsCert }: BrokerOptions): MachineFacts {
  return {
    node: process.versions.node,
    openFiles: readOpenFiles(),
    memory: systemMemory.total,
    folder: lookAtFolder(path.resolve(data)),
    certificate: tlsCert === undefined ? undefined : readEnd(tlsCert),
    now: systemClock.now(),
  }
}

function readOpenFiles(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return line === null ? undefined : Number(line[1])
  } catch {
    return undefined
  }
}

function readEnd(file: string): number | string {
  try {
    return new X509Certificate(readFileSync(file)).validToDate.getTime()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function lookAtFolder(folder: string): FolderFacts | undefined {
  const there = closest(folder)
  if (there === undefined) return undefined
  const { uid, mode } = statSync(there)
  const isThere = there === folder
  const isWritable = mayWrite(there)
  const { bavail, bsize } = statfsSync(there)
  return {
    path: folder,
    isThere,
    isWritable,
    isMine: process.getuid === undefined || uid === process.getuid(),
    openTo: isThere ? mode & 0o007 : 0,
    freeBytes: bavail * bsize,
    isInMemory: isInMemory(there),
    disk: measure(there, isThere),
    newest: isThere ? newestIn(folder) : 0,
  }
}

function closest(folder: string): string | undefined {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  if (isThere) return folder
  const above = path.dirname(folder)
  return above === folder ? undefined : closest(above)
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Beside the data, never in it. */
function measure(there: string, isData: boolean): DiskTimes | undefined {
  const place = isData ? path.dirname(there) : there
  if (!mayWrite(place) || statSync(place).dev !== statSync(there).dev) return undefined
  const own = mkdtempSync(path.join(place, 'pabal-doctor-'))
  try {
    return probeDisk(systemClock, own)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

function newestIn(folder: string): number {
  try {
    const names = readdirSync(folder)
    return names.reduce((newest, name) => {
      const time = statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
      return Math.max(newest, time)
    }, 0)
  } catch {
    return 0
  }
}
