// What a session, and what hangs on it, may ask of its connection. The connection itself knows its session; so nothing
// here leads back up to it.
import type { Principal } from '../../auth/principal.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { OutgoingFrame } from '../../codec/stomp/write-frame.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { HeldMemory } from '../held-memory.ts'
import type { OutputRoom } from '../output-room.ts'
import type { Output } from '../output.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { StompContext } from './stomp-context.ts'

export interface SessionConnection {
  readonly context: StompContext
  readonly peer: PeerFacts
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  /** Undefined until the client has logged in. */
  readonly principal: Principal | undefined
  /** Counts what it publishes; undefined until it has logged in. */
  readonly rate: PublishMeter | undefined
  /** Of the last message that has to become durable. */
  lastTicket: Ticket | undefined
  send(frame: OutgoingFrame): void
  /** Something is to be written at the end of the turn. */
  scheduleFlush(): void
  /**
   * Tells the client what is wrong, and ends the connection where that is fatal. `receipt` is what the frame asked for
   * that is the cause.
   */
  onError(error: unknown, receipt?: string): void
  /** Nothing more is read until `resume`. */
  wait(): void
  /**
   * In a turn of its own `action` is done, and reading goes on. What it throws goes to `onError`, with the receipt of
   * the frame that waited.
   */
  resume(action: () => void, receipt?: string): void
  /** Something that was published waits, or does no more: see `Intake.isHolding`. */
  onHoldingChanged(isHolding: boolean): void
  /** The client has published: it is blocked when publishers are. */
  onPublished(): void
  /** The client wants to go: what it has sent is done, and what it sends from now on does nothing. */
  leave(): void
  /** Ends the connection in good order: everything has been said. */
  endAfterFlush(): void
}
