// All that the requests of one user in one virtual host wait for and have leased, as lists show it: a connection
// with one channel, and a consumer of each queue.
import type { ClientProtocol, Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Transport } from '../../lib/transport.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { emptyTable, type FieldTable } from '../../record/message/field-table.ts'
import type { ChannelInfo, ConsumerInfo } from '../client/channel-info.ts'
import type { Client, ClientState } from '../client/client.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import type { Consumer } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import type { Receiving } from './receiving.ts'

/** Something that a request has got and not settled. */
export interface Lease {
  readonly receipt: string
  readonly holding: Holding
  readonly consumer: Consumer
  readonly offset: number
  readonly rights: Rights
  timer: Timer
}

/** What a receiver has of one queue. */
export interface Holding {
  readonly receiver: Receiver
  readonly queue: Queue
  readonly waits: Set<Receiving>
  readonly leases: Set<Lease>
}

export interface ReceiverOptions extends Pick<Client, 'id' | 'connectedAt'> {
  readonly principal: Principal
  readonly vhost: string
  /** Of the user at the time: another one ends all of it. Undefined for who has none. */
  readonly passwordHash: string | undefined
  readonly onClose: (reason: string) => void
}

export class Receiver implements Client {
  readonly protocol: ClientProtocol = 'HTTP'
  readonly state: ClientState = 'running'
  readonly channelCount = 1
  readonly publisherCount = 0
  readonly receivedSize = 0
  readonly sentSize = 0
  readonly unsentSize = 0
  readonly limits = undefined
  readonly token = undefined
  readonly mechanism = undefined
  readonly tls = undefined
  readonly properties: FieldTable = emptyTable
  readonly counters: ClientCounters = new ClientCounters()
  readonly id: number
  readonly connectedAt: number
  readonly vhost: string
  readonly passwordHash: string | undefined
  /** Of the last request. */
  principal: Principal
  readonly holdings: Map<Queue, Holding> = new Map()
  readonly #onClose: (reason: string) => void

  constructor(options: ReceiverOptions) {
    this.id = options.id
    this.connectedAt = options.connectedAt
    this.principal = options.principal
    this.vhost = options.vhost
    this.passwordHash = options.passwordHash
    this.#onClose = options.onClose
  }

  get givenName(): string {
    return `HTTP receivers of ${this.principal.user} in ${this.vhost}`
  }

  /** Leases outlive the connection that they came by: there is an address, and no port. */
  get transport(): Transport {
    return {
      peer: { host: this.principal.address, port: 0 },
      local: { host: '', port: 0 },
      isTls: false,
    }
  }

  holdingOf(queue: Queue): Holding {
    let holding = this.holdings.get(queue)
    if (holding === undefined) {
      holding = { receiver: this, queue, waits: new Set(), leases: new Set() }
      this.holdings.set(queue, holding)
    }
    return holding
  }

  channels(): Iterable<ChannelInfo> {
    let unackedCount = 0
    for (const { leases } of this.holdings.values()) unackedCount += leases.size
    const channel: ChannelInfo = {
      number: 1,
      isOpen: true,
      prefetch: leaseLimits.perUserMax,
      sharedPrefetch: 0,
      unackedCount,
      // A lease ends by itself.
      unackedSince: undefined,
      hasConfirms: false,
      unconfirmedCount: 0,
      hasTransactions: false,
      uncommittedMessages: 0,
      uncommittedAcks: 0,
      counters: this.counters,
      consumers: Array.from(this.holdings.values(), consumerInfo),
    }
    return [channel]
  }

  close(reason: string): void {
    this.#onClose(reason)
  }
}

/** What requests consume a queue as. */
export function receiverTag(queue: Queue): string {
  return `http-${queue.name}`
}

function consumerInfo({ queue, waits }: Holding): ConsumerInfo {
  return {
    tag: receiverTag(queue),
    queueName: queue.name,
    isNoAck: false,
    isExclusive: false,
    isActive: waits.size === 0 || [...waits].some(({ consumer }) => consumer.isActive),
    prefetch: leaseLimits.perUserMax,
    ackTimeoutMs: leaseLimits.secondsMax * 1000,
    arguments: emptyTable,
    counted: undefined,
    cancel: undefined,
  }
}
