import { Queue } from '../../broker/queue/queue.ts'
// Fetch (key 1): long polls. It answers as soon as there are `minBytes`, when the time is up, or
// when something has to be said that is no record.
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topics.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type {
  FetchRequest,
  FetchResponse,
  PartitionData,
} from '../../codec/kafka/messages/fetch.gen.ts'
import { limits } from '../../limits.ts'
import { codeOf, noError } from './error-code.ts'
import type { FetchedPartition, FetchSession } from './fetch-sessions.ts'
import { type PartitionRecords, readPartition } from './read-partition.ts'
import type { Handler, RequestContext } from './request-context.ts'

const topicIdVersion = 13

interface Found {
  readonly asked: FetchedPartition
  readonly data: PartitionData
  readonly size: number
}

interface Round {
  readonly found: Found[]
  readonly size: number
  /** There is something to say now: records enough, or an error. */
  readonly isUrgent: boolean
}

export const handleFetch: Handler<'fetch'> = async (request, context) => {
  const resolved = context.fetchSessions.resolve(request)
  if ('error' in resolved) {
    return { throttleTimeMs: 0, errorCode: codeOf(resolved.error), responses: [] }
  }
  const partitions = [...resolved.partitions]
  const round = await poll(request, partitions, context)
  return toResponse(round, resolved.session)
}

async function poll(
  request: FetchRequest,
  partitions: readonly FetchedPartition[],
  context: RequestContext,
): Promise<Round> {
  const { clock } = context
  const deadline = clock.monotonic() + Math.min(request.maxWaitMs, limits.fetchWaitMsMax)
  for (;;) {
    const round = await readAll(request, partitions, context)
    const leftMs = deadline - clock.monotonic()
    const isDue = round.isUrgent || round.size >= request.minBytes || leftMs <= 0
    if (isDue || context.connection.isClosed) return round
    if (round.found.some((found) => hasMoved(found, context))) continue
    await waitForRecords(partitions, context, leftMs)
  }
}

async function readAll(
  request: FetchRequest,
  partitions: readonly FetchedPartition[],
  context: RequestContext,
): Promise<Round> {
  const sizeMax = Math.min(request.maxBytes, limits.fetchAnswerSizeMax)
  const found: Found[] = []
  let size = 0
  let isUrgent = false
  for (const asked of partitions) {
    // Only the first partition that has anything may go beyond the limit.
    const left = sizeMax - size
    const reading = readOne(asked, left > 0 || size === 0 ? Math.max(left, 1) : 0, context)
    const read = reading instanceof Promise ? await reading : reading
    size += read.size
    if (read.data.errorCode !== noError) isUrgent = true
    found.push(read)
  }
  return { found, size, isUrgent }
}

function readOne(
  asked: FetchedPartition,
  sizeMax: number,
  context: RequestContext,
): Found | Promise<Found> {
  const view = findView(asked, context)
  const partition = view?.partitions[asked.index]
  const problem = checkPartition(asked, view, partition, context)
  if (view === undefined || partition === undefined || problem !== undefined) {
    return {
      asked,
      data: refuse(asked, problem ?? 'UNKNOWN_TOPIC_OR_PARTITION', partition),
      size: 0,
    }
  }
  if (sizeMax === 0) return foundIn(partition, asked, undefined)
  const records = readPartition(context, view, partition, {
    offset: Math.max(asked.fetchOffset, partition.startOffset),
    sizeMax: Math.min(sizeMax, asked.partitionMaxBytes),
  })
  return records instanceof Promise
    ? records.then((read) => foundIn(partition, asked, read))
    : foundIn(partition, asked, records)
}

function foundIn(
  { highWatermark, startOffset }: Partition,
  asked: FetchedPartition,
  records: PartitionRecords | undefined,
): Found {
  const data: PartitionData = {
    partitionIndex: asked.index,
    errorCode: noError,
    highWatermark,
    lastStableOffset: highWatermark,
    logStartOffset: startOffset,
    abortedTransactions: null,
    records: records?.parts ?? [],
  }
  return { asked, data, size: records?.size ?? 0 }
}

function findView(
  asked: FetchedPartition,
  { topics, apiVersion }: RequestContext,
): TopicView | undefined {
  return apiVersion >= topicIdVersion ? topics.findById(asked.topicId) : topics.find(asked.topic)
}

function checkPartition(
  { fetchOffset, currentLeaderEpoch }: FetchedPartition,
  view: TopicView | undefined,
  partition: Partition | undefined,
  { apiVersion, broker }: RequestContext,
): KafkaErrorName | undefined {
  if (view === undefined) {
    return apiVersion >= topicIdVersion ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
  }
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
  const { epoch } = broker.store
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < epoch) return 'FENCED_LEADER_EPOCH'
  if (currentLeaderEpoch > epoch) return 'UNKNOWN_LEADER_EPOCH'
  // A work queue is like a compacted topic: what is acked is a gap that readers pass over.
  const isBelow = fetchOffset < partition.startOffset && !(view.source instanceof Queue)
  return isBelow || fetchOffset > partition.highWatermark ? 'OFFSET_OUT_OF_RANGE' : undefined
}

function refuse(
  asked: FetchedPartition,
  name: KafkaErrorName,
  partition: Partition | undefined,
): PartitionData {
  return {
    partitionIndex: asked.index,
    errorCode: codeOf(name),
    highWatermark: partition?.highWatermark ?? -1,
    logStartOffset: partition?.startOffset ?? -1,
    abortedTransactions: null,
    records: [],
  }
}

/** Whether records became durable since they were looked for. */
function hasMoved({ asked, data }: Found, context: RequestContext): boolean {
  const partition = findView(asked, context)?.partitions[asked.index]
  return partition !== undefined && partition.highWatermark !== data.highWatermark
}

/** Resolves when a partition gets records, the time is up, or the client is gone. */
function waitForRecords(
  partitions: readonly FetchedPartition[],
  context: RequestContext,
  ms: number,
): Promise<void> {
  return new Promise((resolve) => {
    const watched = partitions
      .map((asked) => findView(asked, context)?.partitions[asked.index])
      .filter((partition) => partition !== undefined)
    const finish = (): void => {
      timer.stop()
      forgetClose()
      for (const partition of watched) partition.removeListener(finish)
      resolve()
    }
    const timer = context.clock.after(ms, finish)
    const forgetClose = context.connection.onClose(finish)
    for (const partition of watched) partition.addListener(finish)
  })
}

function toResponse(round: Round, session: FetchSession | undefined): FetchResponse {
  const topics = new Map<string, { topic: string; topicId: string; partitions: PartitionData[] }>()
  for (const { asked, data, size } of round.found) {
    if (session !== undefined && session.epoch > 1 && isOldNews(asked, data, size)) continue
    asked.toldHighWatermark = data.highWatermark
    asked.toldStartOffset = data.logStartOffset ?? -1
    // When there is more than one answer holds, the others come first the next time.
    if (size > 0) session?.moveToEnd(asked)
    const key = `${asked.topic}/${asked.topicId}`
    const topic = topics.get(key)
    if (topic === undefined) {
      topics.set(key, { topic: asked.topic, topicId: asked.topicId, partitions: [data] })
    } else topic.partitions.push(data)
  }
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    sessionId: session?.id ?? 0,
    responses: [...topics.values()],
  }
}

function isOldNews(asked: FetchedPartition, data: PartitionData, size: number): boolean {
  return (
    size === 0 &&
    data.errorCode === noError &&
    data.highWatermark === asked.toldHighWatermark &&
    data.logStartOffset === asked.toldStartOffset
  )
}
