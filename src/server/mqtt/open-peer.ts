// The connection of a client that has been let in, as the handlers of its packets see it.
import type { Principal } from '../../auth/principal.ts'
import type { Answers } from './answers.ts'
import type { MqttDelivery } from './delivery.ts'
import type { EnhancedAuth } from './enhanced-auth.ts'
import type { MqttPeer, MqttPlace } from './mqtt-peer.ts'
import type { MqttPublisher } from './publisher.ts'

/** How a client ends its connection. */
export interface Leaving {
  readonly sendsWill: boolean
  /** What it said last of how long its session lasts; undefined: nothing else than before. */
  readonly expiryMs: number | undefined
}

export interface OpenPeer extends MqttPeer {
  principal: Principal | undefined
  /** Undefined for a client that has named no authentication method. */
  readonly auth: EnhancedAuth | undefined
  readonly place: MqttPlace
  readonly answers: Answers
  readonly delivery: MqttDelivery
  /** Made for the first message: most clients only listen. */
  readonly publisher: MqttPublisher
  /** A quiet moment: memory that only a busy connection needs is given back. */
  trim(): void
  /** The client has said goodbye: the connection ends when all that it has published is where it belongs. */
  leave(leaving: Leaving): void
}
