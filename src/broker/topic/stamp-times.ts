import { writeInt64 } from '../../lib/int64.ts'
import { crcOfRun, runField } from '../../log/run.ts'

const logAppendTimeBit = 0x08

/** Gives the batch the broker's time (message.timestamp.type=LogAppendTime). */
export function stampAppendTime(batch: Buffer, now: number): void {
  const attributes = batch.readInt16BE(runField.attributes) | logAppendTimeBit
  batch.writeInt16BE(attributes, runField.attributes)
  stampMaxTimestamp(batch, now)
}

/** Sets the time of the latest record where the batch's own is wrong. */
export function stampMaxTimestamp(batch: Buffer, timestamp: number): void {
  writeInt64(batch, runField.maxTimestamp, timestamp)
  batch.writeUInt32BE(crcOfRun(batch, batch.length), runField.crc)
}
