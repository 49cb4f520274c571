// The limits of the file engine that tests make small, so that a few messages fill many files.
import { logLimits } from '../../limits/log.ts'

export interface FileLimits {
  readonly walFileSizeMax: number
  readonly tailCacheSizeMax: number
  readonly indexCacheSizeMax: number
  readonly checkpointSliceSizeMax: number
  readonly coldWindowsSizeMax: number
  readonly coldRunsSizeMax: number
  readonly topologyTailSizeMax: number
  readonly deleteStepSize: number
  readonly stateCountMax: number
  readonly stateSizeMax: number
  readonly volatileMemoryMax: number
}

export const fileLimits: FileLimits = logLimits
