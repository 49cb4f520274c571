// Fetch (key 1): long polls. It answers as soon as there are `minBytes`, when the time is up, or
// when something has to be said that is no record.
import type { MemoryAccount } from '../../broker/memory-account.ts'
import type { Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import {
  type AbortedTransaction,
  type FetchableTopicResponse,
  type FetchRequest,
  type FetchResponse,
  type PartitionData,
  writePartitionData,
} from '../../codec/kafka/messages/fetch.gen.ts'
import { resultOf, runAtOnce, type Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { memoryLimits } from '../../limits/memory.ts'
import { lastOffsetOf, recordCountOf } from '../../record/batch/batch-header.ts'
import type { Retained } from './answer-slot.ts'
import { codeOf, noError } from './error-code.ts'
import type { FetchedPartition, FetchSession } from './fetch-sessions.ts'
import { leaderEndpoint, leaderHint } from './leader-hint.ts'
import { absenceIn, unknownTopic } from './led-topics.ts'
import { partyOf } from './party.ts'
import { type PartitionRecords, readPartition } from './read-partition.ts'
import { RecordWatch } from './record-watch.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ItemWriter, writeAll } from './write-in-slices.ts'

const topicIdVersion = 13
const readCommitted = 1

interface PartitionRead {
  readonly asked: FetchedPartition
  readonly view: TopicView | undefined
  /** Missing only beside an error. */
  readonly partition: Partition | undefined
  readonly data: PartitionData
  readonly size: number
  /** As in `PartitionRecords`. */
  readonly retained: readonly Retained[]
  /** It had more than there was room for. */
  readonly isCut: boolean
}

/** Bytes that a partition may bring; its first batch may be larger, unless `isStrict`. */
interface Room {
  readonly sizeMax: number
  readonly isStrict: boolean
  /** KIP-98's read_committed: nothing of transactions that are open. */
  readonly isCommitted: boolean
}

/** What one topic has for the client. */
interface FetchedTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: PartitionData[]
}

interface FetchedSoFar {
  /** One of each partition that is asked for, in their order. */
  readonly reads: PartitionRead[]
  size: number
  /** There is something to say now: records enough, or an error. */
  isUrgent: boolean
}

export const handleFetch: Handler<'fetch'> = async (request, context) => {
  const resolving = context.fetchSessions.resolve(request)
  const resolved = await runFor(countOf(request), resolving, context)
  if ('error' in resolved) {
    return { throttleTimeMs: 0, errorCode: codeOf(resolved.error), responses: [] }
  }
  const { session } = resolved
  if (context.client.throttle.isInDebt('fetch')) return throttled(session, context)
  const partitions = [...resolved.partitions]
  const fetched: FetchedSoFar = { reads: [], size: 0, isUrgent: false }
  try {
    await poll(request, partitions, fetched, context)
  } finally {
    // From now on it counts as an answer that waits.
    context.client.changeUnfinished(-fetched.size)
  }
  context.slot.releaseOnceSent(fetched.reads.flatMap(({ retained }) => retained))
  for (const found of fetched.reads) count(found, context)
  context.client.throttle.take('fetch', fetched.size)
  return runFor(partitions.length, toResponse(fetched, session, context), context)
}

/** KIP-219: a client that has used up its quota is told at once to wait, and gets no records. */
function throttled(
  session: FetchSession | undefined,
  { client, fetchSessions }: RequestContext,
): FetchResponse {
  const { throttleTimeMs } = client.throttle
  // As in Kafka, no session begins without records.
  const isNew = session?.epoch === 1
  if (isNew) fetchSessions.forget(session)
  const sessionId = isNew ? 0 : (session?.id ?? 0)
  return { throttleTimeMs, errorCode: noError, sessionId, responses: [] }
}

/** How many partitions a request names, also those to forget; a topic without any takes as long as one. */
function countOf({ topics, forgottenTopicsData }: FetchRequest): number {
  let count = 0
  for (const { partitions } of topics) count += Math.max(partitions.length, 1)
  for (const { partitions } of forgottenTopicsData) count += Math.max(partitions.length, 1)
  return count
}

/** What few partitions take is done at once, what many take in slices. */
function runFor<T>(count: number, steps: Steps<T>, context: RequestContext): Promise<T> {
  const { slices, client } = context
  if (count > kafkaLimits.fetchedAtOnceMax) return slices.run(steps)
  return runAtOnce(client.throttle.timed(steps))
}

function count(
  { view, partition, asked, data, size }: PartitionRead,
  { client, led }: RequestContext,
): void {
  if (view === undefined || partition === undefined || size === 0) return
  const { broker } = led.cellOf(partition)
  const batches = [data.records ?? []].flat()
  let recordCount = 0
  for (const batch of batches) recordCount += recordCountOf(batch)
  broker.watch.observer?.onFetched(
    {
      stream: view.source,
      log: partition.log,
      partition: asked.index,
      first: asked.fetchOffset,
      last: lastOffsetOf(batches.at(-1)!),
    },
    partyOf(client),
  )
  view.source.counters.fetched += recordCount
  client.counters.fetched += recordCount
  client.counters.fetchedSize += size
}

async function poll(
  request: FetchRequest,
  partitions: readonly FetchedPartition[],
  fetched: FetchedSoFar,
  context: RequestContext,
): Promise<void> {
  const { clock, led } = context
  const deadline = clock.monotonic() + Math.min(request.maxWaitMs, kafkaLimits.fetchWaitMsMax)
  await untilOutputFits(context, deadline)
  let moveCount = led.moves?.count
  const run = <T>(steps: Steps<T>): Promise<T> => runFor(partitions.length, steps, context)
  await run(readFirst(request, partitions, fetched, context))
  const isDue = (): boolean =>
    fetched.isUrgent ||
    fetched.size >= Math.min(request.minBytes, context.client.throttle.fetchSizeMax) ||
    clock.monotonic() >= deadline ||
    context.client.isClosed ||
    context.client.isEnding
  if (isDue()) return
  using watch = new RecordWatch(
    fetched.reads.map(({ partition }) => partition as Partition),
    context,
  )
  for (;;) {
    const isCellGone = led.moves?.count !== moveCount
    moveCount = led.moves?.count
    await run(readMoved(request, fetched, context, isCellGone))
    if (isDue()) return
    await watch.waitUntil(deadline)
  }
}

/** While far too much is not taken of what clients were sent, nothing more is read for them. */
async function untilOutputFits(
  { clock, memory, client }: RequestContext,
  deadline: number,
): Promise<void> {
  while (isOutputFull(memory) && clock.monotonic() < deadline && !client.isClosed) {
    await new Promise<void>((resolve) => void clock.after(kafkaLimits.fullOutputWaitMs, resolve))
  }
}

function isOutputFull(memory: MemoryAccount): boolean {
  return memory.isOver('output', memoryLimits.outputHardFactor)
}

function* readFirst(
  request: FetchRequest,
  partitions: readonly FetchedPartition[],
  fetched: FetchedSoFar,
  context: RequestContext,
): Steps<void> {
  for (const asked of partitions) {
    const room = roomLeft(request, fetched.size, context)
    add(fetched, yield* resultOf(readOne(asked, room, context)), context)
  }
}

/**
 * Reads the partitions again that have got records or have gone since they were read, or that the client may
 * not read any more; all of them when a cell has gone, which may have had some.
 */
function* readMoved(
  request: FetchRequest,
  fetched: FetchedSoFar,
  context: RequestContext,
  isCellGone: boolean,
): Steps<void> {
  for (let at = 0; at < fetched.reads.length; at++) {
    const before = fetched.reads[at] as PartitionRead
    if (!isCellGone && !hasMoved(before, context)) continue
    const room = roomLeft(request, fetched.size - before.size, context)
    const read = yield* resultOf(readAgain(before, room, context))
    for (const run of before.retained) run.release()
    fetched.reads[at] = read
    changeSize(fetched, read.size - before.size, context)
    if (before.partition?.isGone || isUrgent(read)) fetched.isUrgent = true
  }
}

/**
 * Whoever waited for a topic hears that it is gone, also when there is another one of its name: with
 * the metadata it learns of that one. A queue that took over the log goes on where the topic was.
 */
function readAgain(
  { asked, partition }: PartitionRead,
  room: Room,
  context: RequestContext,
): PartitionRead | Promise<PartitionRead> {
  const isOther = partition?.log.isDeleted && findView(asked, context) !== undefined
  if (!isOther) return readOne(asked, room, context)
  const data = refuse(asked, 'UNKNOWN_TOPIC_OR_PARTITION', undefined)
  return { asked, view: undefined, partition, data, size: 0, retained: [], isCut: false }
}

function add(fetched: FetchedSoFar, read: PartitionRead, context: RequestContext): void {
  fetched.reads.push(read)
  changeSize(fetched, read.size, context)
  if (isUrgent(read)) fetched.isUrgent = true
}

function changeSize(fetched: FetchedSoFar, size: number, { client }: RequestContext): void {
  fetched.size += size
  client.changeUnfinished(size)
}

/** Nothing more will fit, or the client has to hear of an error. */
function isUrgent({ isCut, data }: PartitionRead): boolean {
  return isCut || data.errorCode !== noError
}

/**
 * What is left of the limit beside `size` bytes. Only the first batch of an answer may go beyond any
 * limit (Kafka's minOneMessage): clients reckon with that one and size their memory by it.
 */
function roomLeft(request: FetchRequest, size: number, context: RequestContext): Room {
  const { memory, client } = context
  const isCommitted = request.isolationLevel === readCommitted
  if (isOutputFull(memory)) return { sizeMax: 0, isStrict: true, isCommitted }
  const answerSizeMax = memory.isOver('output')
    ? memoryLimits.pressedOutputSize
    : kafkaLimits.fetchAnswerSizeMax
  const sizeMax = Math.min(request.maxBytes, answerSizeMax, client.throttle.fetchSizeMax) - size
  return { sizeMax, isStrict: size > 0, isCommitted }
}

function readOne(
  asked: FetchedPartition,
  room: Room,
  context: RequestContext,
): PartitionRead | Promise<PartitionRead> {
  const view = findView(asked, context)
  const partition = view?.led(asked.index)
  const problem = checkPartition(asked, view, partition, context)
  if (view === undefined || partition === undefined || problem !== undefined) {
    // Who may not read it is not told where it begins and ends.
    const told = problem === 'TOPIC_AUTHORIZATION_FAILED' ? undefined : partition
    const refusal = refuse(asked, problem ?? unknownTopic(context.led), told)
    const data = { ...refusal, ...leaderHint(problem, partition, context) }
    return { asked, view, partition, data, size: 0, retained: [], isCut: false }
  }
  const { isStrict, isCommitted } = room
  const offset = Math.max(asked.fetchOffset, partition.startOffset)
  const sizeMax = Math.min(room.sizeMax, asked.partitionMaxBytes)
  const wanted = { offset, sizeMax, isStrict, isCommitted }
  const records = readPartition(context, view, partition, wanted)
  const end = isCommitted ? partition.lastStableOffset : partition.highWatermark
  const found = ({ parts, ...read }: PartitionRecords): PartitionRead => ({
    asked,
    view,
    partition,
    data: dataOf(
      partition,
      asked,
      parts,
      isCommitted && abortedIn({ view, partition }, offset, parts),
    ),
    ...read,
    isCut: isStrict && read.size === 0 && offset < end,
  })
  return records instanceof Promise ? records.then(found) : found(records)
}

// oxlint-disable-next-line max-params -- one for each partition of each fetch
function dataOf(
  partition: Partition,
  asked: FetchedPartition,
  records: readonly Buffer[],
  aborted: AbortedTransaction[] | false,
): PartitionData {
  const { highWatermark, lastStableOffset, startOffset } = partition
  return {
    partitionIndex: asked.index,
    errorCode: noError,
    highWatermark,
    lastStableOffset,
    logStartOffset: startOffset,
    abortedTransactions: aborted || null,
    records,
  }
}

/** What its readers have to leave out; of a work queue they do not get it. */
function abortedIn(
  { view, partition }: { readonly view: TopicView; readonly partition: Partition },
  offset: number,
  records: readonly Buffer[],
): AbortedTransaction[] {
  const last = records.at(-1)
  const { transactions } = partition
  if (view.hasGaps || transactions === undefined || last === undefined) return []
  return transactions.aborted.between(offset, lastOffsetOf(last) + 1)
}

function findView(
  asked: FetchedPartition,
  { led, apiVersion }: RequestContext,
): TopicView | undefined {
  return apiVersion >= topicIdVersion ? led.findById(asked.topicId) : led.find(asked.topic)
}

function checkPartition(
  { topic, index, fetchOffset, currentLeaderEpoch }: FetchedPartition,
  view: TopicView | undefined,
  partition: Partition | undefined,
  { apiVersion, led, access }: RequestContext,
): KafkaErrorName | undefined {
  if (view === undefined && apiVersion >= topicIdVersion && led.knowsAll) return 'UNKNOWN_TOPIC_ID'
  if (!access.needsTopic('read', view?.name ?? topic)) return 'TOPIC_AUTHORIZATION_FAILED'
  if (view === undefined) return unknownTopic(led)
  if (partition === undefined) return absenceIn(view, index)
  const { leaderEpoch: epoch } = partition
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < epoch) return 'FENCED_LEADER_EPOCH'
  if (currentLeaderEpoch > epoch) return 'UNKNOWN_LEADER_EPOCH'
  const isBelow = fetchOffset < partition.startOffset && !view.hasGaps
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

/** Whether records became durable since they were looked for, or the partition or the right has gone. */
function hasMoved({ view, partition, data }: PartitionRead, { access }: RequestContext): boolean {
  if (view === undefined || partition === undefined) return false
  if (partition.isGone || partition.highWatermark !== data.highWatermark) return true
  if (partition.lastStableOffset !== data.lastStableOffset) return true
  return !access.mayTopic('read', view.name)
}

function* toResponse(
  fetched: FetchedSoFar,
  session: FetchSession | undefined,
  context: RequestContext,
): Steps<FetchResponse> {
  const topics = new Map<string, FetchedTopic>()
  for (const { asked, data, size } of fetched.reads) {
    yield
    if (session !== undefined && session.epoch > 1 && isOldNews(asked, data, size)) continue
    asked.toldHighWatermark = data.highWatermark
    asked.toldStableOffset = data.lastStableOffset ?? -1
    asked.toldStartOffset = data.logStartOffset ?? -1
    // When there is more than one answer holds, the others come first the next time.
    if (size > 0) session?.moveToEnd(asked)
    const key = `${asked.topic}/${asked.topicId}`
    const topic = topics.get(key)
    if (topic === undefined) {
      topics.set(key, { topic: asked.topic, topicId: asked.topicId, partitions: [data] })
    } else topic.partitions.push(data)
  }
  const isLong = fetched.reads.length > kafkaLimits.fetchedAtOnceMax
  const responses = isLong ? yield* written(topics.values(), context) : [...topics.values()]
  const answer = { throttleTimeMs: 0, errorCode: noError, sessionId: session?.id ?? 0, responses }
  const hasHint = fetched.reads.some(({ data }) => data.currentLeader !== undefined)
  return hasHint ? { ...answer, nodeEndpoints: [leaderEndpoint(context)] } : answer
}

/** The same topics, with their partitions written by now. */
function* written(
  topics: Iterable<FetchedTopic>,
  context: RequestContext,
): Steps<FetchableTopicResponse[]> {
  const answers: FetchableTopicResponse[] = []
  for (const topic of topics) {
    const writer = new ItemWriter('fetch', context, writePartitionData)
    const partitions = yield* writeAll(writer, topic.partitions)
    answers.push({ ...topic, partitions })
  }
  return answers
}

function isOldNews(asked: FetchedPartition, data: PartitionData, size: number): boolean {
  return (
    size === 0 &&
    data.errorCode === noError &&
    data.highWatermark === asked.toldHighWatermark &&
    data.lastStableOffset === asked.toldStableOffset &&
    data.logStartOffset === asked.toldStartOffset
  )
}
