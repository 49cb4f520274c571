// Who reads queues and topics: clients that consume, by the name that they give themselves, and groups of Kafka.
import { type Broker, defaultVHost } from '../../broker/broker.ts'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import { placesOf } from '../../broker/group/group-lag.ts'
import type { Session } from '../../broker/session/session.ts'
import type { SessionsDoor } from '../../broker/session/sessions.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import type { Caller } from '../api/caller.ts'
import {
  channelsOf,
  consumersOf,
  type ListedClient,
  listedClients,
  maySee,
} from '../rabbitmq/listed-client.ts'
import { mayDescribe } from '../v1/group-rights.ts'
import { idOf, type Reader } from './thing.ts'

export interface ReaderParts {
  readonly broker: Broker
  readonly clients: ClientRegistry
  readonly groups: GroupCoordinator
  readonly shareGroups: ShareGroups
  readonly mqtt: Pick<SessionsDoor, 'sessions'>
}

export interface Readers {
  /** By id. */
  readonly all: ReadonlyMap<string, Reader>
  /** There are more than were looked at. */
  readonly isLeftOff: boolean
}

/** Those of a virtual host that the caller may see. */
export function* findReaders(parts: ReaderParts, vhost: string, caller: Caller): Steps<Readers> {
  const all = new Map<string, Reader>()
  const left = { looks: topologyLimits.readersLookedMax as number }
  yield* findClients(all, left, { parts, vhost, caller })
  yield* findSessions(all, left, { parts, vhost, caller })
  if (vhost === defaultVHost) yield* findGroups(all, left, { parts, caller })
  return { all, isLeftOff: left.looks <= 0 }
}

interface Looks {
  looks: number
}

interface ClientsAsked {
  readonly parts: ReaderParts
  readonly vhost: string
  readonly caller: Caller
}

function* findClients(
  all: Map<string, Reader>,
  left: Looks,
  { parts, vhost, caller }: ClientsAsked,
): Steps<void> {
  for (const listed of listedClients(parts.clients, vhost)) {
    if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
    if (left.looks <= 0) return
    if (!maySee(caller, listed.principal.user)) continue
    for (const { consumer } of consumersOf(channelsOf([listed]))) {
      if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
      if (left.looks <= 0) return
      const { queues } = clientOf(all, listed)
      queues.set(consumer.queueName, (queues.get(consumer.queueName) ?? 0) + 1)
    }
  }
}

function clientOf(all: Map<string, Reader>, { client, principal }: ListedClient): Reader {
  const { properties, transport, protocol } = client
  const given = properties.findText('connection_name') ?? properties.findText('client_id')
  const name = given ?? `${principal.user}@${transport.peer.host}`
  const id = idOf('client', name)
  const known = all.get(id)
  if (known !== undefined) return known
  const reader: Reader = { kind: 'client', name, protocol, user: principal.user, queues: new Map() }
  all.set(id, reader)
  return reader
}

/** Clients of MQTT read the queue of their session, and those that they share. */
function* findSessions(
  all: Map<string, Reader>,
  left: Looks,
  { parts, vhost, caller }: ClientsAsked,
): Steps<void> {
  const own = parts.mqtt.sessions?.find(vhost)
  if (own === undefined) return
  const note = (session: Session, queue: string | undefined): void => {
    if (queue === undefined || session.client === undefined) return
    if (maySee(caller, session.user)) readerOf(all, session).queues.set(queue, 1)
  }
  for (const session of own.all.values()) {
    if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
    if (left.looks <= 0) return
    note(session, session.queue?.name)
  }
  for (const { queue, members } of own.groups) {
    for (const { session } of members) {
      if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
      if (left.looks <= 0) return
      note(session, queue.name)
    }
  }
}

function readerOf(all: Map<string, Reader>, { clientId: name, user }: Session): Reader {
  const id = idOf('client', name)
  const known = all.get(id)
  if (known !== undefined) return known
  const reader: Reader = { kind: 'client', name, protocol: 'MQTT', user, queues: new Map() }
  all.set(id, reader)
  return reader
}

function* findGroups(
  all: Map<string, Reader>,
  left: Looks,
  { parts, caller }: Pick<ClientsAsked, 'parts' | 'caller'>,
): Steps<void> {
  const { broker, groups } = parts
  const topics = broker.topicsOf(broker.getVHost(defaultVHost))
  yield* findShareGroups(all, left, { parts, caller })
  for (const { groupId } of groups.list({ states: [], types: [] })) {
    yield
    if (!mayDescribe(caller, groupId)) continue
    const queues = new Map<string, number>()
    for (const { topic, lag } of placesOf(groups, groupId, topics)) {
      if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
      if (left.looks <= 0) return
      queues.set(topic, (queues.get(topic) ?? 0) + lag)
    }
    if (queues.size === 0) continue
    const members = groups.describe(groupId)?.members.length ?? 0
    all.set(idOf('group', groupId), { kind: 'group', name: groupId, members, queues })
  }
}

function* findShareGroups(
  all: Map<string, Reader>,
  left: Looks,
  { parts, caller }: Pick<ClientsAsked, 'parts' | 'caller'>,
): Steps<void> {
  for (const group of parts.shareGroups.list()) {
    yield
    if (!mayDescribe(caller, group.id)) continue
    const queues = new Map<string, number>()
    for (const { topic, lag } of group.lags()) {
      if (--left.looks % topologyLimits.lookedAtOnce === 0) yield
      if (left.looks <= 0) return
      queues.set(topic, (queues.get(topic) ?? 0) + lag)
    }
    if (queues.size === 0) continue
    const { id: name, members } = group
    all.set(idOf('group', name), { kind: 'group', name, members: members.size, queues })
  }
}
