// What a file log store is made of.
import type { Clock } from '../../lib/clock.ts'
import type { Turn } from '../../lib/turn.ts'
import type { LogStoreEvents } from '../log-store.ts'
import type { RunConverter } from '../run-converter.ts'
import type { SegmentFolder } from './create-segment.ts'
import type { FileLimits } from './file-limits.ts'
import type { LogExtents } from './log-extents.ts'
import type { RecoveredState } from './recovered-state.ts'
import type { Segment } from './segment.ts'

/** `fsync`: reported when on stable storage. `os`: when the operating system has it. */
export type Durability = 'fsync' | 'os'

/** What `openFileLogStore` prepared; nobody else makes a store. */
export interface FileLogStoreParts {
  readonly clock: Clock
  readonly turn: Turn
  readonly converter: RunConverter | undefined
  readonly events: LogStoreEvents
  readonly limits: FileLimits
  readonly folder: SegmentFolder
  /** The data folder. */
  readonly path: string
  readonly diskFreeMin: number | undefined
  readonly asideFolder: string
  readonly volatileFolder: string
  readonly extents: LogExtents
  readonly segments: readonly Segment[]
  readonly segment: Segment
  readonly state: RecoveredState
  readonly lastSequence: number
  readonly topologyApplied: number
}
