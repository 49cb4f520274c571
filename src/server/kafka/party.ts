// Who is on a connection of Kafka, for whoever traces messages.
import type { Party } from '../../broker/trace/party.ts'
import { connectionName, transportOf } from '../../lib/transport.ts'
import type { KafkaClient } from './request-context.ts'

export function partyOf({ sasl, names, socket }: KafkaClient): Party {
  return {
    protocol: 'Kafka',
    user: sasl.principal?.user ?? '',
    connection: connectionName(transportOf(socket)),
    clientId: names.clientId === '' ? undefined : names.clientId,
  }
}
