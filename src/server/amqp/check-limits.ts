// Limits of users and virtual hosts that RabbitMQ checks when connections and channels are opened, with its
// texts (rabbit_reader.erl). A limit below zero is none.
import type { Principal } from '../../auth/principal.ts'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { AmqpContext } from './amqp-context.ts'
import { ProtocolError } from './reply.ts'

type LimitContext = Pick<AmqpContext, 'broker' | 'clients'>

/** Throws `not_allowed` when the virtual host or the user has as many connections as it may. */
export function checkConnectionLimits(
  context: LimitContext,
  user: string,
  vhost: VHost<Destination>,
): void {
  const ofVHost = limitIn(vhost.metadata?.limits, 'max-connections')
  // All of its clients are where it is.
  const { clients } = context
  if (ofVHost !== undefined && clients.usage({ vhost: vhost.name }).connections >= ofVHost) {
    throw new ProtocolError(
      'not_allowed',
      `access to vhost '${vhost.name}' refused for user '${user}': connection limit (${ofVHost}) is reached`,
    )
  }
  const ofUser = limitOfUser(context, user, 'max-connections')
  if (ofUser === undefined) return
  const elsewhere = clients.elsewhere?.ofUser(user).connections ?? 0
  if (clients.usage({ user }).connections + elsewhere < ofUser) return
  throw new ProtocolError(
    'not_allowed',
    `connection refused for user '${user}': user connection limit (${ofUser}) is reached`,
  )
}

/** Throws `not_allowed` when the user has as many channels as it may, on all connections together. */
export function checkChannelLimit(context: LimitContext, { user }: Principal): void {
  const limit = limitOfUser(context, user, 'max-channels')
  if (limit === undefined) return
  let count = context.clients.elsewhere?.ofUser(user).channels ?? 0
  for (const client of context.clients) {
    if (client.principal?.user === user) count += client.channelCount
  }
  if (count < limit) return
  throw new ProtocolError(
    'not_allowed',
    `number of channels opened for user '${user}' has reached the maximum allowed user limit of ${limit}`,
  )
}

function limitOfUser({ broker }: LimitContext, user: string, name: string): number | undefined {
  return limitIn(broker.access.findUser(user)?.limits, name)
}

function limitIn(
  limits: Readonly<Record<string, number>> | undefined,
  name: string,
): number | undefined {
  const limit = limits?.[name]
  return limit === undefined || limit < 0 ? undefined : limit
}
