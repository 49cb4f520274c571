// Preloaded into a node (node --import): files of the log so small that a cell has thousands of them soon.
import { logLimits } from '../../src/limits/log.ts'
import { KiB } from '../../src/limits/units.ts'

const tiny: Partial<Record<keyof typeof logLimits, number>> = { walFileSizeMax: 8 * KiB }
Object.assign(logLimits, tiny)
