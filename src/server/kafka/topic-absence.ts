import { isInternalTopicName, isTopicName } from '../../broker/topic/topic-name.ts'
import type { KafkaErrorName } from '../../codec/kafka/error-codes.gen.ts'
import type { KafkaContext } from './kafka-context.ts'

/**
 * What to say of a topic that Kafka does not see. Clients ask again for one that is unknown, until they
 * give up; a name that cannot be one, that is one of Kafka's own topics, or that a queue has which is no
 * topic (not durable, exclusive, auto-delete), is refused for good.
 */
export function absenceOf(name: string, { topics }: KafkaContext): KafkaErrorName {
  const isLasting = !isTopicName(name) || isInternalTopicName(name) || topics.isHidden(name)
  return isLasting ? 'INVALID_TOPIC_EXCEPTION' : 'UNKNOWN_TOPIC_OR_PARTITION'
}
