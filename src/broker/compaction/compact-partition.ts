// One pass over one partition: notes the keys of its dirty part, then has all of it up to there written anew.
// Records are looked into by the thread for batches, see crossing/compaction/compaction-pass.ts.
import type { BatchWorker } from '../../crossing/batch-worker.ts'
import {
  type AbortedTransaction,
  type CompactedPiece,
  type CompactRules,
  runAction,
} from '../../crossing/compaction/compaction-pass.ts'
import { topicLimits } from '../../limits/topic.ts'
import { goneRun, type LogRewriting, type RewrittenRun, wholeRun } from '../../log/log-rewriting.ts'
import { recordOffsetAt } from '../../log/record.ts'
import type { Run } from '../../log/run.ts'
import { batchHeaderSize, batchSizeAt } from '../../record/batch/batch-header.ts'
import { recordSizeAt } from '../../record/message/message-record.ts'
import type { Partition } from '../topic/partition.ts'
import type { TopicConfig } from '../topic/topic-config.ts'
import type { CompactionPace } from './compaction-pace.ts'
import type { DirtyPart } from './find-dirty.ts'

export interface PassContext {
  readonly worker: BatchWorker
  readonly pace: CompactionPace
  /** Of this pass. */
  readonly id: number
  readonly seed: number
  readonly keysSizeMax: number
  /** Milliseconds since 1970. */
  readonly now: number
  /** Throws when the pass is not wanted any more. */
  readonly check: () => void
}

/** What a pass has done; it counts once the rewriting is committed. */
export interface PassResult {
  readonly cleanedEnd: number
  readonly horizon: number
  readonly keptCount: number
  readonly goneCount: number
  /** Bytes that were read and written. */
  readonly readSize: number
}

/** Undefined when there was nothing to be done yet. */
export function compactPartition(
  partition: Partition,
  config: TopicConfig,
  part: DirtyPart,
  parts: { readonly rewriting: LogRewriting; readonly context: PassContext },
): Promise<PassResult | undefined> {
  return new Pass(partition, config, parts).run(part)
}

class Pass {
  readonly #partition: Partition
  readonly #config: TopicConfig
  readonly #rewriting: LogRewriting
  readonly #context: PassContext
  #horizon = Infinity
  #keptCount = 0
  #goneCount = 0
  #readSize = 0

  constructor(
    partition: Partition,
    config: TopicConfig,
    parts: { readonly rewriting: LogRewriting; readonly context: PassContext },
  ) {
    this.#partition = partition
    this.#config = config
    this.#rewriting = parts.rewriting
    this.#context = parts.context
  }

  async run(part: DirtyPart): Promise<PassResult | undefined> {
    const { log } = this.#partition
    const end = await this.#noteKeys(part)
    if (end <= part.first && part.reason !== 'tombstones') return undefined
    await this.#rewriting.add(log, end, { rewrite: (runs) => this.#rewrite(runs) })
    return {
      cleanedEnd: end,
      horizon: this.#horizon,
      keptCount: this.#keptCount,
      goneCount: this.#goneCount,
      readSize: this.#readSize,
    }
  }

  /** Returns the offset up to which keys are noted: the end of what is to be compacted. */
  async #noteKeys({ first, end: endMax, cleanSize }: DirtyPart): Promise<number> {
    // The clean part is written again each time, so of much that is dirty at least as much is done at once.
    const sizeMax = Math.max(topicLimits.compactionPassSize, cleanSize)
    const { worker, pace, id, seed, keysSizeMax, check } = this.#context
    const aborted = this.#aborted(endMax)
    await worker.note(id, Buffer.alloc(0), { seed, keysSizeMax, aborted })
    let end = first
    await this.#rewriting.scan(this.#partition.log, first, endMax, async (runs) => {
      check()
      const wanted = this.#cleanable(runs, endMax)
      const batch = joined(wanted)
      this.#readSize += batch.length
      const { runCount } = await pace.during(batch.length, () => worker.note(id, batch))
      if (runCount > 0) end = wanted[runCount - 1]!.lastOffset + 1
      return runCount === runs.length && this.#readSize < sizeMax
    })
    return end
  }

  #aborted(end: number): readonly AbortedTransaction[] {
    const { transactions, startOffset } = this.#partition
    const found = transactions?.aborted.between(startOffset, end) ?? []
    return found.map(({ producerId, firstOffset, lastOffset }) => ({
      producerId,
      first: firstOffset,
      last: lastOffset,
    }))
  }

  /**
   * The first of the runs that may be compacted: not the last one of the log, so that a reader comes to its end
   * over whatever gap, and none with a record that is too new.
   */
  #cleanable(runs: readonly Run[], endMax: number): readonly Run[] {
    const { log } = this.#partition
    const newest = this.#context.now - this.#config.compactionLagMsMin
    const limit = Math.min(endMax, log.durableEnd - 1)
    const count = runs.findIndex(
      ({ lastOffset, maxTimestamp }) =>
        lastOffset >= limit || (this.#config.compactionLagMsMin > 0 && maxTimestamp > newest),
    )
    return count < 0 ? runs : runs.slice(0, count)
  }

  async #rewrite(runs: readonly Run[]): Promise<readonly RewrittenRun[]> {
    const { worker, pace, id, now, check } = this.#context
    check()
    const rules: CompactRules = { now, deleteRetentionMs: this.#config.deleteRetentionMs }
    const batch = joined(runs)
    this.#readSize += batch.length
    const piece = await pace.during(
      batch.length,
      () => worker.compact(id, batch, rules),
      (compacted) => writtenSize(runs, compacted),
    )
    this.#horizon = Math.min(this.#horizon, piece.horizon)
    this.#keptCount += piece.keptCount
    this.#goneCount += piece.goneCount
    return rewrittenRuns(runs, piece, Math.floor((now + rules.deleteRetentionMs) / 1000))
  }
}

/** About how much is written of `runs`: those that lose messages are counted whole. */
function writtenSize(runs: readonly Run[], { actions, bytes }: CompactedPiece): number {
  let size = bytes.length
  for (const [order, run] of runs.entries()) {
    const action = actions[order]
    if (action !== runAction.gone && action !== runAction.batch) size += run.size
  }
  return size
}

function rewrittenRuns(
  runs: readonly Run[],
  { actions, bytes }: CompactedPiece,
  deleteHorizon: number,
): RewrittenRun[] {
  let position = 0
  return runs.map((run, order) => {
    const action = actions[order]
    if (action === runAction.gone) return goneRun
    if (action === runAction.batch) {
      const size = batchSizeAt(bytes, position)
      position += size
      return { kind: 'batch', bytes: bytes.subarray(position - size, position) }
    }
    if (action !== runAction.flags && action !== runAction.flagsAndHorizon) return wholeRun
    const flags = bytes.subarray(position, position + run.recordCount)
    position += run.recordCount
    const keep = keepFlagged(run, flags)
    return action === runAction.flags
      ? { kind: 'messages', keep }
      : { kind: 'messages', keep, deleteHorizon }
  })
}

function keepFlagged(run: Run, flags: Buffer): (offset: number) => boolean {
  const kept = new Set<number>()
  let order = 0
  for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
    if (flags[order++] === 1) kept.add(recordOffsetAt(run, at))
  }
  return (offset) => kept.has(offset)
}

function joined(runs: readonly Run[]): Buffer {
  return Buffer.concat(runs.map((run) => run.bytes()))
}
