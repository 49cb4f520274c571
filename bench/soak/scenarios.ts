import { churn } from './churn.ts'
import { deafConsumer } from './deaf-consumer.ts'
import { deepQueue } from './deep-queue.ts'
import { idleConnections } from './idle-connections.ts'
import { manyQueues } from './many-queues.ts'
import { randomAcks } from './random-acks.ts'
import type { SoakScenario } from './soak-scenario.ts'

/** By the names that the command takes. */
export const soakScenarios: Readonly<Record<string, SoakScenario>> = {
  'deep-queue': deepQueue,
  'many-queues': manyQueues,
  'idle-connections': idleConnections,
  churn,
  'deaf-consumer': deafConsumer,
  'random-acks': randomAcks,
}
