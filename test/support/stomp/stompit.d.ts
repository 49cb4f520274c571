// What tests use of stompit, which has no types of its own.
declare module 'stompit' {
  import type { Readable, Writable } from 'node:stream'

  type Headers = Readonly<Record<string, string>>

  export interface Message extends Readable {
    readonly headers: Readonly<Record<string, string>>
    readString(encoding: string, done: (error: Error | null, body?: string) => void): void
  }

  export interface Subscription {
    unsubscribe(headers?: Headers): void
  }

  export interface SendOptions {
    readonly onReceipt?: () => void
  }

  export interface Transaction {
    send(headers: Headers): Writable
    commit(options?: { readonly onReceipt?: () => void }): void
    abort(options?: { readonly onReceipt?: () => void }): void
  }

  export interface Client {
    readonly headers?: Headers
    on(event: 'error', listener: (error: Error) => void): void
    send(headers: Headers, options?: { readonly onReceipt?: () => void }): Writable
    sendString(headers: Headers, body: string, options: { readonly onReceipt: () => void }): void
    subscribe(
      headers: Headers,
      onMessage: (error: Error | null, message: Message, subscription: Subscription) => void,
    ): Subscription
    ack(message: Message, headers?: Headers, options?: SendOptions): void
    nack(message: Message, headers?: Headers, options?: SendOptions): void
    begin(headers?: Headers): Transaction
    disconnect(done?: (error: Error | null) => void): void
    destroy(error?: Error): void
  }

  export interface ConnectOptions {
    readonly host: string
    readonly port: number
    readonly connectHeaders: Headers
  }

  const stompit: {
    connect(options: ConnectOptions, done: (error: Error | null, client: Client) => void): void
  }
  export default stompit
}
