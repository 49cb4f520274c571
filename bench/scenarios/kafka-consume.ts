import type { RunningBroker } from '../systems/broker-system.ts'
import { kafkaAddressOf } from '../systems/ports.ts'
import { evictFolder, kafkaMeasurement, runKafkaLoad } from './kafka-load.ts'
import { describeShape, shapeName, topicShapes, type TopicShape } from './kafka-topics.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

/** Records produced beforehand, and consumed, per second of the window asked for. */
const PRELOAD_PER_SECOND = { 100: 2_000_000, 1024: 300_000 } as const
/** The first part of a consumer's records warms the client up and is not measured. */
const WARMUP_SHARE = 0.2
const groupShape: TopicShape = { size: 1024, partitions: 24, compression: 'none' }

export const kafkaConsume: readonly Scenario[] = [
  ...topicShapes([1, 24]).flatMap((shape) => [warm(shape), cold(shape)]),
  group('first'),
  group('second'),
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

/** Each group reads everything; only the last one is measured. */
function group(reading: 'first' | 'second'): Scenario {
  const isFirst = reading === 'first'
  return {
    name: isFirst ? 'kafka-group-1k-first' : 'kafka-group-1k',
    area: 'kafka',
    protocols: ['kafka'],
    description: `a group of 4 librdkafka consumers shares ${describeShape(groupShape)}, just produced, and commits every 5 s${isFirst ? '' : '; another group has read them before'}`,
    async run(context) {
      const count = await preload(context, groupShape)
      const members = { members: 4 }
      if (!isFirst)
        await consume(context.broker, groupShape, count, { ...members, set: 'group.id=one' })
      return consume(context.broker, groupShape, count, members)
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
  options: { readonly members?: number; readonly set?: string } = {},
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
