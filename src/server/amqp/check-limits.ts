// Limits of users and virtual hosts that RabbitMQ checks when connections and channels are opened, with its
// texts (rabbit_reader.erl).
import type { Principal } from '../../auth/principal.ts'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import { findConnectionLimit, limitIn } from '../connection-limits.ts'
import type { AmqpContext } from './amqp-context.ts'
import { ProtocolError } from './reply.ts'

type LimitContext = Pick<AmqpContext, 'broker' | 'clients'>

/** Throws `not_allowed` when the virtual host or the user has as many connections as it may. */
export function checkConnectionLimits(
  context: LimitContext,
  user: string,
  vhost: VHost<Destination>,
): void {
  const reached = findConnectionLimit(context, user, vhost)
  if (reached === undefined) return
  throw new ProtocolError(
    'not_allowed',
    reached.of === 'vhost'
      ? `access to vhost '${vhost.name}' refused for user '${user}': connection limit (${reached.limit}) is reached`
      : `connection refused for user '${user}': user connection limit (${reached.limit}) is reached`,
  )
}

/** Throws `not_allowed` when the user has as many channels as it may, on all connections together. */
export function checkChannelLimit({ broker, clients }: LimitContext, { user }: Principal): void {
  const limit = limitIn(broker.access.findUser(user)?.limits, 'max-channels')
  if (limit === undefined) return
  let count = clients.elsewhere?.ofUser(user).channels ?? 0
  for (const client of clients) {
    if (client.principal?.user === user) count += client.channelCount
  }
  if (count < limit) return
  throw new ProtocolError(
    'not_allowed',
    `number of channels opened for user '${user}' has reached the maximum allowed user limit of ${limit}`,
  )
}
