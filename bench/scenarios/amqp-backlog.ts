import { setTimeout as sleep } from 'node:timers/promises'
import { amqpPortOf } from '../systems/ports.ts'
import { processMemory } from '../systems/process-memory.ts'
import { queryDepth, runLoad } from './amqp-load.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

/** Gives the broker time to finish what it does after the last confirm, before memory is read. */
const SETTLE_MS = 5000

export const amqpBacklog: readonly Scenario[] = [backlog('backlog-1m', 1_000_000)]

/** What a deep queue costs: memory while it waits, and the time to come back with it. */
function backlog(name: string, count: number): Scenario {
  return {
    name,
    area: 'amqp',
    protocols: ['amqp'],
    description: `${count} persistent messages of 1024 B wait: memory ${SETTLE_MS / 1000} s after the last confirm; from the start of the process until the broker has told the queue's depth, after SIGTERM and after SIGKILL`,
    async run(context) {
      const report = await runLoad('publish', {
        port: amqpPortOf(context.broker),
        'broker-pid': context.broker.pid,
        size: 1024,
        count,
      })
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

async function timeRestart(
  context: ScenarioContext,
  signal: 'SIGTERM' | 'SIGKILL',
  count: number,
): Promise<number> {
  const { broker, startedAt } = await context.restart(signal)
  const depth = await queryDepth(amqpPortOf(broker))
  const seconds = (performance.now() - startedAt) / 1000
  if (depth !== count) throw new Error(`${depth} of ${count} messages were left after ${signal}`)
  return seconds
}
