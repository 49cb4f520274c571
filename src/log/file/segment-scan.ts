// Reads the commits of one file into what a running store knows of it: its extents, its topology,
// and (files at or after the checkpoint) the state of logs.
import type { DecodedCommit, DecodedRun, EntryVisitor } from './commit-decoder.ts'
import { fileKind } from './file-format.ts'
import type { RecoveredState } from './recovered-state.ts'
import { Extent } from './segment.ts'
import type { Segment } from './segment.ts'

export class SegmentScan implements EntryVisitor {
  /** Whether entries change the state of logs. */
  isReplaying = false
  readonly #segment: Segment
  readonly #state: RecoveredState | undefined
  /** The last extent of each log. */
  readonly #current = new Map<number, Extent>()
  /** All that were found, not known to anybody yet. */
  readonly extents: Extent[] = []
  readonly #isSealed: boolean

  constructor(segment: Segment, state?: RecoveredState) {
    this.#segment = segment
    this.#state = state
    this.#isSealed = segment.state === 'sealed'
  }

  /** Takes a checked commit, in order. */
  add(commit: DecodedCommit): void {
    const segment = this.#segment
    if (!this.#isSealed) {
      if (segment.firstSequence === 0) segment.firstSequence = commit.sequence
      segment.lastSequence = commit.sequence
      segment.dataEnd = commit.endPosition
      segment.writtenSharedSize += commit.sharedSize
    }
    commit.visit(this)
  }

  onRun(run: DecodedRun): void {
    if (this.isReplaying) this.#state?.onRun(run)
    if (this.#isSealed) return
    this.#segment.writtenRunSize += run.size
    // In a file of survivors other files may hold what lies between two runs of a log.
    let extent =
      this.#segment.kind === fileKind.survivors ? undefined : this.#current.get(run.logId)
    if (extent === undefined) {
      extent = new Extent(this.#segment, run.logId, run.baseOffset)
      this.#current.set(run.logId, extent)
      this.extents.push(extent)
    }
    extent.add(run)
  }

  onTopology(...args: Parameters<EntryVisitor['onTopology']>): void {
    if (this.isReplaying) this.#state?.onTopology(...args)
  }

  onAside(logId: number, offset: number, asideId: number): void {
    if (!this.#isSealed) this.#segment.asides.push({ logId, offset, asideId })
    this.#state?.onAside(asideId)
  }

  onState(...args: Parameters<EntryVisitor['onState']>): void {
    if (this.isReplaying) this.#state?.onState(...args)
  }

  onDelta(...args: Parameters<EntryVisitor['onDelta']>): void {
    if (this.isReplaying) this.#state?.onDelta(...args)
  }

  onSnapshot(...args: Parameters<EntryVisitor['onSnapshot']>): void {
    if (this.isReplaying) this.#state?.onSnapshot(...args)
  }

  onAckedRange(...args: Parameters<EntryVisitor['onAckedRange']>): void {
    if (this.isReplaying) this.#state?.onAckedRange(...args)
  }

  onNote(...args: Parameters<EntryVisitor['onNote']>): void {
    if (this.isReplaying) this.#state?.onNote(...args)
  }

  onTrim(...args: Parameters<EntryVisitor['onTrim']>): void {
    if (this.isReplaying) this.#state?.onTrim(...args)
  }

  onCreated(...args: Parameters<EntryVisitor['onCreated']>): void {
    if (this.isReplaying) this.#state?.onCreated(...args)
  }

  onDeleted(...args: Parameters<EntryVisitor['onDeleted']>): void {
    if (this.isReplaying) this.#state?.onDeleted(...args)
  }

  onCursor(...args: Parameters<EntryVisitor['onCursor']>): void {
    if (this.isReplaying) this.#state?.onCursor(...args)
  }

  onCursorDeleted(...args: Parameters<EntryVisitor['onCursorDeleted']>): void {
    if (this.isReplaying) this.#state?.onCursorDeleted(...args)
  }

  onCheckpointBegin(...args: Parameters<EntryVisitor['onCheckpointBegin']>): void {
    if (this.isReplaying) this.#state?.onCheckpointBegin(...args)
  }

  onCheckpointEnd(...args: Parameters<EntryVisitor['onCheckpointEnd']>): void {
    if (this.isReplaying) this.#state?.onCheckpointEnd(...args)
  }
}
