// What tests use of stompit, which has no types of its own.
import { createRequire } from 'node:module'
import type { Readable, Writable } from 'node:stream'

type Headers = Readonly<Record<string, string>>

export interface StompitMessage extends Readable {
  readonly headers: Readonly<Record<string, string>>
  readString(encoding: string, done: (error: Error | null, body?: string) => void): void
}

interface Subscription {
  unsubscribe(headers?: Headers): void
}

interface SendOptions {
  readonly onReceipt?: () => void
}

interface Transaction {
  send(headers: Headers): Writable
  commit(options?: { readonly onReceipt?: () => void }): void
  abort(options?: { readonly onReceipt?: () => void }): void
}

export interface StompitClient {
  readonly headers?: Headers
  on(event: 'error', listener: (error: Error) => void): void
  send(headers: Headers, options?: { readonly onReceipt?: () => void }): Writable
  sendString(headers: Headers, body: string, options: { readonly onReceipt: () => void }): void
  subscribe(
    headers: Headers,
    onMessage: (error: Error | null, message: StompitMessage, subscription: Subscription) => void,
  ): Subscription
  ack(message: StompitMessage, headers?: Headers, options?: SendOptions): void
  nack(message: StompitMessage, headers?: Headers, options?: SendOptions): void
  begin(headers?: Headers): Transaction
  disconnect(done?: (error: Error | null) => void): void
  destroy(error?: Error): void
}

interface ConnectOptions {
  readonly host: string
  readonly port: number
  readonly connectHeaders: Headers
}

interface Stompit {
  connect(options: ConnectOptions, done: (error: Error | null, client: StompitClient) => void): void
}

export const stompit: Stompit = createRequire(import.meta.url)('stompit') as Stompit
