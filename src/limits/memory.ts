// Limits of memory that is used again, and of work on large values.
import { KiB, MiB } from './units.ts'

export const memoryLimits = {
  /** Pages for runs and windows that wait to be used again. */
  freePagesSizeMax: (8 * MiB) as number,
  /** Values of this size on are in memory that is used again: smaller ones cost less than a look-up. */
  largePageSizeMin: (64 * KiB) as number,
  /** Smaller ones that are kept share pages of this size. */
  sharedPageSize: (256 * KiB) as number,
  /** Such memory that waits to be used again: some messages of 16 MiB on their way through. */
  freeLargePagesSizeMax: (64 * MiB) as number,
  /** Memory that was not used again for so long is given back to the system. */
  largePagesIdleMs: 5000,
  /** A checksum of more is taken in steps of this size, of less than a millisecond. */
  crcPerTurnMax: (2 * MiB) as number,
} as const
