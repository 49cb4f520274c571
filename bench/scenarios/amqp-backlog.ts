import { setTimeout as sleep } from 'node:timers/promises'
import { amqpAddressOf } from '../systems/ports.ts'
import { processMemory } from '../systems/process-memory.ts'
import { type LoadReport, loadMeasurement, queryDepth, runLoad } from './amqp-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Gives the broker time to finish what it does after the last confirm, before memory is read. */
const SETTLE_MS = 5000
/** What a queue holds that was filled just before; a long one is compared with it. */
const SHORT_PER_SECOND = 40_000
/** The first part of a consumer's messages warms it up and is not measured. */
const WARMUP_SHARE = 0.2

export const amqpBacklog: readonly Scenario[] = [
  backlog('backlog-1m', 1_000_000),
  drained('backlog-5m-drained', 1_000_000),
]

/** What a deep queue costs: memory while it waits, and the time to come back with it. */
function backlog(name: string, count: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `${count} persistent messages of 1024 B wait: memory ${SETTLE_MS / 1000} s after the last confirm; from the start of the process until the broker has told the queue's depth, after SIGTERM and after SIGKILL`,
    async run(context) {
      const report = await fill(context, count)
      await sleep(SETTLE_MS)
      const memory = processMemory(context.broker.pid)
      const restartSeconds = await timeRestart(context, 'SIGTERM', count)
      const restartAfterKillSeconds = await timeRestart(context, 'SIGKILL', count)
      return {
        figures: { ...memory, restartSeconds, restartAfterKillSeconds },
        reports: { preload: report },
      }
    },
  }
}

/** How fast a deep queue gets empty, beside one that was filled just before. */
function drained(name: string, countPerSecond: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `${countPerSecond} persistent messages of 1024 B for each second asked for (--seconds 5: five million) wait, and are then consumed on one connection, prefetch 1000, each acked: memory before that, and the rate, also as a share of the rate at which ${SHORT_PER_SECOND} a second were consumed on the same broker just before`,
    async run(context) {
      const shortCount = Math.round(SHORT_PER_SECOND * context.seconds)
      await fill(context, shortCount)
      const short = await drain(context, shortCount)
      const count = Math.round(countPerSecond * context.seconds)
      const preload = await fill(context, count)
      await sleep(SETTLE_MS)
      const { residentMb } = processMemory(context.broker.pid)
      const long = await drain(context, count)
      const { figures, ...others } = loadMeasurement(context, long, { rate: long.deliver_rate })
      return drainMeasurement(
        { ...others, figures: { ...figures, residentMb } },
        { short, preload },
      )
    },
  }
}

function drainMeasurement(
  { figures, reports, ...others }: Measurement,
  { short, preload }: Readonly<Record<'short' | 'preload', LoadReport>>,
): Measurement {
  const { rate: drainRate = 0, ...rest } = figures
  const drainShare = (drainRate / short.deliver_rate) * 100
  return {
    ...others,
    figures: { ...rest, rate: preload.publish_rate, drainRate, drainShare },
    // The drain comes last: a profile is cut to the window of the last one.
    reports: { short, preload, ...reports },
  }
}

async function fill({ broker }: ScenarioContext, count: number): Promise<LoadReport> {
  return runLoad('publish', { ...amqpAddressOf(broker), 'broker-pid': broker.pid, count })
}

async function drain({ broker }: ScenarioContext, count: number): Promise<LoadReport> {
  return runLoad('consume', {
    ...amqpAddressOf(broker),
    'broker-pid': broker.pid,
    count,
    'warmup-count': Math.round(count * WARMUP_SHARE),
  })
}

async function timeRestart(
  context: ScenarioContext,
  signal: 'SIGTERM' | 'SIGKILL',
  count: number,
): Promise<number> {
  const { broker, startedAt } = await context.restart(signal)
  const depth = await queryDepth(broker)
  const seconds = (performance.now() - startedAt) / 1000
  if (depth !== count) throw new Error(`${depth} of ${count} messages were left after ${signal}`)
  return seconds
}
