// Who is on a connection, for whoever traces messages.
import type { Party } from '../../broker/trace/party.ts'
import { connectionName } from '../../lib/transport.ts'
import type { SessionConnection } from './session-connection.ts'

/** The connection is named as RabbitMQ's lists name its channel. */
export function partyOn(
  { principal, peer }: Pick<SessionConnection, 'principal' | 'peer'>,
  consumerTag?: string,
): Party {
  return {
    protocol: 'STOMP',
    user: principal?.user ?? '',
    connection: `${connectionName(peer.transport)} (1)`,
    consumerTag,
  }
}
