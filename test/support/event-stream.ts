// Server-sent events of a broker, as an EventSource reads them.
import { get, type IncomingMessage } from 'node:http'
import { within } from './wait-for.ts'

export interface StreamEvent {
  readonly type: string
  readonly data: string
  /** Of this event or one before it. */
  readonly id: string
}

export interface EventStreamOptions {
  readonly auth?: string
  readonly lastEventId?: string
  readonly headers?: Readonly<Record<string, string>>
}

export class EventStream implements AsyncDisposable {
  readonly response: IncomingMessage
  /** The id of what was read last. */
  lastId = ''
  readonly #blocks: AsyncGenerator<string>

  private constructor(response: IncomingMessage) {
    this.response = response
    this.#blocks = blocksOf(response)
  }

  /** Resolves when the status is 200 and the stream has begun. */
  static async open(url: string, options: EventStreamOptions = {}): Promise<EventStream> {
    const { auth, lastEventId, headers } = options
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const asked = get(
      url,
      {
        agent: false,
        ...(auth !== undefined && { auth }),
        headers: { ...headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
      },
      resolve,
    )
    asked.on('error', reject)
    const response = await within('the stream begins', promise)
    if (response.statusCode === 200) {
      const stream = new EventStream(response)
      await stream.#begin()
      return stream
    }
    const [body] = (await response.toArray()) as Buffer[]
    throw new Error(`${response.statusCode} ${body?.toString()}`)
  }

  /** The next event; undefined at the end of the stream. */
  async next(): Promise<StreamEvent | undefined> {
    for (;;) {
      const { value, done } = await within('an event comes', this.#blocks.next())
      if (done === true) return undefined
      const event = this.#read(value)
      if (event !== undefined) return event
    }
  }

  /** So many of the next ones. */
  async take(count: number): Promise<StreamEvent[]> {
    const events: StreamEvent[] = []
    while (events.length < count) {
      const event = await this.next()
      if (event === undefined) throw new Error(`the stream ended after ${events.length} events`)
      events.push(event)
    }
    return events
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy()
    await Promise.resolve()
  }

  async #begin(): Promise<void> {
    const { value = '' } = await within('the stream begins', this.#blocks.next())
    this.#read(value)
  }

  #read(block: string): StreamEvent | undefined {
    let type = 'message'
    let data: string | undefined
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([^:]*): ?(.*)$/.exec(line) ?? []
      if (name === 'id') this.lastId = value
      if (name === 'event') type = value
      if (name === 'data') data = value
    }
    return data === undefined ? undefined : { type, data, id: this.lastId }
  }
}

async function* blocksOf(response: IncomingMessage): AsyncGenerator<string> {
  let text = ''
  // Bytes of a message that is cut by a piece stay together.
  response.setEncoding('utf8')
  for await (const piece of response as AsyncIterable<string>) {
    text += piece
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    yield* blocks
  }
}
