// Produce (key 0): batches go into their partitions in the order of the requests; the answer waits
// until all of them are durable.
import type { TopicView } from '../../broker/topic/topics.ts'
import type { RefusedRecord } from '../../codec/kafka/check-records.ts'
import type {
  BatchIndexAndErrorMessage,
  PartitionProduceData,
  PartitionProduceResponse,
  ProduceResponse,
  TopicProduceData,
} from '../../codec/kafka/messages/produce.gen.ts'
import type { CommitGroup } from '../../log/commit-group.ts'
import { whenDurable } from './await-group.ts'
import { checkBatchRecords, RefusedRecordsError } from './check-records.ts'
import { answerTo, codeOf, noError } from './error-code.ts'
import type { Handler, RequestContext } from './request-context.ts'

const empty = Buffer.alloc(0)
const topicIdVersion = 13
const allowedAcks: ReadonlySet<number> = new Set([-1, 0, 1])

export const handleProduce: Handler<'produce'> = async (request, context) => {
  const groups = new Set<CommitGroup>()
  const isAllowed = allowedAcks.has(request.acks)
  const responses = request.topicData.map((topic) => {
    const partitionResponses = isAllowed
      ? produceTopic(topic, context, groups)
      : refuseTopic(topic, 'INVALID_REQUIRED_ACKS')
    return { name: topic.name, topicId: topic.topicId, partitionResponses }
  })
  if (request.acks === 0) {
    // Nobody waits for an answer, so an error can only be shown by ending the connection.
    if (hasError(responses)) context.connection.destroy()
    return undefined
  }
  for (const group of groups) await whenDurable(group)
  return { responses, throttleTimeMs: 0 }
}

function produceTopic(
  topic: TopicProduceData,
  context: RequestContext,
  groups: Set<CommitGroup>,
): PartitionProduceResponse[] {
  const isById = context.apiVersion >= topicIdVersion
  const view = isById ? context.topics.findById(topic.topicId) : context.topics.find(topic.name)
  if (view === undefined) {
    return refuseTopic(topic, isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
  }
  return topic.partitionData.map((data) => produceBatch(view, data, context, groups))
}

function produceBatch(
  view: TopicView,
  { index, records }: PartitionProduceData,
  context: RequestContext,
  groups: Set<CommitGroup>,
): PartitionProduceResponse {
  const partition = view.partitions[index]
  if (partition === undefined) return refuse(index, codeOf('UNKNOWN_TOPIC_OR_PARTITION'), null)
  if (context.broker.store.blocked !== undefined) {
    return refuse(index, codeOf('KAFKA_STORAGE_ERROR'), 'The broker is low on disk')
  }
  try {
    const { baseOffset, group, appendTime } = partition.produce(records ?? empty, checkBatchRecords)
    if (group !== undefined) groups.add(group)
    return {
      index,
      errorCode: noError,
      baseOffset,
      logAppendTimeMs: view.config.usesAppendTime ? appendTime : -1,
      logStartOffset: partition.startOffset,
    }
  } catch (error) {
    const { errorCode, errorMessage } = answerTo(error)
    if (errorCode < 0) context.logger.error({ err: error }, 'Produce failed')
    const refusal = refuse(index, errorCode, errorMessage)
    const hasDetails = error instanceof RefusedRecordsError
    return hasDetails ? { ...refusal, recordErrors: error.refused.map(toRecordError) } : refusal
  }
}

function toRecordError({ index, message }: RefusedRecord): BatchIndexAndErrorMessage {
  return { batchIndex: index, batchIndexErrorMessage: message }
}

function refuseTopic(
  topic: TopicProduceData,
  name: Parameters<typeof codeOf>[0],
): PartitionProduceResponse[] {
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
