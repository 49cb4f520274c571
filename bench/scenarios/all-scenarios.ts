// The scenarios by name, in the order in which people read about them. A new one is a row in its
// family's file; a new family is a line here.
import { amqpBacklog } from './amqp-backlog.ts'
import { amqpBoth } from './amqp-both.ts'
import { amqpConsume } from './amqp-consume.ts'
import { amqpDeadLetters } from './amqp-dead-letters.ts'
import { amqpFanOut } from './amqp-fan-out.ts'
import { amqpLatency } from './amqp-latency.ts'
import { amqpMany } from './amqp-many.ts'
import { amqpPublish } from './amqp-publish.ts'
import { crossing } from './crossing.ts'
import { kafkaConsume } from './kafka-consume.ts'
import { kafkaFeatures } from './kafka-features.ts'
import { kafkaJava } from './kafka-java.ts'
import { kafkaLatency } from './kafka-latency.ts'
import { kafkaProduce } from './kafka-produce.ts'
import { mqtt } from './mqtt.ts'
import type { Scenario } from './scenario.ts'
import { stalls } from './stalls.ts'
import { startUp } from './start-up.ts'
import { stomp } from './stomp.ts'

export const allScenarios: readonly Scenario[] = [
  ...amqpPublish,
  ...amqpConsume,
  ...amqpBoth,
  ...amqpLatency,
  ...amqpFanOut,
  ...amqpDeadLetters,
  ...amqpMany,
  ...amqpBacklog,
  ...kafkaProduce,
  ...kafkaConsume,
  ...kafkaLatency,
  ...kafkaJava,
  ...kafkaFeatures,
  ...mqtt,
  ...stomp,
  ...crossing,
  ...stalls,
  ...startUp,
]

/** What runs when no scenario is named. */
export const defaultScenarioNames: readonly string[] = [
  'publish-16b',
  'publish-1k',
  'consume-1k',
  'both-1k',
  'latency-10k-rate',
  'backlog-1m',
  'kafka-produce-1k',
  'kafka-consume-1k',
  'kafka-latency-5k-rate',
]
