// Limits of users and virtual hosts on how many connections they have. A limit below zero is none.
import type { Broker } from '../broker/broker.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type { Destination } from '../broker/destination.ts'
import type { VHost } from '../broker/vhost.ts'

interface LimitContext {
  readonly broker: Pick<Broker, 'access'>
  readonly clients: ClientRegistry
}

/** A limit that is reached. */
export interface ReachedLimit {
  readonly of: 'vhost' | 'user'
  readonly limit: number
}

/** What keeps a user from opening one more connection to a virtual host; undefined for nothing. */
export function findConnectionLimit(
  { broker, clients }: LimitContext,
  user: string,
  vhost: VHost<Destination>,
): ReachedLimit | undefined {
  const ofVHost = limitIn(vhost.metadata?.limits, 'max-connections')
  // All of its clients are where it is.
  if (ofVHost !== undefined && clients.usage({ vhost: vhost.name }).connections >= ofVHost) {
    return { of: 'vhost', limit: ofVHost }
  }
  const ofUser = limitIn(broker.access.findUser(user)?.limits, 'max-connections')
  if (ofUser === undefined) return undefined
  const elsewhere = clients.elsewhere?.ofUser(user).connections ?? 0
  if (clients.usage({ user }).connections + elsewhere < ofUser) return undefined
  return { of: 'user', limit: ofUser }
}

/** A limit that was set; undefined for none. */
export function limitIn(
  limits: Readonly<Record<string, number>> | undefined,
  name: string,
): number | undefined {
  const limit = limits?.[name]
  return limit === undefined || limit < 0 ? undefined : limit
}
