import { kafkaMeasurement, runKafkaLoad, windowedKafka } from './kafka-load.ts'
import type { Scenario } from './scenario.ts'

/** Both brokers compile their hot paths while they are used, and at these rates that takes long. */
const WARMUP_FACTOR = 15

export const kafkaLatency: readonly Scenario[] = [
  latency('kafka-latency-1k-rate', 1000),
  latency('kafka-latency-5k-rate', 5000),
  latency('kafka-latency-10k-rate', 10_000),
]

function latency(name: string, rate: number): Scenario {
  return {
    name,
    area: 'kafka',
    protocols: ['kafka'],
    description: `produce to consume at ${rate} records of 1024 B a second on a fixed schedule, acks=all, linger 1 ms, one partition, one producer, one consumer, ${WARMUP_FACTOR} times the usual warm-up`,
    async run(context) {
      const warmup = context.warmup * WARMUP_FACTOR
      const options = { ...windowedKafka(context), warmup, rate, 'linger-ms': 1 }
      const report = await runKafkaLoad('both', options)
      const delivery = report.delivery_latency
      if (delivery === null) throw new Error(`${name}: nothing was delivered`)
      return kafkaMeasurement(context.broker.pid, report, {
        rate: Math.min(report.produce_rate, report.consume_rate),
        p50Us: delivery.p50_us,
        p99Us: delivery.p99_us,
        p999Us: delivery.p999_us,
        confirmP99Us: report.ack_latency?.p99_us ?? 0,
      })
    },
  }
}
