// Copies some records of a run of messages into a new run. They keep their offsets.
import { batchHeaderSize } from '../record/batch/batch-header.ts'
import { recordSizeAt } from '../record/message/message-record.ts'
import { recordOffsetAt } from './record.ts'
import { Run } from './run.ts'

/** Told of each record that was copied, which was at `at` and is at `start` of the new run now. */
export type OnCopied = (living: Run, at: number, start: number) => void

/** A run of the records that `keep` wants, maybe of none. Bodies that lie elsewhere are the caller's to bring. */
export function copyMessages(
  run: Run,
  keep: (offset: number) => boolean,
  onCopied?: OnCopied,
): Run {
  const living = new Run(run.baseOffset, run.baseTimestamp, run.size)
  living.leaderEpoch = run.leaderEpoch
  living.maxTimestamp = run.maxTimestamp
  living.deleteHorizon = run.deleteHorizon
  for (let at = batchHeaderSize; at < run.size; at += recordSizeAt(run.buffer, at)) {
    const offset = recordOffsetAt(run, at)
    if (!keep(offset)) continue
    const size = recordSizeAt(run.buffer, at)
    const start = living.reserve(size)
    run.buffer.copy(living.buffer, start, at, at + size)
    living.lastOffset = offset
    living.recordCount++
    onCopied?.(living, at, start)
  }
  return living
}
