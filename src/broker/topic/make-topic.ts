// Topics as Kafka's CreateTopics makes them, whoever asks for one. The checks and their texts are those of Kafka's
// controller.
import { topicLimits } from '../../limits/topic.ts'
import type { Ticket } from '../../log/ticket.ts'
import { BrokerError } from '../broker-error.ts'
import { checkPartitionCount } from './check-partition-count.ts'
import type { TopicAsked } from './topic-asked.ts'
import { parseTopicConfigs } from './topic-config.ts'
import type { Topic } from './topic.ts'
import type { Topics } from './topics.ts'

/** How new topics are made here. */
export interface NewTopics {
  /** Of a topic that does not say how many it is to have. */
  readonly partitionCount: number
  /** Over how many cells the partitions of a new topic are spread; 0: all are in the home. */
  readonly spread: () => number
  /** Resolves when those who lead partitions know of what was made, as far as they can be reached. */
  readonly whenFollowed: () => Promise<void>
}

/** What is there already under the name of a topic that is to be made. */
export interface TopicPlace {
  /** It is there only because somebody asked for its name, and nobody has used it: it goes. */
  readonly replaced: Topic | undefined
  /**
   * The same of one that is spread over cells, where something may be coming in: it becomes what is asked for, and
   * keeps what it has.
   */
  readonly confirmed: Topic | undefined
}

/** Throws what `Topics.checkName` throws. */
export function findTopicPlace(topics: Topics, name: string): TopicPlace {
  const existing = topics.find(name)?.topic
  const provisional = existing?.isProvisional === true ? existing : undefined
  const isSpread = (provisional?.spread ?? 0) > 0
  const isUnread = provisional?.messageCount === 0
  const place = {
    replaced: !isSpread && isUnread ? provisional : undefined,
    confirmed: isSpread ? provisional : undefined,
  }
  if (place.replaced === undefined && place.confirmed === undefined) topics.checkName(name)
  return place
}

/** Throws `topic_already_exists` where what is there has more partitions than are asked for. */
export function checkTopicFits(
  topics: Topics,
  { name, partitionCount }: TopicAsked,
  { confirmed }: TopicPlace,
): void {
  if (partitionCount < (confirmed?.partitions.length ?? 0)) topics.checkName(name)
}

/** Throws `invalid_config`. */
export function readTopicConfigs(
  given: readonly (readonly [name: string, value: string | null])[],
): Readonly<Record<string, string>> {
  const nulls = given.filter(([, value]) => value === null)
  if (nulls.length > 0) {
    const names = nulls.map(([name]) => name).join()
    const text = `Null value not supported for topic configs: ${names}`
    throw new BrokerError('invalid_config', text)
  }
  const configs = Object.fromEntries(given.map(([name, value]) => [name, value ?? '']))
  parseTopicConfigs(configs)
  return configs
}

/** Throws `invalid_partitions`. */
export function checkAskedPartitions(count: number): void {
  if (count < 1) {
    const text = 'Number of partitions was set to an invalid non-positive value.'
    throw new BrokerError('invalid_partitions', text)
  }
  checkPartitionCount(count)
}

/** Throws `resource_exhausted` for more partitions than one request may make. */
export function checkRequestedPartitions(count: number): void {
  if (count <= topicLimits.partitionsPerRequestMax) return
  const text = 'Excessively large number of partitions per request.'
  throw new BrokerError('resource_exhausted', text)
}

export interface MadeTopic {
  readonly topic: Topic
  /** When all of it is durable. */
  readonly tickets: readonly (Ticket | undefined)[]
}

/** Throws what `Topics.create` and `Topics.confirm` throw. */
export function makeTopic(
  topics: Topics,
  asked: TopicAsked,
  { replaced, confirmed }: TopicPlace,
): MadeTopic {
  const deleted = replaced && topics.delete(replaced)
  if (confirmed === undefined) {
    const { topic, ticket } = topics.create(asked)
    return { topic, tickets: [deleted, ticket] }
  }
  const { partitionCount, configs } = asked
  const { arguments: args } = confirmed
  const ticket = topics.confirm(confirmed, { partitionCount, configs, arguments: args })
  return { topic: confirmed, tickets: [ticket] }
}
