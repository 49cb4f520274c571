// Reads what is committed as clients do: from a fetch with isolation level read_committed, without the records of
// the aborted transactions that its answer names (KIP-98).
import { zeroUuid } from '../../src/codec/kafka/field-defaults.ts'
import type { PartitionData } from '../../src/codec/kafka/messages/fetch.gen.ts'
import {
  type BatchHeader,
  batchSizeAt,
  readBatchHeader,
  recordsOf,
} from '../../src/record/batch/batch-header.ts'
import { RecordReader } from '../../src/record/batch/record-reader.ts'
import { fetchRequest } from '../support/fetch-request.ts'
import type { Link } from './link.ts'

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}

export interface ReadPage {
  readonly records: readonly ReadRecord[]
  /** Where the next page begins. */
  readonly next: number
  readonly highWatermark: number
  readonly lastStableOffset: number
}

/** What is at `offset` and after it, of at most a few kilobytes. */
export async function readCommitted(
  link: Link,
  { topic, partition, offset }: { topic: string; partition: number; offset: number },
): Promise<ReadPage> {
  const asked = {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: offset,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 4000,
    replicaDirectoryId: zeroUuid,
    highWatermark: Number.MAX_SAFE_INTEGER,
  }
  const request = fetchRequest([{ topic, topicId: '', partitions: [asked] }], {
    maxWaitMs: 20,
    minBytes: 1,
    maxBytes: 4000,
    isolationLevel: 1,
  })
  const what = `fetch of ${topic} ${partition} at ${offset}`
  let data: PartitionData | undefined
  await link.settle(what, async () => {
    const answer = await link.call('fetch', request, 12)
    data = answer.responses[0]?.partitions[0]
    return data?.errorCode ?? 0
  })
  if (data === undefined || data.errorCode !== 0) {
    throw new Error(`${what}: ${JSON.stringify(data)}`)
  }
  return { ...committedIn(data, offset), ...endsOf(data) }
}

function endsOf(data: PartitionData): { highWatermark: number; lastStableOffset: number } {
  return { highWatermark: data.highWatermark, lastStableOffset: data.lastStableOffset ?? -1 }
}

/** Of what a fetch from `offset` was answered; the next one begins at `next`. */
export function committedIn(
  { records: batches, abortedTransactions }: PartitionData,
  offset: number,
): { records: ReadRecord[]; next: number } {
  const begun = [...(abortedTransactions ?? [])]
  const aborted = new Set<number>()
  const records: ReadRecord[] = []
  let next = offset
  const bytes = Buffer.concat(batches === null ? [] : [batches].flat())
  for (let at = 0; at < bytes.length;) {
    const batch = bytes.subarray(at, at + batchSizeAt(bytes, at))
    at += batch.length
    const header = readBatchHeader(batch)
    const last = header.baseOffset + header.lastOffsetDelta
    next = last + 1
    while (begun.length > 0 && begun[0]!.firstOffset <= last) aborted.add(begun.shift()!.producerId)
    if (header.isControl) aborted.delete(header.producerId)
    else if (!header.isTransactional || !aborted.has(header.producerId)) {
      records.push(...valuesOf(batch, header))
    }
  }
  return { records: records.filter((record) => record.offset >= offset), next }
}

function valuesOf(batch: Buffer, header: BatchHeader): ReadRecord[] {
  const records: ReadRecord[] = []
  const reader = new RecordReader()
  reader.reset(header, recordsOf(batch))
  while (reader.next()) records.push({ offset: reader.offset, value: String(reader.value()) })
  return records
}
