// connection.open: whether the virtual host is there, has room for the client, and lets it in.
import type { Rights } from '../../auth/rights.ts'
import { BrokerError } from '../../broker/broker-error.ts'
import { defaultVHost } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import type { TransactionJoin } from '../../broker/transaction/transaction-join.ts'
import type { VHost } from '../../broker/vhost.ts'
import { assert } from '../../lib/assert.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { checkConnectionLimits } from './check-limits.ts'
import type { ConnectionSession } from './connection-session.ts'
import { ProtocolError } from './reply.ts'

interface OpeningConnection extends Pick<ConnectionSession, 'context' | 'principal'> {
  readonly clientProperties: FieldTable
}

/** What a connection has once it is open. */
export interface OpenedConnection {
  readonly vhost: VHost<Destination>
  readonly rights: Rights
  readonly joins: TransactionJoin | undefined
}

/** Throws what `reply.ts` knows. */
export function openConnection(
  connection: OpeningConnection,
  virtualHost: string,
): OpenedConnection {
  const { context, principal } = connection
  assert(principal !== undefined, 'a connection logs in before it is opened')
  const { broker } = context
  const { user } = principal
  const vhost = broker.getVHost(virtualHost)
  checkConnectionLimits(context, user, vhost)
  const rights = broker.access.rightsFor(principal, vhost.name)
  if (!rights.hasAccess) {
    const text = `access to vhost '${vhost.name}' refused for user '${user}'`
    throw new ProtocolError('not_allowed', text)
  }
  return { vhost, rights, joins: joinsOf(connection, vhost.name, rights) }
}

/** A client that names a transactional id has its commits decided by the producer that has it now. */
function joinsOf(
  { clientProperties, context }: OpeningConnection,
  vhost: string,
  rights: Rights,
): TransactionJoin | undefined {
  const named = clientProperties.get('transactional_id')
  if (named?.type !== 'longstr') return undefined
  const id = named.value.toString()
  if (vhost !== defaultVHost) {
    const text = `transactional_id '${id}': transactions are those of vhost '${defaultVHost}'`
    throw new ProtocolError('not_allowed', text)
  }
  if (!rights.isUnrestricted && !rights.may('write', id)) {
    const text = `write access to transactional id '${id}' refused for user '${rights.place.user}'`
    throw new BrokerError('access_refused', text)
  }
  return context.broker.heldWork?.join(id)
}
