import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningBroker } from '../systems/broker-system.ts'
import { amqpAddressOf, kafkaAddressOf } from '../systems/ports.ts'
import { processMemory } from '../systems/process-memory.ts'
import { queryDepth, runLoad } from './amqp-load.ts'
import { queryEnd, runKafkaLoad } from './kafka-load.ts'
import type { Measurement, Scenario, ScenarioContext } from './scenario.ts'

/** Memory is read this long after the broker answered: what it does at its start is done. */
const SETTLE_MS = 5000
const UNTIL = 'from the start of the process until every protocol it speaks answers a client'

/** How a protocol's load program fills the broker, and how it finds out what is there. */
type Filling = {
  readonly size: number
  fill(broker: RunningBroker, count: number): Promise<unknown>
  count(broker: RunningBroker): Promise<number>
}

const queue: Filling = {
  size: 4096,
  fill: (broker, count) => runLoad('publish', { ...amqpAddressOf(broker), size: 4096, count }),
  count: (broker) => queryDepth(broker),
}

const topic: Filling = {
  size: 1024,
  fill: (broker, count) => runKafkaLoad('produce', { ...kafkaAddressOf(broker), count }),
  count: (broker) => queryEnd(broker),
}

export const startUp: readonly Scenario[] = [
  {
    name: 'start-empty',
    area: 'start-up',
    protocols: [],
    description: `${UNTIL}, on an empty folder; memory 5 s later, without a client`,
    run: startEmpty,
  },
  {
    name: 'start-full-queue',
    area: 'start-up',
    protocols: ['amqp'],
    description: `${UNTIL}, with a durable queue of 4 KiB messages (--gigabytes), after SIGTERM and after SIGKILL; memory 5 s later`,
    run: (context) => startFull(context, queue),
  },
  {
    name: 'start-full-topic',
    area: 'start-up',
    protocols: ['kafka'],
    description: `${UNTIL}, with a topic of 1 KiB records (--gigabytes), after SIGTERM and after SIGKILL; memory 5 s later`,
    run: (context) => startFull(context, topic),
  },
]

async function startEmpty({ broker }: ScenarioContext): Promise<Measurement> {
  const startSeconds = broker.readyMs / 1000
  await sleep(SETTLE_MS)
  return { figures: { startSeconds, ...processMemory(broker.pid) }, reports: {} }
}

async function startFull(context: ScenarioContext, filling: Filling): Promise<Measurement> {
  const count = Math.round((context.gigabytes * 1e9) / filling.size)
  await filling.fill(context.broker, count)
  const restartSeconds = await timeRestart(context, filling, 'SIGTERM', count)
  const restartAfterKillSeconds = await timeRestart(context, filling, 'SIGKILL', count)
  const { broker } = await context.restart('SIGTERM')
  await sleep(SETTLE_MS)
  const memory = processMemory(broker.pid)
  return { figures: { restartSeconds, restartAfterKillSeconds, ...memory }, reports: {} }
}

/** Also checks that everything is there again. */
async function timeRestart(
  context: ScenarioContext,
  filling: Filling,
  signal: 'SIGTERM' | 'SIGKILL',
  count: number,
): Promise<number> {
  const { broker } = await context.restart(signal)
  const found = await filling.count(broker)
  if (found !== count) throw new Error(`${found} of ${count} messages were left after ${signal}`)
  return broker.readyMs / 1000
}
