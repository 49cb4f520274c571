// What a handler knows of the request that it answers, and what a row of the API table says. Handlers
// see the connection through `KafkaClient` only, so that they never know it.
import type { Socket } from 'node:net'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { PublishHold } from '../../broker/publish/publish-hold.ts'
import type { ApiMessages, ApiName } from '../../codec/kafka/apis.gen.ts'
import type { Late } from '../../lib/late.ts'
import type { Address } from '../../lib/listen.ts'
import type { AnswerSlot } from './answer-slot.ts'
import type { ClientThrottle } from './client-throttle.ts'
import type { KafkaAccess } from './kafka-access.ts'
import type { KafkaContext } from './kafka-context.ts'
import type { Operation } from './operation.ts'
import type { SaslState } from './sasl-state.ts'

/** The client that a request came from, as far as handlers need its connection. */
export interface KafkaClient {
  readonly socket: Socket
  readonly remoteAddress: string
  /** Where it is told to connect. */
  readonly advertised: Address
  /** It came by TLS. */
  readonly isSecure: boolean
  /** It came to another node, which passes it on. */
  readonly isPassedOn: boolean
  readonly sasl: SaslState
  readonly names: ClientNames
  readonly counters: ClientCounters
  readonly isClosed: boolean
  /** It begins no more requests and ends with the answers of those that it has begun. */
  readonly isEnding: boolean
  /** Notes that an answer that is being made takes `size` bytes more, or less when it is negative. */
  changeUnfinished(size: number): void
  /** Where produces wait while publishers are blocked. */
  readonly publishHold: PublishHold
  /** Counts what it produces, and what it uses of its quotas. */
  readonly throttle: ClientThrottle
  /** Settled when the large batches that came last have been dealt with: produces wait for it. */
  readonly heldProduces: Promise<void> | undefined
  /** Keeps the produces that come next waiting until `work` is done. */
  holdProduces(work: Promise<void>): Promise<void>
  /** Calls back when the connection ends or begins to; returns the function that takes that back. */
  onClose(listener: () => void): () => void
  /** Ends the connection. */
  destroy(): void
  /** Ends the connection: a produce failed that waits for no answer, and nothing behind it is stored. */
  failProduce(): void
  readonly hasFailedProduce: boolean
}

/** What a client calls itself; empty as long as it does not. */
export interface ClientNames {
  /** Of the last request. */
  clientId: string
  /** Its library (KIP-511). */
  softwareName: string
  softwareVersion: string
}

/** One request being answered. */
export interface RequestContext extends KafkaContext {
  readonly apiVersion: number
  readonly clientId: string
  readonly client: KafkaClient
  /** What the client may do. */
  readonly access: KafkaAccess
  /** Where the answer goes. */
  readonly slot: AnswerSlot
}

/**
 * Answers one kind of request. Its work before the first wait happens in the order in which requests
 * came; `undefined` means that the client wants no answer.
 */
export type Handler<Name extends ApiName> = (
  request: ApiMessages[Name]['request'],
  context: RequestContext,
) => ApiMessages[Name]['response'] | undefined | Promise<ApiMessages[Name]['response'] | undefined>

/** How one API is served. */
export interface ServedApi<Name extends ApiName> {
  readonly handle: Handler<Name>
  /** To be loaded before `handle` is called; left out where it is there from the start. */
  readonly late?: Late<Handler<Name>>
  readonly operation: Operation
  /** The connection's next requests wait for its answer, as all do in Kafka. */
  readonly isAlone?: boolean
  /** No further request of a connection is begun while so many of this kind are in flight. */
  readonly inFlightMax?: number
  /** Whoever leads the partitions answers it, which need not be the home of their topics. */
  readonly isForLeaders?: boolean
  /** It changes nothing, and whoever answers it may be asked twice. */
  readonly isQuestion?: boolean
  /** Its requests may be as large as any; others as large as one without records. */
  readonly hasRecords?: boolean
  /** The request's memory is used again once it is answered: whoever keeps a view of it holds it. */
  readonly ownsRequestMemory?: boolean
}

/** One row for each API that has a codec, no more and no fewer: all that is built is advertised. */
export type ServedApis = { readonly [Name in ApiName]: ServedApi<Name> }
