import { loadMeasurement, runLoad, windowed } from './amqp-load.ts'
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
      const delivery = report.delivery_latency
      if (delivery === null) throw new Error(`${name}: nothing was delivered`)
      return loadMeasurement(context, report, {
        rate: Math.min(report.publish_rate, report.deliver_rate),
        p50Us: delivery.p50_us,
        p99Us: delivery.p99_us,
        p999Us: delivery.p999_us,
        confirmP99Us: report.confirm_latency?.p99_us ?? 0,
      })
    },
  }
}
