// How long others wait while one client moves something large. The ping is AMQP's, so the broker
// must speak that whatever the load is.
import { batchOf, gzipBomb, lz4Bomb, zstdBomb } from '../../test/fuzz/kafka-batches.ts'
import { batchOfRecords } from '../../test/support/kafka-fixture.ts'
import { encodeTable } from '../../test/support/raw-codec.ts'
import { SoakSocket } from '../soak/soak-socket.ts'
import { BatchProducer } from '../stalls/batch-producer.ts'
import { messageFrames } from '../stalls/message-frames.ts'
import { pingWhile } from '../stalls/ping-while.ts'
import { amqpPortOf, kafkaPortOf } from '../systems/ports.ts'
import { stolenCpuSeconds } from '../systems/process-cpu.ts'
import { processMemory } from '../systems/process-memory.ts'
import { runLoad } from './amqp-load.ts'
import { evictFolder, runKafkaLoad } from './kafka-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'
import { stolenPercent } from './usage-figures.ts'

const MiB = 2 ** 20
const LARGE = 16 * MiB
const TOPIC = 'large'
/** Messages of 1 KiB that lie on disk: 1 GiB of bodies, however long the window. */
const COLD_COUNT = 2 ** 20
const COLD = 'consumed after a restart, with all files put out of the page cache'
const CROSSED_RECORDS = 100_000
const RECORDS_PER_BATCH = 500

type Work = () => Promise<void>

/** Prepares what is to be measured. */
type Prepare = (context: ScenarioContext) => Promise<Work>

export const stalls: readonly Scenario[] = [
  scenario('stall-nothing', 'nothing else happens: what the machine itself adds', rest),
  scenario(
    'stall-message-16m',
    'persistent messages of 16 MiB published one after the other, and consumed',
    moveMessages,
  ),
  scenario('stall-cold-queue', `a queue of 1 GiB in messages of 1 KiB ${COLD} (no-ack)`, readQueue),
  kafkaScenario(
    'stall-batch-16m',
    'uncompressed batches of 16 MiB in 500 records, produced one after the other',
    produceBatches,
  ),
  kafkaScenario(
    'stall-bombs',
    'batches of zstd, gzip and lz4 that claim 1 GiB, refused one after the other',
    produceBombs,
  ),
  kafkaScenario('stall-cold-topic', `a topic of 1 GiB in records of 1 KiB ${COLD}`, readTopic),
  kafkaScenario(
    'stall-crossing-queue',
    'batches of 100,000 records in 300 kB of zstd, consumed from a classic queue (no-ack)',
    (context) => crossBatches(context, false),
  ),
  kafkaScenario(
    'stall-crossing-stream',
    'the same batches, consumed from a topic as a stream, prefetch 1000, acked together',
    (context) => crossBatches(context, true),
  ),
]

function scenario(name: string, description: string, prepare: Prepare): Scenario {
  const run = (context: ScenarioContext): Promise<Measurement> => measure(context, prepare)
  return { name, area: 'stalls', protocols: ['amqp'], description, run }
}

function kafkaScenario(name: string, description: string, prepare: Prepare): Scenario {
  return { ...scenario(name, description, prepare), protocols: ['amqp', 'kafka'] }
}

/** Some preparations start the broker again: the last one is to be asked. */
async function measure(given: ScenarioContext, prepare: Prepare): Promise<Measurement> {
  let { broker } = given
  const work = await prepare({
    ...given,
    async restart(signal) {
      const restarted = await given.restart(signal)
      broker = restarted.broker
      return restarted
    },
  })
  const [startedAt, stolenBefore] = [performance.now(), stolenCpuSeconds()]
  const ping = await pingWhile(amqpPortOf(broker), work)
  const seconds = (performance.now() - startedAt) / 1000
  const figures = {
    p50Us: ping.p50_us,
    p99Us: ping.p99_us,
    longestMs: ping.max_us / 1000,
    echoLongestMs: ping.echo.max_us / 1000,
    ...processMemory(broker.pid),
    stolen: stolenPercent(stolenCpuSeconds() - stolenBefore, seconds),
  }
  return { figures, reports: { ping } }
}

async function rest({ seconds }: ScenarioContext): Promise<Work> {
  return Promise.resolve(() =>
    forSeconds(seconds, () => new Promise((next) => setTimeout(next, 10))),
  )
}

async function moveMessages({ broker, seconds }: ScenarioContext): Promise<Work> {
  const port = amqpPortOf(broker)
  const publisher = await SoakSocket.open(port)
  const consumer = await SoakSocket.open(port)
  await publisher.call(1, 'queue.declare', { queue: TOPIC, durable: true })
  await consumer.call(1, 'basic.consume', { queue: TOPIC, noAck: true })
  const message = messageFrames(TOPIC, LARGE)
  return async () => {
    let count = 0
    await forSeconds(seconds, async () => {
      await publisher.write(message)
      // The answer comes once the message is in the queue.
      await publisher.readyCount(1, TOPIC)
      count++
      while (consumer.deliveryCount < count) await consumer.call(1, 'basic.qos')
    })
    await publisher.close()
    await consumer.close()
  }
}

/** The broker is started again in between: nothing of it is in its memory. */
async function readQueue(context: ScenarioContext): Promise<Work> {
  const count = COLD_COUNT
  await runLoad('publish', { port: amqpPortOf(context.broker), count })
  const { broker } = await context.restart('SIGTERM')
  await evictFolder(context.folder)
  return async () => {
    await runLoad('consume', { port: amqpPortOf(broker), count, 'ack-every': 0 })
  }
}

async function readTopic(context: ScenarioContext): Promise<Work> {
  const count = COLD_COUNT
  await runKafkaLoad('produce', { port: kafkaPortOf(context.broker), count })
  const { broker } = await context.restart('SIGTERM')
  await evictFolder(context.folder)
  return async () => {
    await runKafkaLoad('consume', { port: kafkaPortOf(broker), count })
  }
}

async function produceBatches({ broker, seconds }: ScenarioContext): Promise<Work> {
  const producer = await BatchProducer.open(kafkaPortOf(broker), TOPIC)
  await producer.createTopic(2 * LARGE)
  const value = 'x'.repeat(LARGE / RECORDS_PER_BATCH)
  const batch = batchOfRecords(Array.from({ length: RECORDS_PER_BATCH }, () => ({ value })))
  return async () => {
    await forSeconds(seconds, () => expectError(producer, batch, 0))
    await producer.close()
  }
}

async function produceBombs({ broker, seconds }: ScenarioContext): Promise<Work> {
  const producer = await BatchProducer.open(kafkaPortOf(broker), TOPIC)
  await producer.createTopic(LARGE)
  const bombs = [
    batchOf(zstdBomb(), 'zstd'),
    batchOf(gzipBomb(), 'gzip'),
    batchOf(lz4Bomb(), 'lz4'),
  ]
  const tooLarge = 10
  return async () => {
    await forSeconds(seconds, async () => {
      for (const bomb of bombs) await expectError(producer, bomb, tooLarge)
    })
    await producer.close()
  }
}

async function crossBatches(
  { broker, seconds }: ScenarioContext,
  isStream: boolean,
): Promise<Work> {
  const port = amqpPortOf(broker)
  const consumer = await SoakSocket.open(port, 2)
  const producer = await BatchProducer.open(kafkaPortOf(broker), TOPIC)
  if (isStream) await producer.createTopic(LARGE)
  else await consumer.call(1, 'queue.declare', { queue: TOPIC, durable: true })
  const value = 'a value that repeats, over and over again'
  const records = Array.from({ length: CROSSED_RECORDS }, (_, index) => ({
    value: `${value} ${index}`,
  }))
  const batch = batchOfRecords(records, 'zstd')
  const batchCount = Math.max(1, Math.round(seconds))
  for (let count = 0; count < batchCount; count++) await expectError(producer, batch, 0)
  await producer.close()
  return async () => {
    if (isStream) await startStream(consumer)
    else await consumer.call(1, 'basic.consume', { queue: TOPIC, noAck: true })
    await takeAll(consumer, batchCount * CROSSED_RECORDS, isStream)
    await consumer.close()
  }
}

async function startStream(consumer: SoakSocket): Promise<void> {
  await consumer.call(1, 'basic.qos', { prefetchCount: 1000 })
  const first = encodeTable({ 'x-stream-offset': ['S', 'first'] })
  await consumer.call(1, 'basic.consume', { queue: TOPIC, arguments: first })
}

async function takeAll(consumer: SoakSocket, count: number, isAcked: boolean): Promise<void> {
  let acked = 0
  while (consumer.deliveryCount < count) {
    const deliveryTag = consumer.deliveryCount
    if (isAcked && deliveryTag > acked) {
      consumer.send(1, 'basic.ack', { deliveryTag, multiple: true })
      acked = deliveryTag
    }
    // Each answer comes behind the deliveries that were written before it.
    await consumer.call(2, 'basic.qos', { prefetchCount: 0 })
  }
}

async function expectError(producer: BatchProducer, batch: Buffer, code: number): Promise<void> {
  const got = await producer.produce(batch)
  if (got !== code) throw new Error(`a batch was answered with error ${got} instead of ${code}`)
}

async function forSeconds(seconds: number, step: () => Promise<void>): Promise<void> {
  const end = performance.now() + seconds * 1000
  do await step()
  while (performance.now() < end)
}
