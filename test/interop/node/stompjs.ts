// @stomp/stompjs against a STOMP broker: node stompjs.ts HOST:PORT PREFIX

import { Client, type IFrame, type IMessage } from '@stomp/stompjs'
import { TcpWebSocket } from '../../support/stomp/tcp-web-socket.ts'
import { broker, until } from './report.ts'
import {
  StompSteps,
  type Headers,
  type StompMessage,
  type StompOptions,
  type StompPeer,
} from './stomp-steps.ts'

const [, port] = broker.split(':')

class StompjsPeer implements StompPeer {
  readonly #client: Client
  readonly messages: (StompMessage & { readonly frame: IMessage })[] = []
  readonly errors: string[] = []
  version = ''
  isClosed = false
  #receipts = 0

  private constructor({ passcode = 'guest', heartBeatMs = 0 }: StompOptions) {
    this.#client = new Client({
      webSocketFactory: () => new TcpWebSocket(Number(port)),
      connectHeaders: { login: 'guest', passcode, host: '/' },
      reconnectDelay: 0,
      heartbeatIncoming: heartBeatMs,
      heartbeatOutgoing: heartBeatMs,
      forceBinaryWSFrames: true,
      onConnect: () => (this.version = this.#client.connectedVersion ?? ''),
      onStompError: (frame: IFrame) => this.errors.push(frame.headers['message'] ?? ''),
      onWebSocketClose: () => (this.isClosed = true),
      // What nobody subscribed to: temporary queues.
      onUnhandledMessage: (message) => this.#take(message),
    })
  }

  static async connect(options: StompOptions): Promise<StompPeer> {
    const peer = new StompjsPeer(options)
    peer.#client.activate()
    await until('an answer', () => peer.version !== '' || peer.errors.length > 0)
    return peer
  }

  #take(frame: IMessage): void {
    const { headers, binaryBody } = frame
    this.messages.push({ headers, body: Buffer.from(binaryBody), frame })
  }

  /** Runs a frame with a receipt until that is there. */
  async #confirmed(run: (headers: Headers) => void): Promise<void> {
    const receipt = `r-${this.#receipts++}`
    let isThere = false
    this.#client.watchForReceipt(receipt, () => (isThere = true))
    run({ receipt })
    await until('a receipt', () => isThere || this.isClosed)
    if (!isThere) throw new Error(`closed: ${this.errors.join()}`)
  }

  async send({ destination = '', ...headers }: Headers, body: string | Buffer): Promise<void> {
    const binaryBody = Uint8Array.from(Buffer.from(body))
    const publish = (more: Headers): void =>
      this.#client.publish({ destination, headers: { ...headers, ...more }, binaryBody })
    if (headers['transaction'] === undefined) await this.#confirmed(publish)
    else publish({})
  }

  trySubscribe({ destination = '', ...headers }: Headers): void {
    this.#client.subscribe(destination, (message) => this.#take(message), { ...headers })
  }

  subscribe(headers: Headers): Promise<void> {
    return this.#confirmed((more) => this.trySubscribe({ ...headers, ...more }))
  }

  unsubscribe({ id = '', ...headers }: Headers): Promise<void> {
    return this.#confirmed((more) => this.#client.unsubscribe(id, { ...headers, ...more }))
  }

  ack(message: StompMessage): Promise<void> {
    return this.#confirmed((more) => (message as { frame?: IMessage }).frame?.ack({ ...more }))
  }

  nack(message: StompMessage): Promise<void> {
    return this.#confirmed((more) => (message as { frame?: IMessage }).frame?.nack({ ...more }))
  }

  async begin(transaction: string): Promise<void> {
    this.#client.begin(transaction)
  }

  async commit(transaction: string): Promise<void> {
    this.#client.commit(transaction)
  }

  async abort(transaction: string): Promise<void> {
    this.#client.abort(transaction)
  }

  async end(): Promise<void> {
    // Who was not let in has no DISCONNECT.
    await this.#client.deactivate({ force: this.version === '' })
    await until('closed', () => this.isClosed)
  }
}

await new StompSteps((options) => StompjsPeer.connect(options)).run()
