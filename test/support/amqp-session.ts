// One amqplib connection of a test. Errors the server sends never become uncaught: a test asks for
// them with `channelClosed` and `connectionClosed`.

import { connect, type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib'
import { within } from './wait-for.ts'

/** A close that the server sent, as amqplib reports it. */
export interface ServerClose extends Error {
  readonly code: number
  readonly classId?: number
  readonly methodId?: number
}

type ConnectOptions = Parameters<typeof connect>[1]

export class AmqpSession implements AsyncDisposable {
  readonly model: ChannelModel
  readonly #closed: Promise<Error | undefined>
  #isClosed = false

  private constructor(model: ChannelModel) {
    this.model = model
    model.on('error', () => {})
    this.#closed = new Promise((resolve) => {
      model.once('close', (error) => {
        this.#isClosed = true
        resolve(error)
      })
    })
  }

  /** Without delay unless `options` say otherwise: amqplib writes frame by frame, and each would wait 40 ms. */
  static async open(url: string, options: ConnectOptions = {}): Promise<AmqpSession> {
    return new AmqpSession(await connect(url, { noDelay: true, ...options }))
  }

  async channel(): Promise<Channel> {
    const channel = await this.model.createChannel()
    watchErrors(channel)
    return channel
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    const channel = await this.model.createConfirmChannel()
    watchErrors(channel)
    return channel
  }

  /** Resolves when the connection is closed, with the server's reason if it was an error. */
  async connectionClosed(): Promise<ServerClose> {
    return (await within('connection is closed', this.#closed)) as ServerClose
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    // amqplib never settles a close whose answer the death of the server prevents.
    await Promise.race([this.model.close().catch(() => {}), this.#closed])
  }
}

const channelErrors = new WeakMap<Channel, Promise<ServerClose>>()

function watchErrors(channel: Channel): void {
  const closed = new Promise<ServerClose>((resolve) => {
    channel.on('error', (error) => resolve(error as ServerClose))
  })
  channelErrors.set(channel, closed)
}

/** Resolves with the error that the server closes `channel` with. */
export async function channelClosed(channel: Channel): Promise<ServerClose> {
  const closed = channelErrors.get(channel)
  if (!closed) throw new Error('Cannot watch a channel that no session opened')
  return within('server closes the channel', closed)
}

/** The server's reply text inside amqplib's error message. */
export function replyText(error: Error): string {
  return /with message "(.*)"$/s.exec(error.message)?.[1] ?? error.message
}
