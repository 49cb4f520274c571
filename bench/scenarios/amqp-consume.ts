import { amqpAddressOf } from '../systems/ports.ts'
import { acks, loadMeasurement, runLoad } from './amqp-load.ts'
import type { Scenario } from './scenario.ts'

type Consuming = {
  readonly prefetch: number
  /** One `basic.ack` for so many messages; 0 consumes without acks. */
  readonly ackEvery: number
  /** Messages put into the queue beforehand, and consumed, per second of the window asked for. */
  readonly countPerSecond: number
}

/** The first part of a consumer's messages warms it up and is not measured. */
const WARMUP_SHARE = 0.2

export const amqpConsume: readonly Scenario[] = [
  consume('consume-1k', { prefetch: 1000, ackEvery: 1, countPerSecond: 100_000 }),
  consume('consume-1k-prefetch-100', { prefetch: 100, ackEvery: 1, countPerSecond: 50_000 }),
  // A round trip a message: on no broker many go through in a second.
  consume('consume-1k-prefetch-1', { prefetch: 1, ackEvery: 1, countPerSecond: 10_000 }),
  consume('consume-1k-multiple', { prefetch: 1000, ackEvery: 100, countPerSecond: 100_000 }),
  consume('consume-1k-no-ack', { prefetch: 0, ackEvery: 0, countPerSecond: 100_000 }),
]

function consume(name: string, { prefetch, ackEvery, countPerSecond }: Consuming): Scenario {
  const limit = ackEvery === 0 ? 'no-ack' : `prefetch ${prefetch}, ${acks(ackEvery)}`
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `consume waiting messages of 1024 B on one connection, ${limit}`,
    async run(context) {
      const count = Math.round(countPerSecond * context.seconds)
      const address = amqpAddressOf(context.broker)
      await runLoad('publish', { ...address, count })
      const report = await runLoad('consume', {
        ...address,
        count,
        'warmup-count': Math.round(count * WARMUP_SHARE),
        prefetch,
        'ack-every': ackEvery,
        'broker-pid': context.broker.pid,
      })
      return loadMeasurement(context, report, { rate: report.deliver_rate })
    },
  }
}
