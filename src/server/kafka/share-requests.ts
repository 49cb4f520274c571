// What ShareFetch and ShareAcknowledge have in common (KIP-932): who asks, and what became of records.
import {
  acknowledge,
  type AcknowledgedBatch,
  type AcknowledgeError,
} from '../../broker/share/acknowledge.ts'
import type { SharePartition } from '../../broker/share/share-partition.ts'
import { shareSettingsOf } from '../../broker/share/share-settings.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { LeaderIdAndEpoch } from '../../codec/kafka/messages/share-fetch.gen.ts'
import { shareLimits } from '../../limits/share.ts'
import { answerOf, type ErrorAnswer, invalidRequest, KafkaRefusal, noError } from './error-code.ts'
import { absenceIn } from './led-topics.ts'
import type { RequestContext } from './request-context.ts'
import type { SharedPlace } from './share-sessions.ts'

/** Partitions by topic, as both requests name them. */
export interface AcknowledgedTopic {
  readonly topicId: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly acknowledgementBatches: readonly AcknowledgedBatch[]
  }[]
}

/** Which member of which group asks. */
export interface ShareRequester {
  readonly groupId: string
  readonly memberId: string
}

/** What became of the acknowledgements of one partition. */
export interface PlaceAcknowledged extends SharedPlace {
  readonly answer: ErrorAnswer
}

/** Long enough for every id: Kafka's own are UUIDs. */
const renewVersion = 2
const fine: ErrorAnswer = { errorCode: noError, errorMessage: null }
/** Clients that come to another than the leader look for it. */
export const noLeader: LeaderIdAndEpoch = { leaderId: -1, leaderEpoch: -1 }

const errorNames: Readonly<Record<AcknowledgeError, KafkaErrorName>> = {
  invalid_request: 'INVALID_REQUEST',
  invalid_record_state: 'INVALID_RECORD_STATE',
}

/** Throws GROUP_AUTHORIZATION_FAILED, and INVALID_REQUEST for what is no member. */
export function checkRequester(
  { groupId, memberId }: { readonly groupId: string | null; readonly memberId: string | null },
  { access }: RequestContext,
): ShareRequester {
  if (!access.needsGroup('read', groupId ?? '')) {
    throw new KafkaRefusal('GROUP_AUTHORIZATION_FAILED')
  }
  if (groupId === null || groupId === '') throw invalidRequest("GroupId can't be empty.")
  const size = memberId?.length ?? 0
  if (memberId !== null && size > 0 && size <= shareLimits.shareMemberIdSizeMax) {
    return { groupId, memberId }
  }
  throw invalidRequest('Invalid member id in the request.')
}

/** What a member may read there: the group's place in it, or Kafka's name of the problem. */
export function findSharePlace(
  { topicId, index }: SharedPlace,
  { groupId }: ShareRequester,
  { led, access }: RequestContext,
): SharePartition | KafkaErrorName {
  const view = led.findById(topicId)
  if (view === undefined) return led.knowsAll ? 'UNKNOWN_TOPIC_ID' : 'NOT_LEADER_OR_FOLLOWER'
  if (!access.needsTopic('read', view.name)) return 'TOPIC_AUTHORIZATION_FAILED'
  const partition = view.led(index)
  if (partition === undefined) return absenceIn(view, index)
  const { shareGroups } = led.cellOf(partition)
  return shareGroups.findShare(groupId, topicId, index) ?? 'UNKNOWN_TOPIC_OR_PARTITION'
}

export function hasAcknowledgements(topics: readonly AcknowledgedTopic[]): boolean {
  return topics.some(({ partitions }) =>
    partitions.some(({ acknowledgementBatches }) => acknowledgementBatches.length > 0),
  )
}

/**
 * Takes all acknowledgements in at once, and resolves when they are durable: before the member is
 * answered. Partitions without any are left out, unless `isComplete`.
 */
export function acknowledgeAll(
  topics: readonly AcknowledgedTopic[],
  requester: ShareRequester,
  context: RequestContext,
  isComplete = false,
): Promise<PlaceAcknowledged[]> {
  const results: Promise<PlaceAcknowledged>[] = []
  for (const { topicId, partitions } of topics) {
    for (const { partitionIndex: index, acknowledgementBatches: batches } of partitions) {
      if (batches.length === 0 && !isComplete) continue
      const place = { topicId, index }
      const result = acknowledgeOne(place, batches, requester, context)
      results.push(result.then((answer) => ({ ...place, answer })))
    }
  }
  return Promise.all(results)
}

async function acknowledgeOne(
  place: SharedPlace,
  batches: readonly AcknowledgedBatch[],
  requester: ShareRequester,
  context: RequestContext,
): Promise<ErrorAnswer> {
  const share = findSharePlace(place, requester, context)
  if (typeof share === 'string') return answerOf(share)
  if (batches.length === 0) return fine
  const { store } = share
  const settings = shareSettingsOf(context.broker, requester.groupId)
  const knowsRenew = context.apiVersion >= renewVersion
  const asked = { memberId: requester.memberId, batches, knowsRenew }
  const result = acknowledge(share, asked, { store, settings })
  if (result.error !== undefined) {
    return answerOf(errorNames[result.error], result.message)
  }
  await whenDurable(result.ticket)
  if (result.hasDead) {
    await new Promise<void>((resolve) => {
      share.whenDeadMoved(resolve)
    })
  }
  return fine
}
