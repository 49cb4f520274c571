import { topicLimits } from '../../limits/topic.ts'
import { BrokerError } from '../broker-error.ts'

/** Throws `invalid_partitions`. */
export function checkPartitionCount(count: number): void {
  if (count < 1) {
    throw new BrokerError('invalid_partitions', 'Number of partitions must be larger than 0.')
  }
  if (count <= topicLimits.partitionsPerTopicMax) return
  throw new BrokerError(
    'invalid_partitions',
    `${count} partitions are more than the ${topicLimits.partitionsPerTopicMax} that a topic may have.`,
  )
}
