// ShareAcknowledge (key 79): members say what became of records, without asking for others. KIP-932.
import { shareSettingsOf } from '../../broker/share/share-settings.ts'
import type {
  ShareAcknowledgeResponse,
  ShareAcknowledgeTopicResponse,
} from '../../codec/kafka/messages/share-acknowledge.gen.ts'
import { answerTo, KafkaRefusal, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import {
  acknowledgeAll,
  checkRequester,
  noLeader,
  type PlaceAcknowledged,
} from './share-requests.ts'
import { shareSessionEpoch } from './share-sessions.ts'

export const handleShareAcknowledge: Handler<'shareAcknowledge'> = async (request, context) => {
  try {
    const requester = checkRequester(request, context)
    const { shareSessionEpoch: epoch } = request
    if (epoch === shareSessionEpoch.initial) throw new KafkaRefusal('INVALID_SHARE_SESSION_EPOCH')
    const session = context.shareSessions.next({ ...requester, epoch })
    if (typeof session === 'string') throw new KafkaRefusal(session)
    const acknowledging = acknowledgeAll(request.topics, requester, context, true)
    if (epoch === shareSessionEpoch.final) context.shareSessions.close(session)
    const { recordLockMs } = shareSettingsOf(context.broker, requester.groupId)
    return answer(await acknowledging, recordLockMs)
  } catch (error) {
    return { throttleTimeMs: 0, ...answerTo(error), responses: [], nodeEndpoints: [] }
  }
}

function answer(results: readonly PlaceAcknowledged[], lockMs: number): ShareAcknowledgeResponse {
  const topics = Map.groupBy(results, ({ topicId }) => topicId)
  const responses = Array.from(topics, ([topicId, partitions]): ShareAcknowledgeTopicResponse => ({
    topicId,
    partitions: partitions.map(({ index: partitionIndex, answer: result }) => ({
      partitionIndex,
      ...result,
      currentLeader: noLeader,
    })),
  }))
  return {
    throttleTimeMs: 0,
    errorCode: noError,
    errorMessage: null,
    acquisitionLockTimeoutMs: lockMs,
    responses,
    nodeEndpoints: [],
  }
}
