import type { RunningBroker } from '../systems/broker-system.ts'
import { kafkaAddressOf } from '../systems/ports.ts'
import { evictFolder, kafkaMeasurement, runKafkaLoad } from './kafka-load.ts'
import { describeShape, shapeName, topicShapes, type TopicShape } from './kafka-topics.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

/** Records produced beforehand, and consumed, per second of the window asked for. */
const PRELOAD_PER_SECOND = { 100: 2_000_000, 1024: 300_000 } as const
/** The first part of a consumer's records warms the client up and is not measured. */
const WARMUP_SHARE = 0.2

export const kafkaConsume: readonly Scenario[] = [
  ...topicShapes([1, 24]).flatMap((shape) => [warm(shape), cold(shape)]),
  group('kafka-group-1k', { size: 1024, partitions: 24, compression: 'none' }),
]

function warm(shape: TopicShape): Scenario {
  return {
    name: `kafka-consume-${shapeName(shape)}`,
    area: 'kafka',
    protocols: ['kafka'],
    description: `consume ${describeShape(shape)}, just produced and so in the page cache, from their start, one librdkafka consumer without a group, at the second reading`,
    async run(context) {
      const count = await preload(context, shape)
      await consume(context.broker, shape, count)
      return consume(context.broker, shape, count)
    },
  }
}

function cold(shape: TopicShape): Scenario {
  return {
    name: `kafka-consume-${shapeName(shape)}-cold`,
    area: 'kafka',
    protocols: ['kafka'],
    description: `consume ${describeShape(shape)}, after a restart of the broker, one reading to warm it up and then with all its files put out of the page cache (posix_fadvise DONTNEED), one librdkafka consumer without a group`,
    async run(context) {
      const count = await preload(context, shape)
      const { broker } = await context.restart('SIGTERM')
      await consume(broker, shape, count)
      const evict = await evictFolder(context.folder)
      const measurement = await consume(broker, shape, count)
      return { ...measurement, reports: { ...measurement.reports, evict } }
    },
  }
}

function group(name: string, shape: TopicShape): Scenario {
  return {
    name,
    area: 'kafka',
    protocols: ['kafka'],
    description: `a group of 4 librdkafka consumers shares ${describeShape(shape)}, just produced, and commits every 5 s`,
    async run(context) {
      const count = await preload(context, shape)
      return consume(context.broker, shape, count, { members: 4 })
    },
  }
}

/** Fills the topic and says with how many records. */
async function preload({ broker, seconds }: ScenarioContext, shape: TopicShape): Promise<number> {
  const count = Math.round(PRELOAD_PER_SECOND[shape.size] * seconds)
  await runKafkaLoad('produce', { ...kafkaAddressOf(broker), ...shape, count })
  return count
}

async function consume(
  broker: RunningBroker,
  shape: TopicShape,
  count: number,
  options: { readonly members?: number } = {},
): ReturnType<Scenario['run']> {
  const report = await runKafkaLoad('consume', {
    ...kafkaAddressOf(broker),
    partitions: shape.partitions,
    count,
    'warmup-count': Math.round(count * WARMUP_SHARE),
    'broker-pid': broker.pid,
    ...options,
  })
  return kafkaMeasurement(broker.pid, report, { rate: report.consume_rate })
}
