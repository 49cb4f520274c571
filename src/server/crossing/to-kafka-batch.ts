import type { Log } from '../../log/log.ts'
import { recordSizeAt, RecordView } from '../../log/record.ts'
import { type Run, runField, runHeaderSize } from '../../log/run.ts'
import { RecordBatchBuilder } from '../../record/batch/batch-builder.ts'
import { MessageToRecord } from './message-to-record.ts'

/**
 * A sealed run of messages as one uncompressed Kafka batch that stands for the same offsets, with the
 * same leader epoch. Records whose offset `keep` refuses are left out. Undefined when a large body is
 * not in memory.
 */
export function toKafkaBatch(
  log: Log,
  run: Run,
  keep?: (offset: number) => boolean,
): Buffer | undefined {
  const builder = new RecordBatchBuilder(run.baseOffset)
  const view = new RecordView()
  const record = new MessageToRecord()
  let position = runHeaderSize
  while (position < run.size) {
    const next = log.readFrom(run, position, view)
    // The offset is known even when the body is not there.
    if (keep === undefined || keep(view.offset)) {
      if (next < 0) return undefined
      record.take(view, log.homeAddress)
      builder.append(record)
    }
    position += recordSizeAt(run.buffer, position)
  }
  const leaderEpoch = run.buffer.readInt32BE(runField.leaderEpoch)
  return builder.finish({ leaderEpoch, lastOffset: run.lastOffset })
}
