import type { Directory } from '../../cluster/directory.ts'
import type { KafkaHome } from '../../server/kafka/kafka-home.ts'
import type { LedTopics } from '../../server/kafka/led-topics.ts'

/** What Kafka's server of a cell needs for topics that are spread over cells. */
export interface KafkaSpread {
  readonly led: LedTopics
  readonly home: KafkaHome | undefined
  readonly directory: Directory
  readonly ownerOf: (cell: number, topicId: string) => number | undefined
  readonly spread: () => number
  readonly whenFollowed: () => Promise<void>
}
