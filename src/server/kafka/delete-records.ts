// DeleteRecords (key 21): moves the start of partitions up.
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type {
  DeleteRecordsPartition,
  DeleteRecordsPartitionResult,
  DeleteRecordsRequest,
  DeleteRecordsTopicResult,
} from '../../codec/kafka/messages/delete-records.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import type { Ticket } from '../../log/ticket.ts'
import { answerEach } from './answer-each.ts'
import { codeOf, noError } from './error-code.ts'
import { findPartition } from './find-partition.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { untilDurable } from './until-durable.ts'

const endOfPartition = -1

export const handleDeleteRecords: Handler<'deleteRecords'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(deleteAll(request, context)),
})

function* deleteAll(
  request: DeleteRecordsRequest,
  context: RequestContext,
): Steps<DeleteRecordsTopicResult[]> {
  const tickets = new Set<Ticket | undefined>()
  const topics: DeleteRecordsTopicResult[] = []
  for (const { name, partitions: asked } of request.topics) {
    const partitions = yield* answerEach(asked, (partition) =>
      deleteRecords(name, partition, context, tickets),
    )
    topics.push({ name, partitions })
  }
  yield* untilDurable(tickets)
  return topics
}

function deleteRecords(
  topic: string,
  { partitionIndex, offset }: DeleteRecordsPartition,
  context: RequestContext,
  tickets: Set<Ticket | undefined>,
): DeleteRecordsPartitionResult {
  const asked = { topic, index: partitionIndex, leaderEpoch: -1 }
  const found = findPartition(context, 'delete', asked)
  const refuse = (name: KafkaErrorName): DeleteRecordsPartitionResult => ({
    partitionIndex,
    lowWatermark: -1,
    errorCode: codeOf(name),
  })
  if (found.problem !== undefined) return refuse(found.problem)
  const { view, partition } = found
  // Records of a work queue are its workers' to remove, those of a compacted topic its cleaner's.
  const mayDelete = view.topic !== undefined && view.config.isDeleting
  if (!mayDelete) return refuse('POLICY_VIOLATION')
  const target = offset === endOfPartition ? partition.highWatermark : offset
  if (target < 0 || target > partition.highWatermark) return refuse('OFFSET_OUT_OF_RANGE')
  tickets.add(context.led.cellOf(partition).broker.trim(partition, target))
  return { partitionIndex, lowWatermark: partition.startOffset, errorCode: noError }
}
