// A Pabal and the broker that it is compared with, for one run.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningBroker } from '../../bench/systems/broker-system.ts'
import { rabbitmqServerScript, rabbitmqSystem } from '../../bench/systems/rabbitmq-system.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import type { Brokers } from './compare.ts'

/** Whether there is a RabbitMQ to compare with. */
export const hasRabbitmq: boolean = existsSync(rabbitmqServerScript)

export interface StartedBrokers extends Brokers, AsyncDisposable {}

/** `reference`: the URL of a broker that runs already, instead of a RabbitMQ of its own. */
export async function startBrokers(reference?: string): Promise<StartedBrokers> {
  const pabal = await TestBroker.start()
  const folder = mkdtempSync(join(tmpdir(), 'pabal-reference-'))
  let rabbitmq: RunningBroker | undefined
  const stop = async (): Promise<void> => {
    await pabal[Symbol.asyncDispose]()
    await rabbitmq?.stop('SIGKILL')
    rmSync(folder, { recursive: true })
  }
  try {
    if (reference === undefined) rabbitmq = await rabbitmqSystem().start(folder)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    pabal: pabal.url,
    reference: reference ?? `amqp://guest:guest@127.0.0.1:${rabbitmq?.amqpPort}`,
    [Symbol.asyncDispose]: stop,
  }
}
