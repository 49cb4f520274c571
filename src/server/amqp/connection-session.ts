// What a channel, and what hangs on it, may ask of its connection. The connection itself knows its
// channels; so nothing here leads back up to it.
import type { Socket } from 'node:net'
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { TransactionJoin } from '../../broker/transaction/transaction-join.ts'
import type { AmqpMethod } from '../../codec/amqp/methods.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { HeldMemory } from '../held-memory.ts'
import type { OutputRoom } from '../output-room.ts'
import type { Output } from '../output.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { AmqpContext } from './amqp-context.ts'
import type { Reply } from './reply.ts'

/** A channel as its connection closes it. */
export interface ClosableChannel {
  readonly number: number
  /** The method whose handling went wrong. */
  readonly methodId: number
  close(reply: Reply): void
}

/** A channel with confirms to write. */
export interface ConfirmingChannel {
  readonly onDurable: () => void
}

export interface ConnectionSession {
  readonly socket: Socket
  readonly peer: PeerFacts
  readonly context: AmqpContext
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  readonly frameMax: number
  /** Undefined until the client has logged in. */
  readonly principal: Principal | undefined
  /** What it may do in its virtual host; nothing until it is open. */
  readonly rights: Rights
  /** Counts what it publishes; undefined until it is open. */
  readonly rate: PublishMeter | undefined
  /** The transactions of Kafka that its commits belong to; undefined: each is its own. */
  readonly joins: TransactionJoin | undefined
  readonly blockedNotice: { onPublished(): void }
  /** Of the last message that has to become durable. */
  lastTicket: Ticket | undefined
  /** Whether the client announced a capability in its properties. */
  hasCapability(name: string): boolean
  send(channel: number, method: AmqpMethod): void
  /** Something is to be written at the end of the turn. */
  scheduleFlush(): void
  /** A channel has confirms that wait for nothing. */
  scheduleConfirms(channel: ConfirmingChannel): void
  /** Runs `action` for a channel; what it throws closes the channel or the connection. */
  guard(channel: ClosableChannel, action: () => void): void
  /** Closes what the error says: the channel or the connection. */
  onError(error: unknown, channel: ClosableChannel): void
  /** The channel is closed; its number is free again. */
  forgetChannel(channel: ClosableChannel): void
  /** A channel has handled what it had parked. */
  onUnparked(): void
}
