// Part of a run whose large bodies lie in files of their own: they are brought into memory one by
// one, and only as many as were asked for, because together they may be larger than memory.
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { Run } from '../log/run.ts'
import { RecordBatchBuilder } from '../record/batch/batch-builder.ts'
import { batchField, batchHeaderSize } from '../record/batch/batch-header.ts'
import { recordSizeAt } from '../record/message/message-record.ts'
import { RecordView } from '../record/message/record-view.ts'
import { MessageToRecord } from './message-to-record.ts'

export interface PartOptions {
  /** The part begins at the first record at or after it. */
  readonly offset: number
  /** Bytes of the batch; the record that reaches it is the last one, and one there is in any case. */
  readonly sizeMax: number
  readonly keep: ((offset: number) => boolean) | undefined
}

/**
 * The records of a run of messages from `offset` on as one Kafka batch, which stands for all offsets
 * up to its last record or, when nothing follows, up to the end of the run. A body that is lost is a
 * gap.
 */
export async function partToKafkaBatch(
  store: LogStore,
  log: Log,
  run: Run,
  { offset, sizeMax, keep }: PartOptions,
): Promise<Buffer> {
  const builder = new RecordBatchBuilder(Math.max(offset, run.baseOffset))
  const view = new RecordView()
  const record = new MessageToRecord()
  let position = batchHeaderSize
  // A part without a record would leave its reader where it is.
  const enough = Math.max(sizeMax, batchHeaderSize + 1)
  while (position < run.size && builder.size < enough) {
    const next = log.readFrom(run, position, view)
    position += recordSizeAt(run.buffer, position)
    const isWanted = view.offset >= offset && (keep?.(view.offset) ?? true)
    if (!isWanted || (next < 0 && !(await readLarge(store, log, view)))) continue
    record.take(view, log.homeAddress)
    builder.append(record)
  }
  const leaderEpoch = run.buffer.readInt32BE(batchField.leaderEpoch)
  return builder.finish(
    position < run.size ? { leaderEpoch } : { leaderEpoch, lastOffset: run.lastOffset },
  )
}

/** Reads the record that `view` stands at with its body; false when that is lost. */
async function readLarge(store: LogStore, log: Log, view: RecordView): Promise<boolean> {
  const { offset } = view
  for (;;) {
    const reading = log.read(offset, view)
    if (reading === 'record') return view.offset === offset
    if (reading === 'end') return false
    const error = await new Promise<Error | undefined>((resolve) => {
      store.load(log, reading, resolve)
    })
    if (error !== undefined) return false
  }
}
