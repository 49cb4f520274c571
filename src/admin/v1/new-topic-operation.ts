// Makes a topic as Kafka's CreateTopics does: in a cluster its partitions are led by all nodes.
import { z } from 'zod'
import type { Rights } from '../../auth/rights.ts'
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import { permitConfigure } from '../../broker/permit.ts'
import { cellFinderOf } from '../../broker/topic/cell-of-partition.ts'
import {
  checkAskedPartitions,
  checkRequestedPartitions,
  checkTopicFits,
  findTopicPlace,
  type MadeTopic,
  makeTopic,
  type NewTopics,
  readTopicConfigs,
} from '../../broker/topic/make-topic.ts'
import type { Topic } from '../../broker/topic/topic.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { type ManagementParts, roomToDeclare } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'

const topicBody = z.strictObject({
  name: z.string(),
  partitions: z
    .number()
    .int()
    .optional()
    .describe('Left out, as many as the setting kafka-num-partitions says'),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).nullable())
    .optional()
    .describe('By the names that Kafka has for them: retention.ms, cleanup.policy'),
})

const topicSchema = z.object({
  name: z.string(),
  topic_id: z.string(),
  partitions: z.number().int(),
  cells: z
    .number()
    .int()
    .describe('Of a cluster, that lead its partitions; 1 where they are all in one place'),
  settings: z.record(z.string(), z.string()).describe('Those that are its own'),
})

type TopicWanted = z.infer<typeof topicBody>

export function newTopicOperation({ broker, newTopics }: ManagementParts): Operation {
  return operation({
    method: 'post',
    path: '/v1/topics',
    // All topics of Kafka are in the virtual host `/`.
    where: 'first',
    tag: 'Streams',
    summary: "Make a topic in the virtual host /, as Kafka's CreateTopics",
    access: 'management',
    body: topicBody,
    answers: { 201: topicSchema },
    async handle({ body, caller, context }) {
      await roomToDeclare(broker)
      const { topic, tickets } = make(broker, body, {
        rights: caller.rightsIn(defaultVHost),
        newTopics,
      })
      for (const ticket of tickets) await whenDurable(ticket)
      await newTopics.whenFollowed()
      return context.json(topicJson(topic), 201)
    },
  })
}

function make(
  broker: Broker,
  { name, partitions, settings = {} }: TopicWanted,
  { rights, newTopics }: { readonly rights: Rights; readonly newTopics: NewTopics },
): MadeTopic {
  const partitionCount = partitions ?? newTopics.partitionCount
  checkRequestedPartitions(partitionCount)
  permitConfigure(rights, 'create', { kind: 'queue', name })
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  const place = findTopicPlace(topics, name)
  const texts = Object.entries(settings).map(
    ([key, value]) => [key, value === null ? null : `${value}`] as const,
  )
  const asked = {
    name,
    configs: readTopicConfigs(texts),
    partitionCount,
    isProvisional: false,
    spread: newTopics.spread(),
  }
  checkAskedPartitions(partitionCount)
  checkTopicFits(topics, asked, place)
  return makeTopic(topics, asked, place)
}

function topicJson({
  name,
  topicId,
  partitions,
  spread,
  config,
}: Topic): z.infer<typeof topicSchema> {
  const cellOf = cellFinderOf(topicId, Math.max(1, spread))
  return {
    name,
    topic_id: topicId,
    partitions: partitions.length,
    cells: new Set(Array.from(partitions.keys(), cellOf)).size,
    settings: { ...config.overrides },
  }
}
