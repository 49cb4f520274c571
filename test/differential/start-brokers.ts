// A Pabal and the broker that it is compared with, for one run.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningBroker } from '../../bench/systems/broker-system.ts'
import { freePorts } from '../../bench/systems/ports.ts'
import { rabbitmqServerScript, startRabbitmq } from '../../bench/systems/rabbitmq-system.ts'
import { localSocketFile } from '../../src/lib/local-socket.ts'
import { TestBroker } from '../support/start-test-broker.ts'
import type { Brokers } from './compare.ts'
import type { Endpoints } from './endpoints.ts'

/** Whether there is a RabbitMQ to compare with. */
export const hasRabbitmq: boolean = existsSync(rabbitmqServerScript)

export interface StartedBrokers extends Brokers, AsyncDisposable {}

/** `given`: a broker that runs already, to be compared with instead of a RabbitMQ of its own. */
export async function startBrokers(given?: Endpoints): Promise<StartedBrokers> {
  const pabal = await TestBroker.start(['--stomp-port', '0'])
  const folder = mkdtempSync(join(tmpdir(), 'pabal-reference-'))
  let rabbitmq: RunningBroker | undefined
  const stop = async (): Promise<void> => {
    await pabal[Symbol.asyncDispose]()
    await rabbitmq?.stop('SIGKILL')
    rmSync(folder, { recursive: true })
  }
  const startReference = async (): Promise<Endpoints> => {
    const [managementPort, stompPort] = await freePorts(2)
    const started = await startRabbitmq(
      folder,
      managementPort,
      stompPort === undefined ? {} : { stompPort },
    )
    rabbitmq = started
    return {
      amqp: `amqp://guest:guest@127.0.0.1:${started.amqpPort}`,
      stompPort,
      management: { host: '127.0.0.1', port: managementPort },
    }
  }
  try {
    return {
      pabal: {
        amqp: pabal.url,
        stompPort: pabal.stompPort,
        management: { socketPath: join(pabal.dataFolder, localSocketFile) },
      },
      reference: given ?? (await startReference()),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
