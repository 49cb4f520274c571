import { writeInt64 } from '../../lib/int64.ts'
import { crcOfRun, runField } from '../../log/run.ts'

const logAppendTimeBit = 0x08

/** A copy of the batch with the broker's time (message.timestamp.type=LogAppendTime). */
export function stampAppendTime(batch: Buffer, now: number): Buffer {
  const stamped = Buffer.from(batch)
  const attributes = stamped.readInt16BE(runField.attributes) | logAppendTimeBit
  stamped.writeInt16BE(attributes, runField.attributes)
  writeInt64(stamped, runField.maxTimestamp, now)
  stamped.writeUInt32BE(crcOfRun(stamped, stamped.length), runField.crc)
  return stamped
}
