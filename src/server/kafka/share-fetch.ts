// ShareFetch (key 78): members of a share group get records and say what became of others (KIP-932). It
// waits as Fetch does; a record is a member's from the moment at which its answer is made.
import type { AcquiredRange } from '../../broker/share/share-reading.ts'
import {
  type ShareSettings,
  shareMaximaOf,
  shareSettingsOf,
} from '../../broker/share/share-settings.ts'
import type {
  AcquiredRecords,
  PartitionData,
  ShareFetchRequest,
  ShareFetchResponse,
} from '../../codec/kafka/messages/share-fetch.gen.ts'
import { runAtOnce, type Steps } from '../../lib/slices.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { answerOf, answerTo, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { ShareRead, type ShareReadAsked } from './share-read.ts'
import {
  acknowledgeAll,
  checkRequester,
  hasAcknowledgements,
  noLeader,
  type PlaceAcknowledged,
  type ShareRequester,
} from './share-requests.ts'
import { type SharedPlace, type ShareSession, shareSessionEpoch } from './share-sessions.ts'

const renewVersion = 2
const acquireModes = { batchOptimized: 0, recordLimit: 1 } as const

export const handleShareFetch: Handler<'shareFetch'> = async (request, context) => {
  try {
    const requester = checkRequester(request, context)
    checkRequest(request, context)
    const session = await openSession(request, requester, context)
    const settings = shareSettingsOf(context.broker, requester.groupId)
    const acknowledging = acknowledgeAll(request.topics, requester, context)
    const isLast = request.shareSessionEpoch === shareSessionEpoch.final
    if (isLast) context.shareSessions.close(session)
    // KIP-1222: an answer to a renewal must not wait for records. KIP-219: nor one to a client over its quota.
    const isThrottled = context.client.throttle.isInDebt('fetch')
    const read =
      isLast || request.isRenewAck || isThrottled
        ? undefined
        : await readRecords(session, askedOf(request, requester, settings), context)
    const parts = { read, acknowledged: await acknowledging, settings }
    const count = (read?.found.length ?? 0) + parts.acknowledged.length
    return await runSteps(answer(parts), count, context)
  } catch (error) {
    const none = { acquisitionLockTimeoutMs: 0, responses: [], nodeEndpoints: [] }
    return { throttleTimeMs: 0, ...answerTo(error), ...none }
  }
}

/** Throws INVALID_REQUEST. */
function checkRequest(request: ShareFetchRequest, { apiVersion }: RequestContext): void {
  const { shareSessionEpoch: epoch, topics, isRenewAck, shareAcquireMode: mode } = request
  if (epoch === shareSessionEpoch.initial && hasAcknowledgements(topics)) {
    throw invalidRequest('A request that opens a share session has no acknowledgements.')
  }
  if (mode !== acquireModes.batchOptimized && mode !== acquireModes.recordLimit) {
    throw invalidRequest(`Acquire mode ${mode} is not known.`)
  }
  if (apiVersion < renewVersion || !isRenewAck) return
  const names = ['maxBytes', 'minBytes', 'maxRecords', 'maxWaitMs'] as const
  const wrong = names.filter((name) => request[name] !== 0)
  if (wrong.length === 0) return
  const problems = wrong.map((name) => `${name} must be set to 0, `).join('')
  throw invalidRequest(`${problems}if isRenewAck is true.`)
}

/** The session with the partitions that the request says. Throws Kafka's errors of sessions. */
async function openSession(
  request: ShareFetchRequest,
  requester: ShareRequester,
  context: RequestContext,
): Promise<ShareSession> {
  const { shareSessions, client, broker, clock } = context
  const { shareSessionEpoch: epoch } = request
  const asked = { ...requester, epoch }
  const session =
    epoch === shareSessionEpoch.initial
      ? shareSessions.open(asked, client, shareMaximaOf(broker).sessions)
      : shareSessions.next(asked)
  if (typeof session === 'string') {
    // Nobody should ask again and again without a break.
    const waitMs = Math.min(request.maxWaitMs, kafkaLimits.fetchWaitMsMax)
    if (session === 'SHARE_SESSION_LIMIT_REACHED') {
      await new Promise<void>((resolve) => void clock.after(Math.max(0, waitMs), resolve))
    }
    throw new KafkaRefusal(session)
  }
  await runSteps(namePlaces(session, request, context), countPlaces(request), context)
  return session
}

/** What the request says of the partitions of a session. Throws SHARE_SESSION_LIMIT_REACHED. */
function* namePlaces(
  session: ShareSession,
  { shareSessionEpoch: epoch, topics, forgottenTopicsData }: ShareFetchRequest,
  { shareSessions }: RequestContext,
): Steps<void> {
  for (const { topicId, partitions } of forgottenTopicsData) {
    for (const index of partitions) {
      yield
      shareSessions.forget(session, { topicId, index })
    }
  }
  if (epoch === shareSessionEpoch.final) return
  for (const { topicId, partitions } of topics) {
    for (const { partitionIndex: index } of partitions) {
      yield
      if (shareSessions.add(session, { topicId, index })) continue
      throw new KafkaRefusal('SHARE_SESSION_LIMIT_REACHED')
    }
  }
}

function countPlaces({ topics, forgottenTopicsData }: ShareFetchRequest): number {
  const named = [...topics, ...forgottenTopicsData]
  return named.reduce((sum, { partitions }) => sum + partitions.length, 0)
}

/** What few partitions take is done at once, what many take in slices. */
function runSteps<T>(steps: Steps<T>, count: number, { slices }: RequestContext): Promise<T> {
  return count > kafkaLimits.fetchedAtOnceMax ? slices.run(steps) : runAtOnce(steps)
}

function askedOf(
  request: ShareFetchRequest,
  requester: ShareRequester,
  settings: ShareSettings,
): ShareReadAsked {
  return {
    ...requester,
    settings,
    minBytes: request.minBytes,
    maxBytes: request.maxBytes,
    maxWaitMs: request.maxWaitMs,
    recordsMax: request.maxRecords,
    batchSize: Math.max(1, request.batchSize),
    isStrict: request.shareAcquireMode === acquireModes.recordLimit,
  }
}

async function readRecords(
  session: ShareSession,
  asked: ShareReadAsked,
  context: RequestContext,
): Promise<ShareRead> {
  const read = new ShareRead(session, asked, context)
  await read.run()
  context.slot.releaseOnceSent(read.retained)
  return read
}

interface ShareAnswer {
  readonly read: ShareRead | undefined
  readonly acknowledged: readonly PlaceAcknowledged[]
  readonly settings: ShareSettings
}

/** Partitions that have nothing to say are left out. */
function* answer({ read, acknowledged, settings }: ShareAnswer): Steps<ShareFetchResponse> {
  const topics = new Map<string, Map<number, PartitionData>>()
  const put = ({ topicId, index }: SharedPlace, data: Partial<PartitionData>): void => {
    const partitions = topics.get(topicId) ?? new Map<number, PartitionData>()
    const before = partitions.get(index) ?? emptyData(index)
    topics.set(topicId, partitions.set(index, { ...before, ...data }))
  }
  for (const { place, problem, parts, ranges } of read?.found ?? []) {
    yield
    const refusal = problem && answerOf(problem)
    put(place, { ...refusal, records: parts, acquiredRecords: ranges.map(toWire) })
  }
  for (const { answer: result, ...place } of acknowledged) {
    yield
    const { errorCode: acknowledgeErrorCode, errorMessage: acknowledgeErrorMessage } = result
    put(place, { acknowledgeErrorCode, acknowledgeErrorMessage })
  }
  const responses = Array.from(topics, ([topicId, partitions]) => {
    return { topicId, partitions: [...partitions.values()] }
  })
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    errorMessage: null,
    acquisitionLockTimeoutMs: settings.recordLockMs,
    responses,
    nodeEndpoints: [],
  }
}

function emptyData(partitionIndex: number): PartitionData {
  return {
    partitionIndex,
    errorCode: noError,
    acknowledgeErrorCode: noError,
    currentLeader: noLeader,
    records: [],
    acquiredRecords: [],
  }
}

function toWire({ first, last, deliveryCount }: AcquiredRange): AcquiredRecords {
  return { firstOffset: first, lastOffset: last, deliveryCount }
}
