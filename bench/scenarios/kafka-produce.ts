import { kafkaMeasurement, runKafkaLoad, windowedKafka } from './kafka-load.ts'
import { describeShape, shapeName, topicShapes, type TopicShape } from './kafka-topics.ts'
import type { Scenario } from './scenario.ts'

export const kafkaProduce: readonly Scenario[] = [
  ...topicShapes([1, 6, 24]).map(produce),
  both('kafka-both-1k'),
]

function produce(shape: TopicShape): Scenario {
  return {
    name: `kafka-produce-${shapeName(shape)}`,
    area: 'kafka',
    protocols: ['kafka'],
    description: `produce ${describeShape(shape)}, acks=all, one librdkafka producer with its default batching, 100,000 unacknowledged at most`,
    async run(context) {
      const report = await runKafkaLoad('produce', { ...windowedKafka(context), ...shape })
      return kafkaMeasurement(context.broker.pid, report, { rate: report.produce_rate })
    },
  }
}

function both(name: string): Scenario {
  return {
    name,
    area: 'kafka',
    protocols: ['kafka'],
    description:
      'produce (acks=all) and consume records of 1024 B at once, 6 partitions, one producer, one consumer at the tail; the rate is the lower of the two',
    async run(context) {
      const report = await runKafkaLoad('both', { ...windowedKafka(context), partitions: 6 })
      const rate = Math.min(report.produce_rate, report.consume_rate)
      return kafkaMeasurement(context.broker.pid, report, { rate })
    },
  }
}
