import { loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'

export const amqpPublish: readonly Scenario[] = [
  publish('publish-16b', 16, 1000),
  publish('publish-1k', 1024, 1000),
  publish('publish-64k', 65_536, 100),
  publish('publish-1k-unconfirmed', 1024, 0),
  profiles('profiles-1k', 1024, 1000),
]

/** For those who choose a profile: the same load, apart from where Pabal stands beside others. */
function profiles(name: string, size: number, outstanding: number): Scenario {
  const { description, ...others } = publish(name, size, outstanding)
  return {
    ...others,
    description: `${description}; for --profile latency (pabal) and throughput (pabal-throughput) on a slow disk`,
  }
}

function publish(name: string, size: number, outstanding: number): Scenario {
  const confirms = outstanding > 0 ? `confirmed, ${outstanding} outstanding` : 'without confirms'
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish persistent messages of ${size} B on one connection, ${confirms}`,
    async run(context) {
      const report = await runLoad('publish', { ...windowed(context), size, outstanding })
      const latency = report.confirm_latency
      const extra = latency === null ? {} : { confirmP99Us: latency.p99_us }
      return loadMeasurement(context, report, { rate: report.publish_rate, ...extra })
    },
  }
}
