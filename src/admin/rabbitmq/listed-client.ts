// Connections and channels as RabbitMQ names them, and who may see them.
import type { Principal } from '../../auth/principal.ts'
import type { ChannelInfo, ConsumerInfo } from '../../broker/client/channel-info.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import type { Client } from '../../broker/client/client.ts'
import { connectionName } from '../../lib/transport.ts'
import type { Caller } from '../api/caller.ts'

/** A client that has logged in and works with messages; connections of HTTP do not, but what receives by them does. */
export interface ListedClient {
  readonly client: Client
  readonly name: string
  readonly vhost: string
  readonly principal: Principal
  /** The name of the node that it is connected to. */
  readonly node: string
}

export interface ListedChannel {
  readonly owner: ListedClient
  readonly name: string
  readonly channel: ChannelInfo
}

export interface ListedConsumer {
  readonly on: ListedChannel
  readonly consumer: ConsumerInfo
}

/** Those of a virtual host, or of all. */
export function* listedClients(clients: ClientRegistry, vhost?: string): Generator<ListedClient> {
  for (const client of clients.listed()) {
    const listed = listedClient(client, clients.nodeName)
    if (listed === undefined || (vhost !== undefined && listed.vhost !== vhost)) continue
    yield listed
  }
}

export function findClient(clients: ClientRegistry, name: string): ListedClient | undefined {
  for (const listed of listedClients(clients)) if (listed.name === name) return listed
  return undefined
}

export function* channelsOf(owners: Iterable<ListedClient>): Generator<ListedChannel> {
  for (const owner of owners) {
    for (const channel of owner.client.channels()) {
      yield { owner, name: `${owner.name} (${channel.number})`, channel }
    }
  }
}

export function* consumersOf(channels: Iterable<ListedChannel>): Generator<ListedConsumer> {
  for (const on of channels) for (const consumer of on.channel.consumers) yield { on, consumer }
}

/** Monitoring sees all of them, others their own. */
export function* seenBy(caller: Caller, listed: Iterable<ListedClient>): Generator<ListedClient> {
  for (const each of listed) if (maySee(caller, each.principal.user)) yield each
}

export function maySee(caller: Caller, user: string): boolean {
  return caller.hasTag('monitoring') || caller.principal.user === user
}

/** Whom an exclusive queue belongs to. */
export function ownerOf(clients: ClientRegistry, token: object): ListedClient | undefined {
  for (const client of clients)
    if (client.token === token) return listedClient(client, clients.nodeName)
  return undefined
}

function listedClient(client: Client, node: string): ListedClient | undefined {
  const { principal, vhost, transport } = client
  if (principal === undefined || vhost === undefined) return undefined
  const name = client.givenName ?? connectionName(transport)
  return { client, name, vhost, principal, node }
}
