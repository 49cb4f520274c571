import type { ClientCounters } from '../../broker/counters/client-counters.ts'
import type { UnackedDeliveries } from '../../broker/unacked-deliveries.ts'
import type { StompVersion } from '../../codec/stomp/stomp-version.ts'
import type { DeliveryRoom } from '../delivery-room.ts'
import type { SessionConnection } from './session-connection.ts'

/** The session that a subscription delivers to. */
export interface SubscribedSession {
  /** `session` of CONNECTED. */
  readonly id: string
  readonly version: StompVersion
  readonly connection: SessionConnection
  readonly unacked: UnackedDeliveries
  readonly room: DeliveryRoom
  readonly counters: ClientCounters
  /** The next delivery's tag. */
  nextDeliveryTag(): number
  /** The broker has ended a subscription: the client is told. */
  onSubscriptionEnded(tag: string): void
}
