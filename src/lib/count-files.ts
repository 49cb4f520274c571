// The one door for how many files the process has open, as Linux tells it.
import { readdir, readFile } from 'node:fs/promises'

export interface FileCounts {
  readonly open: number
  /** So many may be. */
  readonly max: number
}

/** Undefined where the system does not say. */
export type CountFiles = () => Promise<FileCounts | undefined>

export const countFiles: CountFiles = async () => {
  try {
    const [names, limits] = await Promise.all([
      readdir('/proc/self/fd'),
      readFile('/proc/self/limits', 'utf8'),
    ])
    const max = /^Max open files +(\d+)/m.exec(limits)?.[1]
    // One of them is for the reading itself.
    return { open: names.length - 1, max: max === undefined ? Infinity : Number(max) }
  } catch {
    return undefined
  }
}
