// ListOffsets (key 2): offsets by time, and the special timestamps for the ends of a partition.
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import {
  type ListOffsetsPartition,
  type ListOffsetsPartitionResponse,
  type ListOffsetsRequest,
  type ListOffsetsTopicResponse,
  writeListOffsetsPartitionResponse,
  writeListOffsetsTopicResponse,
} from '../../codec/kafka/messages/list-offsets.gen.ts'
import { findInRun } from '../../crossing/find-in-run.ts'
import { resultOf, type Steps } from '../../lib/slices.ts'
import type { FoundRecord } from '../../record/batch/first-record-from.ts'
import { codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter } from './write-in-slices.ts'

/** KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023. Nothing here is tiered. */
const special = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPendingUpload: -6,
} as const
/** The version of the API that each came with. */
const specialSince: ReadonlyMap<number, number> = new Map([
  [special.latest, 1],
  [special.earliest, 1],
  [special.maxTimestamp, 7],
  [special.earliestLocal, 8],
  [special.latestTiered, 9],
  [special.earliestPendingUpload, 11],
])
const unknown = -1
const leaderEpochVersion = 4
const readCommitted = 1
/** So many are written at once; a writer for each topic would be garbage. */
const fewPartitions = 64
const nowhere: FoundRecord = { timestamp: unknown, offset: unknown }

export const handleListOffsets: Handler<'listOffsets'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(listAll(request, context)),
})

function* listAll(
  request: ListOffsetsRequest,
  context: RequestContext,
): Steps<readonly ListOffsetsTopicResponse[]> {
  const topics = new ItemWriter('listOffsets', context, writeListOffsetsTopicResponse)
  const isCommitted = request.isolationLevel === readCommitted
  for (const { name, partitions: asked } of request.topics) {
    yield
    const write = writeListOffsetsPartitionResponse
    const isLong = asked.length > fewPartitions
    const few: ListOffsetsPartitionResponse[] = []
    const repeated = yield* repeatedIn(asked)
    const many = isLong ? new ItemWriter('listOffsets', context, write) : undefined
    for (const partition of asked) {
      const refusal = refusalOf(partition, repeated, context)
      const answer =
        refusal ?? (yield* listOffset({ ...partition, topic: name, isCommitted }, context))
      if (many === undefined) few.push(answer)
      else many.add(answer)
    }
    topics.add({ name, partitions: many?.finish() ?? few })
  }
  return topics.finish()
}

/** Indexes that a request names more than once. */
function* repeatedIn(asked: readonly ListOffsetsPartition[]): Steps<ReadonlySet<number>> {
  const seen = new Set<number>()
  const repeated = new Set<number>()
  for (const { partitionIndex } of asked) {
    if (seen.has(partitionIndex)) repeated.add(partitionIndex)
    seen.add(partitionIndex)
    yield
  }
  return repeated
}

/** As Kafka's ReplicaManager.fetchOffset: nothing is looked up then. */
function refusalOf(
  { partitionIndex, timestamp }: ListOffsetsPartition,
  repeated: ReadonlySet<number>,
  { apiVersion }: RequestContext,
): ListOffsetsPartitionResponse | undefined {
  if (repeated.has(partitionIndex)) return { partitionIndex, errorCode: codeOf('INVALID_REQUEST') }
  const isKnown = timestamp >= 0 || apiVersion >= (specialSince.get(timestamp) ?? Infinity)
  return isKnown ? undefined : { partitionIndex, errorCode: codeOf('UNSUPPORTED_VERSION') }
}

interface OffsetAsked extends ListOffsetsPartition {
  readonly topic: string
  /** KIP-98's read_committed: nothing from the last stable offset on is told. */
  readonly isCommitted: boolean
}

function* listOffset(
  { topic, partitionIndex, currentLeaderEpoch: leaderEpoch, ...asked }: OffsetAsked,
  context: RequestContext,
): Steps<ListOffsetsPartitionResponse> {
  const place = { topic, index: partitionIndex, leaderEpoch }
  const found = findPartition(context, 'describe', place)
  if (found.problem !== undefined) return { partitionIndex, errorCode: codeOf(found.problem) }
  const { offset, timestamp: at } = yield* resultOf(findOffset(found, asked, context))
  const answer = { partitionIndex, errorCode: noError, timestamp: at, offset }
  if (context.apiVersion < leaderEpochVersion || offset === unknown) return answer
  return { ...answer, leaderEpoch: found.partition.leaderEpoch }
}

function findOffset(
  { view, partition }: { readonly view: TopicView; readonly partition: Partition },
  { timestamp, isCommitted }: Pick<OffsetAsked, 'timestamp' | 'isCommitted'>,
  context: RequestContext,
): FoundRecord | Promise<FoundRecord> {
  const at = (offset: number): FoundRecord => ({ timestamp: unknown, offset })
  const end = isCommitted ? partition.lastStableOffset : partition.highWatermark
  switch (timestamp) {
    case special.latest:
      return at(end)
    case special.earliest:
    case special.earliestLocal:
      return at(partition.startOffset)
    case special.latestTiered:
    case special.earliestPendingUpload:
      return at(unknown)
    case special.maxTimestamp:
      return below(end, findLatestTimestamp(view, partition, context))
    default:
      return below(end, findByTimestamp(view, partition, timestamp, context))
  }
}

async function below(end: number, finding: Promise<FoundRecord>): Promise<FoundRecord> {
  const found = await finding
  return found.offset < end ? found : nowhere
}

/** The broker finds runs that are late enough, the record in them is found in its own form. */
async function findByTimestamp(
  { hasGaps }: TopicView,
  partition: Partition,
  timestamp: number,
  context: RequestContext,
): Promise<FoundRecord> {
  const { log, cursor, startOffset, store } = partition
  const isWanted = (offset: number): boolean => !hasGaps || !cursor.acked.isAcked(offset)
  const from = { timestamp, offset: startOffset }
  let run = await store.findRunByTimestamp(log, timestamp)
  while (run !== undefined) {
    const found = await findInRun(run, { from, isWanted, worker: context.batchWorker })
    run.release()
    if (found !== undefined) return found
    // What is late enough there was settled or deleted.
    run = await store.findRunByTimestamp(log, timestamp, run.lastOffset + 1)
  }
  return nowhere
}

async function findLatestTimestamp(
  view: TopicView,
  partition: Partition,
  context: RequestContext,
): Promise<FoundRecord> {
  const latest = await partition.store.maxTimestamp(partition.log)
  return latest === undefined ? nowhere : findByTimestamp(view, partition, latest, context)
}
