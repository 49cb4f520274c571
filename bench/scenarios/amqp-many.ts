/** Many of something: queues, connections, bindings. */
import { setTimeout as sleep } from 'node:timers/promises'
import { amqpAddressOf } from '../systems/ports.ts'
import { processMemory } from '../systems/process-memory.ts'
import { declareAll, loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import { scheduleMeasurement } from './amqp-schedule.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

const PAIRS = 500
const PER_CONNECTION = 10
const DECLARED = 100_000
/** Gives the broker time to finish what it does after the last declaration. */
const SETTLE_MS = 2000

export const amqpMany: readonly Scenario[] = [
  {
    name: 'queues-1000',
    area: 'amqp',
    protocols: ['amqp'],
    description:
      '1,000 durable queues get 10 persistent messages of 1024 B a second each on a fixed schedule, confirmed, one connection; consumers on all of them on four connections, each message acked',
    async run(context) {
      const options = { ...windowed(context), queues: 1000, consumers: 4, rate: 10_000 }
      return scheduleMeasurement(context, await runLoad('both', options))
    },
  },
  {
    name: 'connections-1000',
    area: 'amqp',
    protocols: ['amqp'],
    description: `${PAIRS} connections publish ${PER_CONNECTION} persistent messages of 1024 B a second each on a fixed schedule, confirmed, to a durable queue each, and ${PAIRS} others consume them, each acked`,
    async run(context) {
      const rate = PAIRS * PER_CONNECTION
      return scheduleMeasurement(context, await runLoad('both', { ...paired(context), rate }))
    },
  },
  {
    name: 'connections-1000-full',
    area: 'amqp',
    protocols: ['amqp'],
    description: `the same as fast as they can, ${PER_CONNECTION} outstanding each; the rate is the lower of publishing and consuming`,
    async run(context) {
      const options = { ...paired(context), outstanding: PER_CONNECTION, prefetch: 100 }
      const report = await runLoad('both', options)
      const rate = Math.min(report.publish_rate, report.deliver_rate)
      return loadMeasurement(context, report, { rate })
    },
  },
  bindings('bindings-1', 1),
  bindings('bindings-100k', 100_000),
  {
    name: 'queues-100k',
    area: 'amqp',
    protocols: ['amqp'],
    description: `declare ${DECLARED} durable queues without waiting for each: how fast, memory with them, and the time to start again with them after SIGTERM`,
    run: declareMany,
  },
]

function paired(context: ScenarioContext): ReturnType<typeof windowed> {
  const count = { queues: PAIRS, publishers: PAIRS, consumers: PAIRS }
  return { ...windowed(context), ...count, routing: 'pinned' }
}

function bindings(name: string, count: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `publish persistent messages of 1024 B, confirmed, 1000 outstanding, with some hundred different keys to a topic exchange with ${count} binding${count === 1 ? '' : 's'} of one queue, of which each message matches one`,
    async run(context) {
      const options = { ...windowed(context), routing: 'topic', bindings: count }
      const report = await runLoad('publish', options)
      return loadMeasurement(context, report, { rate: report.publish_rate })
    },
  }
}

async function declareMany(context: ScenarioContext): Promise<Measurement> {
  const { seconds } = await declareAll({
    ...amqpAddressOf(context.broker),
    queues: DECLARED,
  })
  await sleep(SETTLE_MS)
  const memory = processMemory(context.broker.pid)
  const { broker, startedAt } = await context.restart('SIGTERM')
  // A broker that answers has all of them; the program's first queue is one of its own.
  await declareAll({ ...amqpAddressOf(broker), queues: 2 })
  const restartSeconds = (performance.now() - startedAt) / 1000
  return {
    figures: { declareRate: DECLARED / seconds, ...memory, restartSeconds },
    reports: {},
  }
}
