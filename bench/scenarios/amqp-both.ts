import type { ProgramOptions } from '../run-program.ts'
import { acks, loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'

export const amqpBoth: readonly Scenario[] = [
  both('both-1k', 1024, 1),
  both('both-1k-multiple', 1024, 100),
  priority('priority-1k', 1024, 10),
]

/** With a queue in which messages have priorities in turn. */
function priority(name: string, size: number, priorities: number): Scenario {
  const { description, ...others } = both(name, size, 1, { priorities })
  return { ...others, description: `${description}, with ${priorities} priorities in turn` }
}

function both(name: string, size: number, ackEvery: number, more: ProgramOptions = {}): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish (persistent, confirmed, 1000 outstanding) and consume (prefetch 1000, ${acks(ackEvery)}) messages of ${size} B at once on two connections`,
    async run(context) {
      const options = { ...windowed(context), size, 'ack-every': ackEvery, ...more }
      const report = await runLoad('both', options)
      // A broker that takes messages faster than it gives them is not faster at doing both.
      const rate = Math.min(report.publish_rate, report.deliver_rate)
      return loadMeasurement(context, report, { rate })
    },
  }
}
