import type { ClientProtocol } from '../auth/principal.ts'
import type { Address } from '../lib/listen.ts'

/**
 * Where a broker is in its life. Only a ready one takes work. A frozen one is a node of a cluster that has lost touch
 * with PostgreSQL: it keeps its connections and says nothing.
 */
export type BrokerState = 'starting' | 'ready' | 'frozen' | 'maintenance' | 'stopping'

/** What a broker knows of itself without looking at what is in it. */
export interface BrokerFigures {
  readonly state: BrokerState
  readonly version: string
  /** Milliseconds since the start. */
  readonly uptimeMs: number
  /** Service name → address, for every listener that is open. */
  readonly addresses: Readonly<Record<string, Address>>
  /** Where data is kept, or undefined for a broker in memory. */
  readonly dataFolder: string | undefined
  /** Why publishers are blocked, or undefined while they are not. */
  readonly blockedReason: string | undefined
  /** When the certificate of the TLS listeners ends, in milliseconds since 1970; undefined without one. */
  readonly certificateEndsAt?: number | undefined
  readonly memory: {
    /** What the process takes, as the system counts. */
    readonly residentBytes: number
    /** As much of it is in use; the rest was freed and is kept. */
    readonly inUseBytes: number
    /** Publishers are blocked above this. */
    readonly watermarkBytes: number
    /** What clients make the broker hold for a while, by kind (docs/decisions/0049). */
    readonly heldBytes: Readonly<Record<string, number>>
  }
}

/** One look at a broker. */
export interface BrokerStatus extends BrokerFigures {
  /** Connections of each protocol, the one that asks by HTTP among them. */
  readonly clients: Readonly<Record<ClientProtocol, number>>
  readonly counts: {
    readonly connections: number
    readonly channels: number
    readonly exchanges: number
    readonly queues: number
    readonly consumers: number
    readonly messagesReady: number
    readonly messagesUnacked: number
  }
  readonly messages: MessageTotals
}

/** Messages since the start, of all clients. */
export interface MessageTotals {
  readonly published: number
  readonly confirmed: number
  /** Reached no queue, and went back to their publishers. */
  readonly returned: number
  /** Reached no queue, and were not mandatory. */
  readonly dropped: number
  /** To consumers and by basic.get. */
  readonly delivered: number
  readonly redelivered: number
  readonly acked: number
  /** Records read by Kafka's protocol. */
  readonly fetched: number
}

/** Knows the broker's status; must answer at once. */
export interface StatusSource {
  status(): BrokerStatus
}
