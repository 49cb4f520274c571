// Preloaded into a broker (node --import) to make the log's files so small that sealing, checkpoints,
// cleaning, retiring and cold reads happen all the time.

import { limits } from '../../src/limits.ts'

const KiB = 1024

const small: Partial<Record<keyof typeof limits, number>> = {
  walFileSizeMax: 256 * KiB,
  tailCacheSizeMax: 256 * KiB,
  inlineBodySizeMax: 128 * KiB,
  sequentialReadSize: 64 * KiB,
  coldReadSizeMax: 16 * KiB,
  coldDrainReadSizeMax: 64 * KiB,
  windowPageSize: 72 * KiB,
  deliveredMarkAhead: 64,
  deliveredMarkAheadMax: 1024,
}

Object.assign(limits, small)
