import { amqpPortOf } from '../systems/ports.ts'
import { acks, loadMeasurement, runLoad } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'

/** Messages put into the queue beforehand, and consumed, per second of the window asked for. */
const PRELOAD_PER_SECOND = 100_000
/** The first part of a consumer's messages warms it up and is not measured. */
const WARMUP_SHARE = 0.2

export const amqpConsume: readonly Scenario[] = [
  consume('consume-1k', 1024, 1),
  consume('consume-1k-multiple', 1024, 100),
]

function consume(name: string, size: number, ackEvery: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `consume waiting messages of ${size} B on one connection, prefetch 1000, ${acks(ackEvery)}`,
    async run(context) {
      const count = Math.round(PRELOAD_PER_SECOND * context.seconds)
      const port = amqpPortOf(context.broker)
      await runLoad('publish', { port, size, count })
      const report = await runLoad('consume', {
        port,
        size,
        count,
        'warmup-count': Math.round(count * WARMUP_SHARE),
        'ack-every': ackEvery,
        'broker-pid': context.broker.pid,
      })
      return loadMeasurement(context, report, { rate: report.deliver_rate })
    },
  }
}
