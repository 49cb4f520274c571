// Preloaded into a broker (node --import) to make the log's files so small that sealing, checkpoints,
// cleaning, retiring and cold reads happen all the time.
import { brokerLimits } from '../../src/limits/broker.ts'
import { logLimits } from '../../src/limits/log.ts'
import { KiB } from '../../src/limits/units.ts'

const smallLog: Partial<Record<keyof typeof logLimits, number>> = {
  walFileSizeMax: 256 * KiB,
  tailCacheSizeMax: 256 * KiB,
  inlineBodySizeMax: 128 * KiB,
  sequentialReadSize: 64 * KiB,
  coldReadSizeMax: 16 * KiB,
  coldDrainReadSizeMax: 64 * KiB,
}

const smallBroker: Partial<Record<keyof typeof brokerLimits, number>> = {
  deliveredMarkAhead: 64,
  deliveredMarkAheadMax: 1024,
}

Object.assign(logLimits, smallLog)
Object.assign(brokerLimits, smallBroker)
