// What transactions are checked on: a broker that is alone, or the nodes of a cluster. It is killed now and then.
import type { Random } from '../../src/lib/random.ts'
import type { TestBroker } from '../support/start-test-broker.ts'

/** A machine with much else to do may take long. */
export const startMsMax = 120_000

export interface CheckedBroker {
  /** Where a client of Kafka begins, of something that is up. */
  readonly kafkaPort: number
  /** The same of AMQP. */
  readonly port: number
  readonly url: string
  /** What it has written. */
  readonly output: string
  /** Who leads partitions; undefined: there is one broker. */
  readonly leaders: Leaders | undefined
  /** Kills some of it, and starts that again. */
  crash(random: Random): Promise<void>
}

export interface Leaders {
  /** The port of its leader, as was heard last. Rejects while there is none. */
  portOf(topic: string, partition: number): Promise<number>
  /** Somebody is no leader any more, or is gone. */
  forget(): void
}

export class CheckedSingle implements CheckedBroker {
  readonly leaders = undefined
  readonly #broker: TestBroker

  constructor(broker: TestBroker) {
    this.#broker = broker
  }

  get kafkaPort(): number {
    return this.#broker.kafkaPort
  }

  get port(): number {
    return this.#broker.port
  }

  get url(): string {
    return this.#broker.url
  }

  get output(): string {
    return this.#broker.output
  }

  async crash(): Promise<void> {
    await this.#broker.kill()
    await this.#broker.restart(startMsMax)
  }
}
