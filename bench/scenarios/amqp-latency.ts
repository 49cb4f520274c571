import { runLoad, windowed } from './amqp-load.ts'
import { scheduleMeasurement } from './amqp-schedule.ts'
import type { Scenario } from './scenario.ts'

export const amqpLatency: readonly Scenario[] = [
  latency('latency-1k-rate', 1000),
  latency('latency-10k-rate', 10_000),
  latency('latency-50k-rate', 50_000),
]

function latency(name: string, rate: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish to deliver at ${rate} persistent, confirmed messages of 1024 B a second, each acked, on a fixed schedule`,
    async run(context) {
      const report = await runLoad('both', { ...windowed(context), rate })
      return scheduleMeasurement(context, report)
    },
  }
}
