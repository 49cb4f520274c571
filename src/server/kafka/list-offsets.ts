import type { Partition } from '../../broker/topic/partition.ts'
import type {
  ListOffsetsPartition,
  ListOffsetsPartitionResponse,
} from '../../codec/kafka/messages/list-offsets.gen.ts'
import type { Run } from '../../log/run.ts'
// ListOffsets (key 2): offsets by time, and the special timestamps for the ends of a partition.
import type { Crossing } from '../crossing/crossing.ts'
import { codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import { firstRecordFrom } from './first-record-from.ts'
import type { Handler, RequestContext } from './request-context.ts'

/** KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023. Nothing here is tiered. */
const special = {
  latest: -1,
  earliest: -2,
  maxTimestamp: -3,
  earliestLocal: -4,
  latestTiered: -5,
  earliestPendingUpload: -6,
} as const
const unknown = -1
const leaderEpochVersion = 4
const nowhere: FoundOffset = { timestamp: unknown, offset: unknown }

interface FoundOffset {
  readonly timestamp: number
  readonly offset: number
}

export const handleListOffsets: Handler<'listOffsets'> = async (request, context) => {
  const topics = []
  for (const { name, partitions: asked } of request.topics) {
    const partitions = []
    for (const partition of asked) partitions.push(await listOffset(name, partition, context))
    topics.push({ name, partitions })
  }
  return { throttleTimeMs: 0, topics }
}

async function listOffset(
  topic: string,
  { partitionIndex, currentLeaderEpoch, timestamp }: ListOffsetsPartition,
  context: RequestContext,
): Promise<ListOffsetsPartitionResponse> {
  const found = findPartition(context, topic, partitionIndex, currentLeaderEpoch)
  if (found.problem !== undefined) return { partitionIndex, errorCode: codeOf(found.problem) }
  const { offset, timestamp: at } = await findOffset(found.partition, timestamp, context)
  const answer = { partitionIndex, errorCode: noError, timestamp: at, offset }
  if (context.apiVersion < leaderEpochVersion || offset === unknown) return answer
  return { ...answer, leaderEpoch: context.broker.store.epoch }
}

function findOffset(
  partition: Partition,
  timestamp: number,
  context: RequestContext,
): FoundOffset | Promise<FoundOffset> {
  const at = (offset: number): FoundOffset => ({ timestamp: unknown, offset })
  switch (timestamp) {
    case special.latest:
      return at(partition.highWatermark)
    case special.earliest:
    case special.earliestLocal:
      return at(partition.startOffset)
    case special.latestTiered:
    case special.earliestPendingUpload:
      return at(unknown)
    case special.maxTimestamp:
      return findLatestTimestamp(partition, context)
    default:
      return findByTimestamp(partition, timestamp, context)
  }
}

async function findByTimestamp(
  partition: Partition,
  timestamp: number,
  { broker, crossing }: RequestContext,
): Promise<FoundOffset> {
  const run = await broker.store.findRunByTimestamp(partition.log, timestamp)
  return (run && firstIn(run, timestamp, partition, crossing)) ?? nowhere
}

/** The broker finds the run, the record in it is found in its Kafka form. */
function firstIn(
  run: Run,
  timestamp: number,
  { log, startOffset }: Partition,
  crossing: Crossing,
): FoundOffset | undefined {
  const batch = run.isForeign ? run.bytes() : crossing.toKafkaBatch(log, run)
  return batch && firstRecordFrom(batch, timestamp, startOffset)
}

async function findLatestTimestamp(
  partition: Partition,
  { broker, crossing }: RequestContext,
): Promise<FoundOffset> {
  const latest = await broker.store.maxTimestamp(partition.log)
  if (latest === undefined) return nowhere
  const run = await broker.store.findRunByTimestamp(partition.log, latest)
  return (run && firstIn(run, latest, partition, crossing)) ?? nowhere
}
