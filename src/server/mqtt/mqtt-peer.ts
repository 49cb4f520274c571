// What a client's parts and the handlers of its packets may ask of its connection. The connection knows all of them; so
// nothing here leads back up to it.
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { Destination } from '../../broker/destination.ts'
import type { PublishMeter } from '../../broker/rate/publish-meter.ts'
import type { Session } from '../../broker/session/session.ts'
import type { VHostSessions } from '../../broker/session/vhost-sessions.ts'
import type { Party } from '../../broker/trace/party.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { MqttVersion } from '../../codec/mqtt/packet-type.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { HeldMemory } from '../held-memory.ts'
import type { OutputRoom } from '../output-room.ts'
import type { Output } from '../output.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { MqttContext } from './mqtt-context.ts'

/** Where a client is once it has been let in. */
export interface MqttPlace {
  readonly vhost: VHost<Destination>
  readonly rights: Rights
  readonly sessions: VHostSessions
  readonly session: Session
  /** The session was there before this connection. */
  readonly isResumed: boolean
}

export interface MqttPeer {
  readonly context: MqttContext
  readonly peer: PeerFacts
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly held: HeldMemory
  readonly counters: ClientCounters
  readonly party: Party
  readonly version: MqttVersion
  /** Undefined until the client has logged in. */
  readonly principal: Principal | undefined
  /** Counts what it publishes; undefined until it has logged in. */
  readonly rate: PublishMeter | undefined
  /** Of the last message that has to become durable. */
  lastTicket: Ticket | undefined
  /** Reason strings may be in any packet to the client (MQTT 5 §3.1.2.11.7). */
  readonly wantsReasons: boolean
  /** A whole packet that is not a delivery. It must never change. `shorter` makes one for a client for which it is too large. */
  send(packet: Buffer, shorter?: () => Buffer): void
  /** Something is to be written at the end of the turn. */
  scheduleFlush(): void
  /** Answers are due: they are written at the end of the turn. */
  scheduleAnswers(): void
  /** Tells the client what is wrong and ends the connection. */
  onError(error: unknown): void
  /** Ends the connection, and tells a client of MQTT 5 why. */
  endFor(code: number, text: string): void
  /** The client has published: it is blocked when publishers are. */
  onPublished(): void
}
