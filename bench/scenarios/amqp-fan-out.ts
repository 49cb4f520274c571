import { loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

const QUEUES = 10

export const amqpFanOut: readonly Scenario[] = [
  {
    name: 'fan-out-10',
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish persistent messages of 1024 B, confirmed, 1000 outstanding, to a fanout exchange with ${QUEUES} durable queues; each message counts once`,
    async run(context) {
      const report = await runLoad('publish', fannedOut(context))
      return loadMeasurement(context, report, { rate: report.publish_rate })
    },
  },
  {
    name: 'fan-out-10-consumed',
    area: 'amqp',
    protocols: ['amqp'],
    description: `the same with a consumer on each queue, two connections for all, prefetch 1000, each acked; the rate is of messages whose ${QUEUES} copies came`,
    run: consumed,
  },
]

function fannedOut(context: ScenarioContext): ReturnType<typeof windowed> {
  return { ...windowed(context), queues: QUEUES, routing: 'fanout' }
}

async function consumed(context: ScenarioContext): Promise<Measurement> {
  const report = await runLoad('both', { ...fannedOut(context), consumers: 2 })
  const rate = Math.min(report.publish_rate, report.deliver_rate / QUEUES)
  return loadMeasurement(context, report, { rate })
}
