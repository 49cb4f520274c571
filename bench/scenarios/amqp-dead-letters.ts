import { amqpAddressOf } from '../systems/ports.ts'
import { loadMeasurement, runLoad, windowed } from './amqp-load.ts'
import { scheduleMeasurement } from './amqp-schedule.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** What Celery and NServiceBus declare for delays: a queue for each bit of a delay in seconds. */
const CHAIN = 28
const SHORT_CHAIN = 4
/** Short, so that the moves are measured and not the waiting. */
const TTL_MS = 1
/** Each goes through the whole chain; the first part is not measured. */
const CHAINED_PER_SECOND = 10_000
const WARMUP_SHARE = 0.2

const DELAY_MS = 1000
const DELAYED_RATE = 5_000

export const amqpDeadLetters: readonly Scenario[] = [
  {
    name: 'dead-letter',
    area: 'amqp',
    protocols: ['amqp'],
    description:
      'as both-1k, but each message is rejected once and consumed from the queue of dead letters',
    async run(context) {
      const report = await runLoad('both', { ...windowed(context), rejected: 1 })
      const rate = Math.min(report.publish_rate, report.deliver_rate)
      return loadMeasurement(context, report, { rate })
    },
  },
  ttlChain('ttl-chain', CHAIN),
  ttlChain('ttl-chain-short', SHORT_CHAIN),
  {
    name: 'delayed',
    area: 'amqp',
    protocols: ['amqp', 'x-delayed-message'],
    description: `${DELAYED_RATE.toLocaleString('en-US')} messages a second on a fixed schedule through an x-delayed-message exchange with a delay of ${DELAY_MS / 1000} s; how much later than due they came`,
    run: delayed,
  },
]

function ttlChain(name: string, queues: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `messages of 1024 B that expire after ${TTL_MS} ms in each of ${queues} queues, whose dead letters go to the next; the last is consumed; CPU is of a message with all its moves`,
    async run(context) {
      const count = Math.round(CHAINED_PER_SECOND * context.seconds)
      const report = await runLoad('both', {
        ...amqpAddressOf(context.broker),
        'broker-pid': context.broker.pid,
        expired: queues,
        ttl: TTL_MS,
        count,
        'warmup-count': Math.round(count * WARMUP_SHARE),
      })
      const measurement = loadMeasurement(context, report, { rate: report.deliver_rate })
      const cpuPerMillion = (report.whole_broker_cpu_seconds / report.total.delivered) * 1e6
      return { ...measurement, figures: { ...measurement.figures, cpuPerMillion } }
    },
  }
}

async function delayed(context: ScenarioContext): Promise<Measurement> {
  const options = { ...windowed(context), delay: DELAY_MS, rate: DELAYED_RATE }
  const measurement = scheduleMeasurement(context, await runLoad('both', options))
  const { p50Us = 0, p99Us = 0, p999Us = 0 } = measurement.figures
  const late = { p50Us: lateness(p50Us), p99Us: lateness(p99Us), p999Us: lateness(p999Us) }
  return { ...measurement, figures: { ...measurement.figures, ...late } }
}

function lateness(latencyUs: number): number {
  return latencyUs - DELAY_MS * 1000
}
