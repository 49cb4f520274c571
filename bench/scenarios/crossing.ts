// What it costs to come in by one protocol and go out by the other: the queue `load` is the topic
// `load`. Only a broker that speaks both has an answer.
import { amqpAddressOf, kafkaAddressOf } from '../systems/ports.ts'
import { declareAll, loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import { kafkaMeasurement, runKafkaLoad, windowedKafka } from './kafka-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Messages put in beforehand, and read, per second of the window asked for. */
const PRELOAD_PER_SECOND = 100_000
const WARMUP_SHARE = 0.2
const LATENCY_RATE = 5000

export const crossing: readonly Scenario[] = [
  scenario(
    'cross-kafka-reads-queue',
    'messages of 1024 B that AMQP published to a classic queue, read by one Kafka consumer; compare with kafka-consume-1k',
    readQueue,
  ),
  scenario(
    'cross-kafka-writes-queue',
    'a Kafka producer (acks=all) writes records of 1024 B into a classic queue; compare with kafka-produce-1k',
    writeQueue,
  ),
  scenario(
    'cross-amqp-reads-records',
    'records of 1024 B that Kafka produced into a classic queue, taken by one AMQP consumer, prefetch 1000, each acked; compare with consume-1k',
    readRecords,
  ),
  scenario(
    'cross-amqp-to-kafka-5k-rate',
    `AMQP publish to Kafka consume at ${LATENCY_RATE} messages of 1024 B a second on a fixed schedule; compare with kafka-latency-5k-rate`,
    amqpToKafka,
  ),
  scenario(
    'cross-kafka-to-amqp-5k-rate',
    `Kafka produce (acks=all, linger 1 ms) to AMQP deliver, each acked, at ${LATENCY_RATE} records of 1024 B a second on a fixed schedule; compare with latency-10k-rate`,
    kafkaToAmqp,
  ),
]

function scenario(name: string, description: string, run: Scenario['run']): Scenario {
  return { name, area: 'crossing', protocols: ['amqp', 'kafka'], description, run }
}

/** What both programs are told when they stop by number. */
function counted(count: number, pid: number): Record<string, number> {
  return { count, 'warmup-count': Math.round(count * WARMUP_SHARE), 'broker-pid': pid }
}

async function readQueue({ broker, seconds }: ScenarioContext): Promise<Measurement> {
  const count = Math.round(PRELOAD_PER_SECOND * seconds)
  await runLoad('publish', { ...amqpAddressOf(broker), count })
  const options = { ...kafkaAddressOf(broker), ...counted(count, broker.pid) }
  const report = await runKafkaLoad('consume', options)
  return kafkaMeasurement(broker.pid, report, { rate: report.consume_rate })
}

async function writeQueue(context: ScenarioContext): Promise<Measurement> {
  await declareAll({ ...amqpAddressOf(context.broker) })
  const report = await runKafkaLoad('produce', windowedKafka(context))
  return kafkaMeasurement(context.broker.pid, report, { rate: report.produce_rate })
}

async function readRecords(context: ScenarioContext): Promise<Measurement> {
  const { broker, seconds } = context
  const count = Math.round(PRELOAD_PER_SECOND * seconds)
  await declareAll({ ...amqpAddressOf(broker) })
  await runKafkaLoad('produce', { ...kafkaAddressOf(broker), count })
  const options = { ...amqpAddressOf(broker), ...counted(count, broker.pid) }
  const report = await runLoad('consume', options)
  return loadMeasurement(context, report, { rate: report.deliver_rate })
}

/** The reader stops by number, so that it waits for every message; both clocks are the kernel's. */
async function amqpToKafka({ broker, seconds, warmup }: ScenarioContext): Promise<Measurement> {
  const count = LATENCY_RATE * (warmup + seconds)
  await declareAll({ ...amqpAddressOf(broker) })
  const reading = runKafkaLoad('consume', {
    ...kafkaAddressOf(broker),
    count,
    'warmup-count': LATENCY_RATE * warmup,
    'broker-pid': broker.pid,
  })
  const options = { ...amqpAddressOf(broker), count, rate: LATENCY_RATE }
  const [report, writer] = await Promise.all([reading, runLoad('publish', options)])
  const delivery = report.delivery_latency
  if (delivery === null) throw new Error('nothing was delivered')
  const measurement = kafkaMeasurement(broker.pid, report, {
    rate: report.consume_rate,
    p50Us: delivery.p50_us,
    p99Us: delivery.p99_us,
    p999Us: delivery.p999_us,
  })
  return { ...measurement, reports: { ...measurement.reports, writer } }
}

async function kafkaToAmqp(context: ScenarioContext): Promise<Measurement> {
  const { broker, seconds, warmup } = context
  const count = LATENCY_RATE * (warmup + seconds)
  await declareAll({ ...amqpAddressOf(broker) })
  const reading = runLoad('consume', {
    ...windowed(context),
    count,
    'warmup-count': LATENCY_RATE * warmup,
  })
  const options = { ...kafkaAddressOf(broker), count, rate: LATENCY_RATE, 'linger-ms': 1 }
  const [report, writer] = await Promise.all([reading, runKafkaLoad('produce', options)])
  const delivery = report.delivery_latency
  if (delivery === null) throw new Error('nothing was delivered')
  const measurement = loadMeasurement(context, report, {
    rate: report.deliver_rate,
    p50Us: delivery.p50_us,
    p99Us: delivery.p99_us,
    p999Us: delivery.p999_us,
  })
  return { ...measurement, reports: { ...measurement.reports, writer } }
}
