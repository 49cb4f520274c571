// Connections to a broker that is killed now and then: whoever asks connects again. In a cluster records go to the leader of
// their partition, all else to any node.
import type { ApiMessages, ApiName } from '../../src/codec/kafka/apis.gen.ts'
import { KafkaRawClient } from '../support/kafka-raw-client.ts'
import { waitFor } from '../support/wait-for.ts'
import type { Leaders } from './checked-broker.ts'
import { passing, type ProducerLink } from './tiny-producer.ts'

/** What all links of a run share. */
export interface LinkContext {
  readonly port: () => number
  readonly amqpPort: () => number
  /** Undefined: there is one broker. */
  readonly leaders: Leaders | undefined
  /** Requests that were answered, of all links. */
  answered: number
  /** Told of each request by the name of its API, and of each tx.commit. */
  onSent: ((what: string) => void) | undefined
}

const patienceMs = 120_000

export class Link implements AsyncDisposable, ProducerLink {
  readonly #context: LinkContext
  /** By port; -1 for what any node answers. */
  readonly #clients = new Map<number, KafkaRawClient>()

  constructor(context: LinkContext) {
    this.#context = context
  }

  /** Throws when the broker goes before it answers. */
  async call<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
    version: number,
  ): Promise<ApiMessages[Name]['response']> {
    const { leaders } = this.#context
    try {
      const client = await this.#connectedFor(api, request)
      const answering = client.call(api, request, version)
      this.#context.onSent?.(api)
      const answer = await answering
      this.#context.answered++
      if (codesOf(api, answer).includes(notLeader)) leaders?.forget()
      return answer
    } catch (error) {
      leaders?.forget()
      throw error
    }
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
    for (const client of this.#clients.values()) await client[Symbol.asyncDispose]()
  }

  async #connectedFor<Name extends ApiName>(
    api: Name,
    request: ApiMessages[Name]['request'],
  ): Promise<KafkaRawClient> {
    const { leaders, port } = this.#context
    const place = leaders && placeOf(api, request)
    const leader = place && (await leaders?.portOf(place.topic, place.partition))
    const known = this.#clients.get(leader ?? -1)
    if (known?.isClosed === false) return known
    const client = await KafkaRawClient.connect(leader ?? port())
    this.#clients.set(leader ?? -1, client)
    return client
  }
}

const notLeader = 6

/** What a request about records is about; each of these is about one partition. */
function placeOf<Name extends ApiName>(
  api: Name,
  request: ApiMessages[Name]['request'],
): { topic: string; partition: number } | undefined {
  if (api === 'produce') {
    const [topic] = (request as ApiMessages['produce']['request']).topicData
    return { topic: topic!.name, partition: topic!.partitionData[0]!.index }
  }
  if (api !== 'fetch') return undefined
  const [topic] = (request as ApiMessages['fetch']['request']).topics
  return { topic: topic!.topic, partition: topic!.partitions[0]!.partition }
}

function codesOf<Name extends ApiName>(
  api: Name,
  answer: ApiMessages[Name]['response'],
): readonly number[] {
  if (api === 'produce') {
    const { responses } = answer as ApiMessages['produce']['response']
    return responses.flatMap((each) => each.partitionResponses.map(({ errorCode }) => errorCode))
  }
  if (api !== 'fetch') return []
  const { responses } = answer as ApiMessages['fetch']['response']
  return responses.flatMap((each) => each.partitions.map(({ errorCode }) => errorCode))
}
