import { acks, loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'

export const amqpBoth: readonly Scenario[] = [
  both('both-1k', 1024, 1),
  both('both-1k-multiple', 1024, 100),
]

function both(name: string, size: number, ackEvery: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish (persistent, confirmed, 1000 outstanding) and consume (prefetch 1000, ${acks(ackEvery)}) messages of ${size} B at once on two connections`,
    async run(context) {
      const report = await runLoad('both', { ...windowed(context), size, 'ack-every': ackEvery })
      // A broker that takes messages faster than it gives them is not faster at doing both.
      const rate = Math.min(report.publish_rate, report.deliver_rate)
      return loadMeasurement(context, report, { rate })
    },
  }
}
