// One connection of a client in the simulation, as the producers of the checker of transactions use it.
import type { ApiMessages, ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { passing, type ProducerLink } from '../../transactions/tiny-producer.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'

const pauseMs = 40

export class LifeLink implements ProducerLink {
  readonly #life: Pick<KafkaLife, 'connection' | 'world'>

  constructor(life: Pick<KafkaLife, 'connection' | 'world'>) {
    this.#life = life
  }

  /** Rejects with `Ended`. */
  call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): Promise<ApiMessages[Name]['response']> {
    return this.#life.connection.call(api, request, { version })
  }

  async settle(_what: string, ask: () => Promise<number>): Promise<number> {
    for (;;) {
      const code = await ask()
      if (!passing.has(code)) return code
      await this.#life.world.sleep(pauseMs)
    }
  }

  now(): number {
    return Math.floor(this.#life.world.clock.now())
  }
}
