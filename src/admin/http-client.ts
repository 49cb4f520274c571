// An HTTP connection as the list of all clients shows it.
import type { Socket } from 'node:net'
import type { ClientProtocol, Principal } from '../auth/principal.ts'
import type { ChannelInfo } from '../broker/client/channel-info.ts'
import type { Client, ClientState } from '../broker/client/client.ts'
import { ClientCounters } from '../broker/counters/client-counters.ts'
import { type Transport, transportOf } from '../lib/transport.ts'
import { type FieldTable, table } from '../record/message/field-table.ts'

/** Requests are counted together: `ClientRegistry.ofRequests`. */
const none = new ClientCounters()

export class HttpClient implements Client {
  readonly protocol: ClientProtocol = 'HTTP'
  readonly channelCount = 0
  readonly publisherCount = 0
  readonly state: ClientState = 'running'
  readonly limits = undefined
  readonly token = undefined
  readonly vhost = undefined
  readonly counters: ClientCounters = none
  readonly id: number
  readonly connectedAt: number
  readonly transport: Transport
  readonly mechanism = undefined
  readonly tls = undefined
  /** Of the last request. */
  principal: Principal | undefined
  /** Of the last request. */
  userAgent = ''
  readonly socket: Socket
  #isBusy = false
  #isClosing = false

  constructor(socket: Socket, { id, connectedAt }: Pick<Client, 'id' | 'connectedAt'>) {
    this.id = id
    this.connectedAt = connectedAt
    this.transport = transportOf(socket)
    this.socket = socket
  }

  get properties(): FieldTable {
    return table(this.userAgent === '' ? {} : { product: this.userAgent })
  }

  get receivedSize(): number {
    return this.socket.bytesRead
  }

  get sentSize(): number {
    return this.socket.bytesWritten
  }

  get unsentSize(): number {
    return this.socket.writableLength
  }

  channels(): Iterable<ChannelInfo> {
    return []
  }

  /** A request is being answered, or no longer. */
  set isBusy(isBusy: boolean) {
    this.#isBusy = isBusy
    if (!isBusy && this.#isClosing) this.socket.destroySoon()
  }

  /** Ends once the request that came has been answered; HTTP has no word for the reason. */
  close(): void {
    this.#isClosing = true
    if (!this.#isBusy) this.socket.destroySoon()
  }
}
