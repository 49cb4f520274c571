import { writeInt64 } from '../../lib/int64.ts'
import { crcOfRun, runField } from '../../log/run.ts'

const logAppendTimeBit = 0x08

/** A copy of the batch with the broker's time (message.timestamp.type=LogAppendTime). */
export function stampAppendTime(batch: Buffer, now: number): Buffer {
  const stamped = Buffer.from(batch)
  const attributes = stamped.readInt16BE(runField.attributes) | logAppendTimeBit
  stamped.writeInt16BE(attributes, runField.attributes)
  return stampMaxTimestamp(stamped, now)
}

/** Sets the time of the latest record where the batch's own is wrong; returns `batch`. */
export function stampMaxTimestamp(batch: Buffer, timestamp: number): Buffer {
  writeInt64(batch, runField.maxTimestamp, timestamp)
  batch.writeUInt32BE(crcOfRun(batch, batch.length), runField.crc)
  return batch
}
