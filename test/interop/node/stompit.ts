// stompit against a STOMP broker: node stompit.ts HOST:PORT PREFIX

import type { Readable, Writable } from 'node:stream'
import { broker, until } from './report.ts'
import {
  StompSteps,
  type Headers,
  type StompMessage,
  type StompOptions,
  type StompPeer,
} from './stomp-steps.ts'

interface Incoming extends Readable {
  readonly headers: Headers
}

/** What is used of it: it has no types of its own. */
interface Client {
  readonly headers: Headers
  on(event: 'error', listener: (error: Error) => void): void
  sendFrame(command: string, headers: object, options?: { onReceipt?: () => void }): Writable
  subscribe(headers: object, listener: (error: Error | null, message: Incoming) => void): void
  setImplicitSubscription(
    id: string,
    ack: string,
    listener: (error: Error | null, message: Incoming) => void,
  ): void
  ack(message: StompMessage, headers: object, options: { onReceipt: () => void }): void
  nack(message: StompMessage, headers: object, options: { onReceipt: () => void }): void
  disconnect(done: () => void): void
}

interface Stompit {
  connect(options: object, done: (error: Error | null, client: Client) => void): void
}

const library: string = 'stompit'
const { default: stompit } = (await import(library)) as { default: Stompit }
const [host = '', port = ''] = broker.split(':')

class StompitPeer implements StompPeer {
  readonly #client: Client
  readonly messages: StompMessage[] = []
  readonly errors: string[] = []
  isClosed = false

  private constructor(client: Client) {
    this.#client = client
    client.on('error', (error) => this.#fail(error))
    client.setImplicitSubscription('/temp-queue/answers', 'auto', (_, message) => {
      if (message) this.#take(message)
    })
  }

  static async connect({ passcode = 'guest', heartBeatMs = 0 }: StompOptions): Promise<StompPeer> {
    const connectHeaders = {
      host: '/',
      login: 'guest',
      passcode,
      'heart-beat': `${heartBeatMs},${heartBeatMs}`,
    }
    return new Promise((resolve, reject) => {
      stompit.connect({ host, port: Number(port), connectHeaders }, (error, client) => {
        if (error) reject(error)
        else resolve(new StompitPeer(client))
      })
    })
  }

  #fail(error: Error): void {
    this.isClosed = true
    this.errors.push(error.message)
  }

  #take(message: Incoming): void {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () =>
      this.messages.push({ headers: message.headers, body: Buffer.concat(chunks) }),
    )
  }

  get version(): string {
    return this.#client.headers['version'] ?? ''
  }

  /** Until its receipt is there. */
  #frame(command: string, headers: Headers, body?: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#client.sendFrame(command, { ...headers }, { onReceipt: resolve }).end(body)
    })
  }

  async send(headers: Headers, body: string | Buffer): Promise<void> {
    const sized = { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    if (headers['transaction'] === undefined) return this.#frame('SEND', sized, body)
    this.#client.sendFrame('SEND', sized).end(body)
  }

  trySubscribe(headers: Headers): void {
    this.#client.subscribe({ ...headers }, (_, message) => message && this.#take(message))
  }

  async subscribe(headers: Headers): Promise<void> {
    this.trySubscribe(headers)
    // The library knows no receipt of a subscription: what comes after it is answered after it.
    await this.begin('subscribed')
    await this.abort('subscribed')
  }

  unsubscribe(headers: Headers): Promise<void> {
    return this.#frame('UNSUBSCRIBE', headers)
  }

  ack(message: StompMessage): Promise<void> {
    return new Promise((onReceipt) => this.#client.ack(message, {}, { onReceipt }))
  }

  nack(message: StompMessage): Promise<void> {
    return new Promise((onReceipt) => this.#client.nack(message, {}, { onReceipt }))
  }

  begin(transaction: string): Promise<void> {
    return this.#frame('BEGIN', { transaction })
  }

  commit(transaction: string): Promise<void> {
    return this.#frame('COMMIT', { transaction })
  }

  abort(transaction: string): Promise<void> {
    return this.#frame('ABORT', { transaction })
  }

  async end(): Promise<void> {
    this.#client.disconnect(() => (this.isClosed = true))
    await until('closed', () => this.isClosed)
  }
}

// It does not read ERROR frames to their end.
const cannot = ['missing queue', 'refused login']
await new StompSteps((options) => StompitPeer.connect(options), cannot).run()
