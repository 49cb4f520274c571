import type { Log } from '../log/log.ts'
import type { Run } from '../log/run.ts'
import { RecordBatchBuilder } from '../record/batch/batch-builder.ts'
import { batchField, batchHeaderSize } from '../record/batch/batch-header.ts'
import { recordSizeAt } from '../record/message/message-record.ts'
import { RecordView } from '../record/message/record-view.ts'
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
  let position = batchHeaderSize
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
  const leaderEpoch = run.buffer.readInt32BE(batchField.leaderEpoch)
  return builder.finish({ leaderEpoch, lastOffset: run.lastOffset })
}
