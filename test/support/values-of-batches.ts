// What is in record batches that a fetch has brought.
import { batchSizeAt, readBatchHeader, recordsOf } from '../../src/record/batch/batch-header.ts'
import { decompress } from '../../src/record/batch/compression.ts'
import { RecordReader } from '../../src/record/batch/record-reader.ts'

const decompressedSizeMax = 2 ** 20

/** The values of all records, as text. */
export function valuesOf(batches: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < batches.length;) {
    const batch = batches.subarray(at, at + batchSizeAt(batches, at))
    const header = readBatchHeader(batch)
    const reader = new RecordReader()
    reader.reset(
      header,
      decompress(header.compression ?? 'none', recordsOf(batch), decompressedSizeMax),
    )
    while (reader.next()) values.push(String(reader.value()))
    at += batch.length
  }
  return values
}
