// The control batch that ends a transaction in a partition (KIP-98): one record, whose key is
// { version i16, type i16 } and whose value is { version i16, coordinatorEpoch i32 }.
import { RecordBatchBuilder } from './batch-builder.ts'

export interface EndMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly isCommit: boolean
  readonly coordinatorEpoch: number
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
}

const types = { abort: 0, commit: 1 } as const

/** As a batch from a producer, whose base offset is 0. */
export function encodeEndMarker(marker: EndMarker): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(marker.isCommit ? types.commit : types.abort, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(marker.coordinatorEpoch, 2)
  const builder = new RecordBatchBuilder(0)
  builder.append({ offset: 0, timestamp: marker.timestamp, key, value, headers: [] })
  const { producerId, producerEpoch } = marker
  return builder.finish({ producerId, producerEpoch, isTransactional: true, isControl: true })
}
