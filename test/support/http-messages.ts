// A client that publishes and receives by HTTP, as guest.
import assert from 'node:assert/strict'

/** A message of an answer. */
export interface GotMessage {
  readonly receipt: string
  readonly payload: string
  readonly payload_encoding: string
  readonly redelivered: boolean
  readonly exchange: string
  readonly routing_key: string
  readonly properties: Readonly<Record<string, unknown>>
}

export interface SentMessage {
  readonly payload: string
  readonly routing_key?: string
  readonly payload_encoding?: 'string' | 'base64'
  readonly properties?: Readonly<Record<string, unknown>>
}

interface Settled {
  readonly ack?: readonly GotMessage[]
  readonly requeue?: readonly GotMessage[]
  readonly reject?: readonly GotMessage[]
}

export class HttpMessages {
  readonly #url: string

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/api`
  }

  /** Answers status and JSON. */
  async ask(request: string, body?: unknown): Promise<[status: number, json: unknown]> {
    const [method = '', path = ''] = request.split(' ')
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Basic ${btoa('guest:guest')}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return [response.status, text === '' ? undefined : JSON.parse(text)]
  }

  /** To the queue, stream or topic of this name; all are to be routed. */
  async publish(queue: string, ...messages: readonly (SentMessage | string)[]): Promise<void> {
    await this.#publish(`/v1/streams/%2F/${queue}/messages`, messages)
  }

  async publishTo(exchange: string, ...messages: readonly SentMessage[]): Promise<void> {
    await this.#publish(`/v1/exchanges/%2F/${exchange}/messages`, messages)
  }

  async receive(queue: string, asked: object = {}): Promise<readonly GotMessage[]> {
    const [status, json] = await this.ask(`POST /v1/queues/%2F/${queue}/receive`, asked)
    assert.equal(status, 200, JSON.stringify(json))
    return (json as { readonly messages: GotMessage[] }).messages
  }

  /** Returns how many were gone. */
  async settle(queue: string, { ack = [], requeue = [], reject = [] }: Settled): Promise<number> {
    const receipts = (messages: readonly GotMessage[]): string[] =>
      messages.map(({ receipt }) => receipt)
    const [status, json] = await this.ask(`POST /v1/queues/%2F/${queue}/settle`, {
      ack: receipts(ack),
      requeue: receipts(requeue),
      reject: receipts(reject),
    })
    assert.equal(status, 200, JSON.stringify(json))
    return (json as { readonly gone: string[] }).gone.length
  }

  async #publish(path: string, sent: readonly (SentMessage | string)[]): Promise<void> {
    const messages = sent.map((each) => (typeof each === 'string' ? { payload: each } : each))
    const [status, json] = await this.ask(`POST ${path}`, { messages })
    assert.equal(status, 200, JSON.stringify(json))
    const { results } = json as { readonly results: readonly object[] }
    assert.deepEqual(
      results,
      messages.map(() => ({ outcome: 'routed' })),
    )
  }
}

export const payloadsOf = (messages: readonly GotMessage[]): string[] =>
  messages.map(({ payload }) => payload)
