// Whether a partition is to be compacted, by what is known without reading it. Rules: Kafka's LogCleanerManager,
// with a segment of `segment.bytes` and `segment.ms` that exists only for this: files here have all topics.
import { keptFloor } from '../../log/kept-offsets.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Partition } from '../topic/partition.ts'
import type { TopicConfig } from '../topic/topic-config.ts'

export interface DirtyPart {
  /** From the first dirty offset to where the active part begins. */
  readonly first: number
  readonly end: number
  readonly dirtySize: number
  readonly cleanSize: number
  /** The share of bytes that is dirty, of all that may be compacted (`min.cleanable.dirty.ratio`). */
  readonly ratio: number
  /** Why it is to be compacted; undefined: it is not. */
  readonly reason: 'ratio' | 'lag' | 'tombstones' | undefined
}

export interface DirtyOptions {
  readonly store: LogStore
  readonly config: TopicConfig
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Also notes when records became dirty, and begins a new active part when its time has come. */
export function findDirty(partition: Partition, options: DirtyOptions): DirtyPart {
  const { store, config, now } = options
  const { log, compaction: state, startOffset } = partition
  moveActive(partition, options)
  // A repair may have left less than there was.
  const first = Math.min(Math.max(state.cleanedEnd, startOffset), log.durableEnd)
  const taken = takenEnd(partition)
  // Records of open transactions are not touched, nor what comes after them.
  const end = Math.max(first, Math.min(partition.lastStableOffset, state.activeStart, taken))
  const dirtySize = end > first ? store.sizeIn(log, first, end) : 0
  const cleanSize = store.sizeIn(log, startOffset, first)
  const ratio = dirtySize === 0 ? 0 : dirtySize / (dirtySize + cleanSize)
  if (log.durableEnd <= first) state.dirtySince = undefined
  else state.dirtySince ??= timeOf(partition, first, options)
  const found = { first, end, dirtySize, cleanSize, ratio }
  if (now < state.retryAt || taken < first) return { ...found, reason: undefined }
  return { ...found, reason: reasonOf(partition, found, { config, now }) }
}

/** What a queue with the topic as its source has not taken stays for it, and what comes after that. */
function takenEnd({ log, cursor }: Partition): number {
  const others = log.cursors.filter((each) => each !== cursor)
  return others.length === 0 ? Infinity : keptFloor(others)
}

function reasonOf(
  { compaction: state, log }: Partition,
  { first, end, ratio }: Omit<DirtyPart, 'reason'>,
  { config, now }: Pick<DirtyOptions, 'config' | 'now'>,
): DirtyPart['reason'] {
  const { deleteRetentionMs, cleanableRatioMin, compactionLagMsMax } = config
  const areTombstonesDue = now > state.horizon && now - state.cleanedAt >= deleteRetentionMs
  if (areTombstonesDue) return 'tombstones'
  if (end <= first || state.triedEnd === log.durableEnd) return undefined
  if (now - (state.dirtySince ?? now) >= compactionLagMsMax) return 'lag'
  return ratio > 0 && ratio >= cleanableRatioMin ? 'ratio' : undefined
}

/** As Kafka rolls a segment: when it is full, or its first record is old. */
function moveActive(partition: Partition, options: DirtyOptions): void {
  const { log, compaction: state } = partition
  const { store, config, now } = options
  state.activeStart = Math.max(state.activeStart, partition.startOffset)
  if (log.durableEnd <= state.activeStart) {
    state.activeSince = undefined
    return
  }
  state.activeSince ??= timeOf(partition, state.activeStart, options)
  const segmentMs = Math.min(config.segmentMs, config.compactionLagMsMax)
  const isOld = now - state.activeSince >= segmentMs
  const isFull = store.sizeIn(log, state.activeStart, log.durableEnd) >= config.segmentSize
  if (!isOld && !isFull) return
  state.activeStart = log.durableEnd
  state.activeSince = undefined
}

/** When the record at `offset` came, as far as that is known; its producer may have set a time to come. */
function timeOf({ log }: Partition, offset: number, { store, now }: DirtyOptions): number {
  return Math.min(now, store.timestampAt(log, offset) ?? now)
}
