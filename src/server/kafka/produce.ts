// Produce (key 0): batches go into their partitions in the order of the requests; the answer waits
// until all of them are durable.
import { RefusedRecordsError, rulesOf, unreadable } from '../../broker/topic/check-records.ts'
import type { BatchFindings, Partition } from '../../broker/topic/partition.ts'
import type { TopicView } from '../../broker/topic/topic-view.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type {
  BatchIndexAndErrorMessage,
  PartitionProduceResponse,
  ProduceRequest,
  ProduceResponse,
  TopicProduceData,
  TopicProduceResponse,
} from '../../codec/kafka/messages/produce.gen.ts'
import { WorkerClosedError } from '../../crossing/worker-closed-error.ts'
import { assert } from '../../lib/assert.ts'
import type { Clock } from '../../lib/clock.ts'
import { finishAtOnce, type Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { memoryLimits } from '../../limits/memory.ts'
import type { Ticket } from '../../log/ticket.ts'
import { crcOfBatchInSteps, batchField } from '../../record/batch/batch-header.ts'
import { batchHeaderSize, compressionOf } from '../../record/batch/batch-header.ts'
import type { RefusedRecord } from '../../record/batch/check-records.ts'
import { CodecError } from '../../record/codec-error.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import { absenceIn } from './led-topics.ts'
import { partyOf } from './party.ts'
import type { Handler, KafkaClient, RequestContext } from './request-context.ts'
import { absenceOf } from './topic-absence.ts'
import { ElsewhereJoins } from './transactions/elsewhere-joins.ts'
import { isTransactional } from './transactions/transactional-batch.ts'
import { addToTransaction, expectInTransaction } from './transactions/transactional-produce.ts'

/** Where a batch goes. */
interface PartitionBatch {
  readonly view: TopicView
  readonly partition: Partition
  readonly index: number
  readonly batch: Buffer
  /** Of the request. */
  readonly transactionalId: string | null
  readonly joins: ElsewhereJoins | undefined
  /** Of a large batch. */
  readonly findings?: BatchFindings
}

/** A batch that takes longer than a turn of the event loop to check. */
interface LargeBatch extends PartitionBatch {
  /** Its answer goes to `at` of these. */
  readonly responses: PartitionProduceResponse[]
  readonly at: number
}

/** What of a request is in the log, and when that is durable. */
interface Appended {
  readonly tickets: Set<Ticket | undefined>
  recordCount: number
}

/** What one request is about. */
interface ProduceProgress {
  readonly context: RequestContext
  readonly appended: Appended
  readonly large: LargeBatch[]
  readonly transactionalId: string | null
  /** What the coordinator of its transaction was asked, where that is in another cell than its partitions. */
  joins?: ElsewhereJoins
}

type Answers = ProduceResponse['responses']

const empty = Buffer.alloc(0)
const zstdVersion = 7
const topicIdVersion = 13
const allowedAcks: ReadonlySet<number> = new Set([-1, 0, 1])

export const handleProduce: Handler<'produce'> = async (request, context) => {
  const { client } = context
  // A batch that is checked elsewhere holds up what its producer sends after it.
  while (client.heldProduces !== undefined) await client.heldProduces
  const { publishHold } = client
  if (publishHold.isNeeded) {
    const ms = Math.min(Math.max(request.timeoutMs, 0) / 2, kafkaLimits.produceHoldMsMax)
    if (!(await publishHold.wait(ms))) return refuseAsShort(request, context)
    // All that waited go on at once, and one of them may hold up those behind it.
    for (let held = heldBy(client); held !== undefined; held = heldBy(client)) await held
  }
  // What came before it was refused, and told its producer so by ending the connection.
  if (client.hasFailedProduce) return undefined
  const appended: Appended = { tickets: new Set(), recordCount: 0 }
  const isAllowed = allowedAcks.has(request.acks)
  const { transactionalId } = request
  const made = isAllowed
    ? produceAll(request, { context, appended, large: [], transactionalId })
    : request.topicData.map((topic) => ({
        name: topic.name,
        topicId: topic.topicId,
        partitionResponses: refuseTopic(topic, 'INVALID_REQUIRED_ACKS'),
      }))
  const responses = made instanceof Promise ? await made : made
  endIfUnheard(request, responses, client)
  if (request.acks === 0) return undefined
  client.counters.confirmable += appended.recordCount
  for (const ticket of appended.tickets) await whenDurable(ticket)
  client.counters.confirmed += appended.recordCount
  return { responses, throttleTimeMs: client.throttle.throttleTimeMs }
}

/** Looked at anew: another request may have come first since. */
function heldBy({ heldProduces }: RequestContext['client']): Promise<void> | undefined {
  return heldProduces
}

/** Publishers are blocked, and the producer hears of it before it gives up: it may try again later. */
function refuseAsShort(
  request: ProduceRequest,
  context: RequestContext,
): ProduceResponse | undefined {
  const { broker, client } = context
  if (request.acks === 0) {
    client.failProduce()
    return undefined
  }
  // No record was appended, and clients try again after this one.
  const errorCode = codeOf('NOT_ENOUGH_REPLICAS')
  const errorMessage = `The broker is ${broker.shortage.reason ?? 'busy'}`
  const responses = request.topicData.map((topic) => {
    const found = findTopic(topic, context)
    if (typeof found === 'string') {
      const { name, topicId } = topic
      return { name, topicId, partitionResponses: refuseTopic(topic, found) }
    }
    const partitionResponses = topic.partitionData.map(({ index, records }) => {
      found.led(index)?.noteFailed(records ?? empty)
      return refuse(index, errorCode, errorMessage)
    })
    return { name: topic.name, topicId: topic.topicId, partitionResponses }
  })
  return { responses, throttleTimeMs: kafkaLimits.produceThrottleMs }
}

/**
 * Puts the batches in their places, at once if that is not much. Else what the producer sends next waits:
 * for many partitions, some of which have their turn after others, for large batches, and for a coordinator elsewhere.
 */
function produceAll(
  request: ProduceRequest,
  progress: ProduceProgress,
): Answers | Promise<Answers> {
  if (request.transactionalId !== null && progress.context.led.hasBranches) {
    const joining = joinElsewhere(request, progress)
    if (joining !== undefined) return holdWhile(request, progress, joining)
  }
  const answers = run(produceTopics(request, progress), request, progress)
  if (!(answers instanceof Promise) && progress.large.length === 0) return answers
  return holdWhile(request, progress, answers)
}

function run<T>(
  steps: Steps<T>,
  request: ProduceRequest,
  { context }: ProduceProgress,
): T | Promise<T> {
  const isShort = countOf(request) <= kafkaLimits.producedAtOnceMax
  return isShort ? finishAtOnce(steps) : context.slices.run(steps)
}

/** Undefined when nobody elsewhere has to be asked. */
function joinElsewhere(
  request: ProduceRequest,
  progress: ProduceProgress,
): Promise<Answers> | undefined {
  const looking = run(lookElsewhere(request, progress), request, progress)
  if (!(looking instanceof Promise)) {
    return looking.isNeeded ? produceJoined(request, progress, looking) : undefined
  }
  return looking.then((joins) => produceJoined(request, progress, joins))
}

async function produceJoined(
  request: ProduceRequest,
  progress: ProduceProgress,
  joins: ElsewhereJoins,
): Promise<Answers> {
  progress.joins = joins
  await joins.ask()
  return run(produceTopics(request, progress), request, progress)
}

function* lookElsewhere(
  request: ProduceRequest,
  { context, transactionalId }: ProduceProgress,
): Steps<ElsewhereJoins> {
  const joins = new ElsewhereJoins(context)
  for (const topic of request.topicData) {
    const view = findTopic(topic, context)
    if (typeof view === 'string') continue
    for (const { index, records } of topic.partitionData) {
      const partition = view.led(index)
      if (partition === undefined || records === null) continue
      joins.look({ view, partition, index, batch: records, transactionalId })
      yield
    }
  }
  return joins
}

/** How many partitions a request names; a topic without any takes as long as one. */
function countOf({ topicData }: ProduceRequest): number {
  return topicData.reduce((sum, { partitionData }) => sum + Math.max(partitionData.length, 1), 0)
}

/** Nothing that the producer sends next is begun before it is known whether that ends the connection. */
async function holdWhile(
  request: ProduceRequest,
  progress: ProduceProgress,
  begun: Answers | Promise<Answers>,
): Promise<Answers> {
  const { client } = progress.context
  let answers: Answers = []
  const work = async (): Promise<void> => {
    try {
      answers = await begun
      await produceLarge(progress)
    } finally {
      progress.joins?.[Symbol.dispose]()
    }
    endIfUnheard(request, answers, client)
  }
  await client.holdProduces(work())
  return answers
}

/** Who waits for no answer is shown an error by the end of the connection. */
function endIfUnheard({ acks }: ProduceRequest, answers: Answers, client: KafkaClient): void {
  if (acks === 0 && hasError(answers)) client.failProduce()
}

function* produceTopics(request: ProduceRequest, progress: ProduceProgress): Steps<Answers> {
  const responses: TopicProduceResponse[] = []
  for (const topic of request.topicData) {
    const partitionResponses = yield* produceTopic(topic, progress)
    responses.push({ name: topic.name, topicId: topic.topicId, partitionResponses })
  }
  return responses
}

/** The topic, or why there is nothing to produce to. */
function findTopic(
  { name, topicId }: TopicProduceData,
  context: RequestContext,
): TopicView | KafkaErrorName {
  const { apiVersion, led, access } = context
  const isById = apiVersion >= topicIdVersion
  const view = isById ? led.findById(topicId) : led.find(name)
  if (view === undefined && !led.knowsAll) return 'NOT_LEADER_OR_FOLLOWER'
  if (view === undefined && isById) return 'UNKNOWN_TOPIC_ID'
  if (!access.needsTopic('write', view?.name ?? name)) return 'TOPIC_AUTHORIZATION_FAILED'
  return view ?? absenceOf(name, context)
}

function* produceTopic(
  topic: TopicProduceData,
  progress: ProduceProgress,
): Steps<PartitionProduceResponse[]> {
  const view = findTopic(topic, progress.context)
  if (typeof view === 'string') {
    yield
    return refuseTopic(topic, view)
  }
  const { transactionalId } = progress
  if (transactionalId !== null) addAllToTransaction(topic, view, progress)
  const responses: PartitionProduceResponse[] = []
  for (const [at, { index, records }] of topic.partitionData.entries()) {
    const partition = view.led(index)
    if (partition === undefined) {
      responses[at] = refuse(index, codeOf(absenceIn(view, index)), null)
      continue
    }
    const { joins } = progress
    const sent = { view, partition, index, batch: records ?? empty, transactionalId, joins }
    const answer = produceData(sent, progress)
    if (answer === 'large') progress.large.push({ ...sent, responses, at })
    else responses[at] = answer
    yield
  }
  return responses
}

function addAllToTransaction(
  { partitionData }: TopicProduceData,
  view: TopicView,
  { context, transactionalId }: ProduceProgress,
): void {
  const batches = partitionData.flatMap(({ index, records }) => {
    const partition = view.led(index)
    if (partition === undefined || records === null) return []
    return [{ partition, view, index, batch: records, transactionalId }]
  })
  addToTransaction(batches, context)
}

/** 'large': the answer comes from `produceLarge`. */
function produceData(
  sent: PartitionBatch,
  { context, appended }: ProduceProgress,
): PartitionProduceResponse | 'large' {
  const { index, batch } = sent
  if (context.apiVersion < zstdVersion && isZstd(batch)) {
    return refuse(index, codeOf('UNSUPPORTED_COMPRESSION_TYPE'), null)
  }
  if (batch.length > memoryLimits.crcPerTurnMax) return 'large'
  try {
    return produceBatch(sent, context, appended)
  } catch (error) {
    return refuseBatch(sent, error, context)
  }
}

function produceBatch(
  sent: PartitionBatch,
  context: RequestContext,
  appended: Appended,
): PartitionProduceResponse | 'large' {
  const { view, partition, index, batch, findings } = sent
  const { client, batchWorker, led } = context
  // The log is being closed: whoever waited for others until now comes too late.
  if (batchWorker.isClosed) throw new WorkerClosedError()
  if (isTransactional(batch)) expectInTransaction(sent, context, sent.joins)
  const produced = partition.produce(batch, findings)
  if (produced === 'large') return produced
  const { baseOffset, recordCount, ticket, appendTime } = produced
  if (recordCount > 0) {
    led.cellOf(partition).broker.watch.observer?.onBatch(
      {
        stream: view.source,
        log: partition.log,
        partition: index,
        first: baseOffset,
        last: baseOffset + recordCount - 1,
      },
      partyOf(client),
      ticket,
    )
  }
  client.counters.published += recordCount
  client.counters.routed += recordCount
  client.counters.producedSize += batch.length
  client.throttle.onProduced(recordCount, batch.length, view.source.publishLimit)
  appended.tickets.add(ticket)
  appended.recordCount += recordCount
  return {
    index,
    errorCode: noError,
    baseOffset,
    logAppendTimeMs: view.config.usesAppendTime ? appendTime : -1,
    logStartOffset: partition.startOffset,
  }
}

/** One after the other, so that one producer does not keep others' large batches waiting. */
async function produceLarge({ large, context, appended }: ProduceProgress): Promise<void> {
  for (const each of large) {
    const { responses, at } = each
    try {
      // With a wrong checksum it is refused in the order of the checks, and not looked at again.
      const findings = { isIntact: await isIntact(each.batch, context.clock) }
      responses[at] = await produceOne({ ...each, findings }, context, appended)
    } catch (error) {
      const reason = error instanceof CodecError ? unreadable(error) : error
      responses[at] = refuseBatch(each, reason, context)
    }
  }
}

/** The records are looked at here, or in the thread where that takes longer. */
async function produceOne(
  sent: PartitionBatch,
  context: RequestContext,
  appended: Appended,
): Promise<PartitionProduceResponse> {
  const { view, batch, index, findings } = sent
  const before = refusalOf(sent, context)
  if (before !== undefined) return refuse(index, codeOf(before), null)
  const answer = produceBatch(sent, context, appended)
  if (answer !== 'large') return answer
  const checked = await context.batchWorker.check(batch, rulesOf(view.config, context.clock.now()))
  const refusal = refusalOf(sent, context)
  if (refusal !== undefined) return refuse(index, codeOf(refusal), null)
  const stored = produceBatch({ ...sent, findings: { ...findings, checked } }, context, appended)
  assert(stored !== 'large', 'the records have been looked at')
  return stored
}

/** What has come between while the batch was looked at: the topic or the right has gone. */
function refusalOf(
  { view, partition }: PartitionBatch,
  { access }: RequestContext,
): KafkaErrorName | undefined {
  if (partition.log.isDeleted) return 'UNKNOWN_TOPIC_OR_PARTITION'
  return access.mayTopic('write', view.name) ? undefined : 'TOPIC_AUTHORIZATION_FAILED'
}

async function isIntact(batch: Buffer, clock: Clock): Promise<boolean> {
  if (batch.length < batchHeaderSize) return false
  return (await crcOfBatchInSteps(batch, clock)) === batch.readUInt32BE(batchField.crc)
}

function refuseBatch(
  { partition, index, batch }: PartitionBatch,
  error: unknown,
  { logger }: RequestContext,
): PartitionProduceResponse {
  const { errorCode, errorMessage } = answerTo(error)
  const isUnexpected = errorCode < 0
  if (isUnexpected) logger.error({ err: error }, 'Produce failed')
  if (isUnexpected || error instanceof WorkerClosedError) partition.noteFailed(batch)
  const refusal = refuse(index, errorCode, errorMessage)
  const hasDetails = error instanceof RefusedRecordsError
  return hasDetails ? { ...refusal, recordErrors: error.refused.map(toRecordError) } : refusal
}

/** KIP-110: older clients, and those who fetch with older versions, do not know it. */
function isZstd(batch: Buffer): boolean {
  if (batch.length < batchHeaderSize) return false
  return compressionOf(batch) === 'zstd'
}

function toRecordError({ index, message }: RefusedRecord): BatchIndexAndErrorMessage {
  return { batchIndex: index, batchIndexErrorMessage: message }
}

function refuseTopic(topic: TopicProduceData, name: KafkaErrorName): PartitionProduceResponse[] {
  return topic.partitionData.map(({ index }) => refuse(index, codeOf(name), null))
}

function refuse(
  index: number,
  errorCode: number,
  errorMessage: string | null,
): PartitionProduceResponse {
  return { index, errorCode, errorMessage, baseOffset: -1 }
}

function hasError(responses: ProduceResponse['responses']): boolean {
  return responses.some(({ partitionResponses }) =>
    partitionResponses.some(({ errorCode }) => errorCode !== noError),
  )
}
