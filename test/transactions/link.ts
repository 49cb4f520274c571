// A connection to a broker that is killed now and then: whoever asks connects again.
import type { ApiMessages, ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import { passing, type ProducerLink } from './tiny-producer.ts'

/** What all links of a run share. */
export interface LinkContext {
  readonly port: () => number
  readonly amqpPort: () => number
  /** Requests that were answered, of all links. */
  answered: number
  /** Told of each request by the name of its API, and of each tx.commit. */
  onSent: ((what: string) => void) | undefined
}

const patienceMs = 120_000

export class Link implements AsyncDisposable, ProducerLink {
  readonly #context: LinkContext
  #client: KafkaRawClient | undefined

  constructor(context: LinkContext) {
    this.#context = context
  }

  /** Throws when the broker goes before it answers. */
  async call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): Promise<ApiMessages[Name]['response']> {
    const client = await this.#connected()
    const answering = client.call(api, request, version)
    this.#context.onSent?.(api)
    const answer = await answering
    this.#context.answered++
    return answer
  }

  /** Asks until it is answered. */
  async insist<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): Promise<ApiMessages[Name]['response']> {
    return waitFor(
      `${api} is answered`,
      () => this.call(api, request, version).catch(() => undefined),
      patienceMs,
    )
  }

  /** Asks again while the broker is away, or says that it is not now. */
  async settle(what: string, ask: () => Promise<number>): Promise<number> {
    let last = 'nothing'
    const settled = await waitFor(
      what,
      async () => {
        const answered = await ask().catch((error: unknown) => void (last = String(error)))
        if (answered === undefined) return undefined
        last = String(answered)
        return passing.has(answered) ? undefined : { answered }
      },
      patienceMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}, and the last answer was ${last}`)
    })
    return settled.answered
  }

  now(): number {
    return Date.now()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]()
  }

  async #connected(): Promise<KafkaRawClient> {
    if (this.#client?.isClosed === false) return this.#client
    this.#client = await KafkaRawClient.connect(this.#context.port())
    return this.#client
  }
}
