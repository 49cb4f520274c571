// DescribeProducers (key 61): who has written to a partition, and which of their transactions is open there.
import {
  type DescribeProducersRequest,
  type PartitionResponse,
  type ProducerState,
  type TopicResponse,
  writeTopicResponse,
} from '../../../codec/kafka/messages/describe-producers.gen.ts'
import type { Steps } from '../../../lib/slices.ts'
import { codeOf, noError } from '../error-code.ts'
import { findPartition } from '../find-partition.ts'
import type { Handler, RequestContext } from '../request-context.ts'
import { ItemWriter } from '../write-in-slices.ts'

export const handleDescribeProducers: Handler<'describeProducers'> = async (request, context) => ({
  throttleTimeMs: 0,
  topics: await context.slices.run(describeAll(request, context)),
})

function* describeAll(
  request: DescribeProducersRequest,
  context: RequestContext,
): Steps<readonly TopicResponse[]> {
  const topics = new ItemWriter('describeProducers', context, writeTopicResponse)
  for (const { name, partitionIndexes } of request.topics) {
    const partitions: PartitionResponse[] = []
    for (const index of partitionIndexes) {
      yield
      partitions.push(yield* describe(name, index, context))
    }
    topics.add({ name, partitions })
    do yield topics.wait
    while (topics.wait !== undefined)
  }
  return topics.finish()
}

function* describe(
  topic: string,
  partitionIndex: number,
  context: RequestContext,
): Steps<PartitionResponse> {
  const found = findPartition(context, 'read', { topic, index: partitionIndex, leaderEpoch: -1 })
  if (found.problem !== undefined) {
    return { partitionIndex, errorCode: codeOf(found.problem), activeProducers: [] }
  }
  const activeProducers: ProducerState[] = []
  for (const producer of found.partition.producers.list()) {
    activeProducers.push({
      producerId: producer.producerId,
      producerEpoch: producer.epoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: producer.lastSeen,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: producer.transactionStart,
    })
    yield
  }
  return { partitionIndex, errorCode: noError, activeProducers }
}
