// Who is on a channel, for whoever traces messages.
import type { Party } from '../../broker/trace/party.ts'
import { connectionName } from '../../lib/transport.ts'
import type { ConnectionSession } from './connection-session.ts'

interface OnConnection {
  readonly number: number
  readonly connection: ConnectionSession
}

/** The channel is named as RabbitMQ's lists name it. */
export function partyOn({ number, connection }: OnConnection, consumerTag?: string): Party {
  const { principal, peer } = connection
  return {
    protocol: 'AMQP 0-9-1',
    user: principal?.user ?? '',
    connection: `${connectionName(peer.transport)} (${number})`,
    consumerTag,
  }
}
