// What went wrong when bytes were to be kept or brought back, for those who must act on it. A disk that is no
// machine's own throws `DiskError`; the machine's own throws errors of the system, whose codes are told apart
// here and nowhere else.
import type { FullPlace } from '../full-place.ts'

/**
 * - `full`: there is no room now; the same write may succeed later.
 * - `fenced`: somebody else owns the bytes. Nothing of ours counts any more, and no retry helps.
 * - `hopeless`: nobody will ever be able to write there unless somebody comes and mends it.
 * - `missing`: there is nothing under that name, and the disk is sure of it.
 * - `io`: it could not be done. Whether a write took place is not known.
 *
 * A disk never reports that it does not know whether a write counts: it finds out, or it reports `io` and the
 * bytes are never trusted.
 */
export type DiskErrorKind = 'full' | 'fenced' | 'hopeless' | 'missing' | 'io'

interface DiskErrorOptions extends ErrorOptions {
  readonly place?: FullPlace | undefined
}

/** An error of a disk. The message names what was to be read or written. */
export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly kind: DiskErrorKind
  /** Of one that is `full`: what has no room. */
  readonly place: FullPlace | undefined

  constructor(kind: DiskErrorKind, message: string, options: DiskErrorOptions = {}) {
    super(message, options)
    this.kind = kind
    this.place = options.place
  }
}

const kindOfCode: Readonly<Record<string, DiskErrorKind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'hopeless',
  EACCES: 'hopeless',
  EPERM: 'hopeless',
  ENODEV: 'hopeless',
  ENOENT: 'missing',
}

/** The kind of a disk's error; undefined for any other, such as bytes that are not what was written. */
export function diskErrorKind(error: unknown): DiskErrorKind | undefined {
  if (error instanceof DiskError) return error.kind
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return undefined
  return kindOfCode[code] ?? 'io'
}
