// A connection to a broker that is killed now and then: whoever asks connects again.
import type { ApiMessages, ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor } from '../support/wait-for.ts'

/** What all links of a run share. */
export interface LinkContext {
  readonly port: () => number
  /** Requests that were answered, of all links. */
  answered: number
}

export class Link implements AsyncDisposable {
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
    const answer = await client.call(api, request, version)
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
      120_000,
    )
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
