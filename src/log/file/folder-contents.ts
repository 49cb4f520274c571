// What the files of a data folder add up to, read offline and in spite of damage: which messages
// there are, which of them somebody still waits for, and which bodies those refer to. Memory follows
// the fragmentation of logs, not their size. What it takes only grows, so files and commits may come
// in any order.
import { batchHeaderSize } from '../../record/batch/batch-header.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import type { TopologyEntry } from '../commit.ts'
import { recordOffsetAt } from '../record.ts'
import { parseRewrittenKey, rewrittenEndIn } from '../rewritten-end.ts'
import { Run } from '../run.ts'
import { SharedBodies } from '../shared-bodies.ts'
import type {
  CheckpointBegin,
  CursorSnapshot,
  EntryVisitor,
  LogSnapshot,
} from './commit-decoder.ts'
import { replacedEnds } from './extent-part.ts'
import { fileLimits } from './file-limits.ts'
import type { CommitBodies, InspectionVisitor } from './inspect-file.ts'
import { KeyedState } from './keyed-state.ts'
import type { ListedFile, ManifestContent } from './manifest.ts'
import { OffsetRanges } from './offset-ranges.ts'
import type { OffsetRange } from './offset-ranges.ts'
import { areBodiesIntact } from './read-runs.ts'
import { RecoveredState } from './recovered-state.ts'
import type { RecoveredLog } from './recovered-state.ts'
import type { AsideReference } from './segment.ts'
import { TopologyVisitor } from './topology-file.ts'
import type { UnownedLog } from './unowned-logs.ts'

/** Records of a log that are kept and cannot be had. */
export interface MissingOffsets {
  readonly logId: number
  /** The cursors of that log. */
  readonly cursorIds: readonly number[]
  readonly ranges: readonly OffsetRange[]
  /** How many of them are kept. */
  readonly count: number
}

/** Give it all files of the manifest, then ask. */
export class FolderContents {
  readonly #state: RecoveredState
  /** Entries of the topology file. */
  readonly #topology: TopologyEntry[] = []
  /** Offsets of records that can be read, by log. */
  readonly #present = new Map<number, OffsetRanges>()
  readonly #references = new Map<number, AsideReference[]>()
  readonly #checkpointFileId: number
  /** Below it a log was written anew: offsets without records are no loss. */
  readonly #rewrittenEnds = new Map<number, number>()

  constructor({ checkpoint, topology }: ManifestContent) {
    this.#checkpointFileId = checkpoint?.fileId ?? 0
    this.#state = new RecoveredState(topology?.through ?? 0, new KeyedState(fileLimits))
  }

  /** Takes what `inspectFile` finds in one file, from the commits that `wants` names. */
  visitorFor(
    { id, kind, replaced }: ListedFile,
    wants: InspectionVisitor['wants'],
  ): InspectionVisitor {
    const isReplayed = kind === 'wal' && id >= this.#checkpointFileId
    const ends = replacedEnds(replaced)
    const isReplaced = (logId: number, offset: number): boolean => offset < (ends.get(logId) ?? 0)
    const entries =
      kind === 'topology'
        ? new TopologyVisitor((sequence, bytes) => this.#addTopology(sequence, bytes))
        : new EntryCollector(this.#state, isReplayed, {
            onReference: (reference) => {
              const { logId, offset } = reference
              if (!isReplaced(logId, offset)) this.#addReference(reference)
            },
            onState: (key, value) => this.#noteRewritten(key, value),
          })
    return {
      wants,
      onCommit: (commit) => commit.visit(entries),
      onRun: (logId, bytes, bodies) => {
        const { lastOffset } = Run.fromBytes(bytes)
        if (!isReplaced(logId, lastOffset)) this.#addRun(logId, bytes, bodies)
      },
    }
  }

  /** All files are in. `isTrusting`: logs exist also when the entry that says so is lost. */
  finish(isTrusting: boolean): void {
    if (isTrusting) {
      for (const [logId, present] of this.#present) this.#state.noteEnd(logId, present.end)
      this.#state.trustAllLogs()
    }
    this.#state.assignCursors()
  }

  /** Topology entries that can be had, in order. */
  topology(): TopologyEntry[] {
    return [...this.#topology, ...this.#state.topology()]
  }

  /** A topology file must go at least so far; its entries are nowhere else. */
  get topologyNeeded(): number {
    return this.#state.topologyNeeded
  }

  /** Topology entries ever put have lower sequences. */
  get nextTopologySequence(): number {
    return this.#state.nextTopologySequence
  }

  /** All logs that exist. */
  logs(): UnownedLog[] {
    const known = [...this.#state.logs.values()].filter(({ isKnown }) => isKnown)
    return known.map((log) => ({
      id: log.id,
      cursorIds: log.cursors.map(({ id }) => id),
      messageCount: this.#countKept(log),
    }))
  }

  /** Bodies that somebody may still read, and whose they are. */
  bodies(): Map<number, readonly AsideReference[]> {
    const bodies = new Map<number, readonly AsideReference[]>()
    for (const [asideId, references] of this.#references) {
      const living = references.filter(({ logId, offset }) => this.#isLiving(logId, offset))
      if (living.length > 0) bodies.set(asideId, living)
    }
    return bodies
  }

  /**
   * What is neither acked nor there. Only after damage: elsewhere there is nothing of that kind, but in logs whose
   * records others have (`elsewhere`).
   */
  gaps(elsewhere: ReadonlySet<number> = new Set()): MissingOffsets[] {
    return [...this.#state.logs.values()].flatMap((log) => {
      const found = this.#present.get(log.id)
      if (found === undefined && elsewhere.has(log.id)) return []
      const present = found ?? new OffsetRanges()
      const start = Math.max(log.floor, this.#rewrittenEnds.get(log.id) ?? 0)
      return keptOf(log, present.missingIn(start, log.endOffset))
    })
  }

  /** The same for records that are there without their body. */
  withoutBody(references: readonly AsideReference[]): MissingOffsets[] {
    return [...Map.groupBy(references, ({ logId }) => logId)].flatMap(([logId, ofLog]) => {
      const ranges = ofLog.map(({ offset }) => ({ first: offset, last: offset }))
      const log = this.#state.logs.get(logId)
      return log === undefined ? [] : keptOf(log, ranges)
    })
  }

  #countKept(log: RecoveredLog): number {
    const ranges = this.#present.get(log.id)?.all() ?? []
    return ranges.reduce((sum, { first, last }) => sum + log.keptIn(first, last), 0)
  }

  #addTopology(sequence: number, bytes: Buffer): void {
    this.#topology.push({ sequence, bytes: Buffer.from(bytes) })
  }

  #noteRewritten(key: string, value: Buffer | undefined): void {
    const logId = parseRewrittenKey(key)
    if (logId === undefined || value === undefined) return
    const known = this.#rewrittenEnds.get(logId) ?? 0
    this.#rewrittenEnds.set(logId, Math.max(known, rewrittenEndIn(value)))
  }

  #addReference(reference: AsideReference): void {
    const { asideId, logId, offset } = reference
    const references = this.#references.get(asideId)
    if (references === undefined) this.#references.set(asideId, [reference])
    else if (!references.some((each) => each.logId === logId && each.offset === offset)) {
      references.push(reference)
    }
  }

  #isLiving(logId: number, offset: number): boolean {
    const log = this.#state.logs.get(logId)
    return log !== undefined && log.isKnown && log.keptIn(offset, offset) > 0
  }

  #addRun(logId: number, bytes: Buffer, bodies: CommitBodies): void {
    const run = Run.fromBytes(bytes)
    if (!bodies.areIntact && run.sharedPosition >= 0) {
      const shared = SharedBodies.fromBytes(bodies.bytes, 0)
      // Readers get such a run as a whole or not at all.
      if (!areBodiesIntact(run, shared)) return
    }
    let present = this.#present.get(logId)
    if (present === undefined) this.#present.set(logId, (present = new OffsetRanges()))
    const isWhole = run.isForeign || run.recordCount === run.lastOffset - run.baseOffset + 1
    if (isWhole) present.add(run.baseOffset, run.lastOffset)
    else addRecords(run, present)
  }
}

/** Cleaning left records out that were acked: those may be acked no more if that was lost, too. */
function addRecords(run: Run, present: OffsetRanges): void {
  for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
    const offset = recordOffsetAt(run, at)
    present.add(offset, offset)
  }
}

function keptOf(log: RecoveredLog, all: readonly OffsetRange[]): MissingOffsets[] {
  const kept = ({ first, last }: OffsetRange): number => log.keptIn(first, last)
  const ranges = all.filter((range) => kept(range) > 0)
  const count = ranges.reduce((sum, range) => sum + kept(range), 0)
  const cursorIds = log.cursors.map(({ id }) => id)
  return log.isKnown && count > 0 ? [{ logId: log.id, cursorIds, ranges, count }] : []
}

interface EntryListener {
  readonly onReference: (reference: AsideReference) => void
  readonly onState: (key: string, value: Buffer | undefined) => void
}

/** Passes on what changes logs, from files at or after the checkpoint; references from all files. */
class EntryCollector implements EntryVisitor {
  readonly #state: RecoveredState
  readonly #isReplayed: boolean
  readonly #listener: EntryListener

  constructor(state: RecoveredState, isReplayed: boolean, listener: EntryListener) {
    this.#state = state
    this.#isReplayed = isReplayed
    this.#listener = listener
  }

  onAside(logId: number, offset: number, asideId: number): void {
    this.#listener.onReference({ logId, offset, asideId })
  }

  onRun(...args: Parameters<EntryVisitor['onRun']>): void {
    if (this.#isReplayed) this.#state.onRun(...args)
  }

  onDelta(cursorId: number, deliveredMark: number, acked: readonly number[]): void {
    if (this.#isReplayed) this.#state.onDelta(cursorId, deliveredMark, acked)
  }

  onSnapshot(logId: number, snapshot: LogSnapshot): void {
    if (this.#isReplayed) this.#state.onSnapshot(logId, snapshot)
  }

  onCursor(cursorId: number, snapshot: CursorSnapshot): void {
    if (this.#isReplayed) this.#state.onCursor(cursorId, snapshot)
  }

  onCursorDeleted(cursorId: number): void {
    if (this.#isReplayed) this.#state.onCursorDeleted(cursorId)
  }

  onAckedRange(cursorId: number, first: number, last: number): void {
    if (this.#isReplayed) this.#state.onAckedRange(cursorId, first, last)
  }

  onTrim(logId: number, offset: number): void {
    if (this.#isReplayed) this.#state.onTrim(logId, offset)
  }

  onCreated(logId: number): void {
    if (this.#isReplayed) this.#state.onCreated(logId)
  }

  onDeleted(logId: number): void {
    if (this.#isReplayed) this.#state.onDeleted(logId)
  }

  onCheckpointBegin(begin: CheckpointBegin): void {
    if (this.#isReplayed) this.#state.onCheckpointBegin(begin)
  }

  onCheckpointEnd(...args: Parameters<EntryVisitor['onCheckpointEnd']>): void {
    if (this.#isReplayed) this.#state.onCheckpointEnd(...args)
  }

  onTopology(...args: Parameters<EntryVisitor['onTopology']>): void {
    if (this.#isReplayed) this.#state.onTopology(...args)
  }

  onState(...args: Parameters<EntryVisitor['onState']>): void {
    if (this.#isReplayed) this.#listener.onState(...args)
  }

  /** It says nothing about which messages there are. */
  onNote(): void {}
}
