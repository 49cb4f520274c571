// What outlived the last process becomes the broker's again: policies, exchanges, queues with their logs, and
// bindings.
import { findCursor, type LogCursor } from '../log/log-cursor.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { AccessRows } from '../meta/access-rows.ts'
import { cursorIdsOf, logIdsOf, type PlaceIds, withPlaces } from '../meta/row-logs.ts'
import type { PolicyRow, QueueRow } from '../meta/topology-change.ts'
import type { Topology } from '../meta/topology.ts'
import type { DelayLosses, Delays } from './delay/delays.ts'
import type { Destination } from './destination.ts'
import { restorePolicy } from './policy/check-policy.ts'
import type { PolicyKeeper } from './policy/policy-keeper.ts'
import type { QueueContext } from './queue/queue.ts'
import { restoreQueue } from './queue/restore-queue.ts'
import { dropStrayCursors, hasPlaceInSource, placeInSource, sourceOfRow } from './restore-source.ts'
import { adoptPart } from './topic/adopt-part.ts'
import type { Topics } from './topic/topics.ts'
import type { TopologyLog } from './topology-log.ts'
import type { VHost } from './vhost.ts'
import type { VHosts } from './vhosts.ts'

/** What restoring needs of the broker. */
export interface RestoringBroker {
  /** Undefined: it is alone. */
  readonly cellNumber: number | undefined
  readonly store: LogStore
  readonly topology: TopologyLog
  readonly vhosts: VHosts
  restoreAccess(rows: AccessRows): void
  readonly queueContext: QueueContext
  topicsOf(vhost: VHost<Destination>): Topics
  policiesOf(vhost: VHost<Destination>): PolicyKeeper
}

/** What was given that does not fit together: something was lost before it. */
export interface RestoreReport {
  /** Logs with messages that no queue or topic owns. */
  readonly unowned: readonly Log[]
  /** Queues and topics of which a log is missing: they are there, without what it held. */
  readonly incomplete: readonly QueueRow[]
  /** Those of which a cursor is missing: everything that is there comes again. */
  readonly rewound: readonly QueueRow[]
  /** Policies whose pattern this version cannot use: they apply to nothing. */
  readonly unmatched: readonly PolicyRow[]
  /** The same for delayed messages. */
  readonly delays: DelayLosses
}

export interface RestoringParts {
  readonly broker: RestoringBroker
  readonly delays: Delays
  /** Ids of cursors in topics that no row names and somebody has. */
  readonly keptCursors: ReadonlySet<number> | undefined
}

/**
 * Puts back what `topology` tells of and `logs` hold. Whoever owned a log that no row names is unknown:
 * the log is kept as it is, unless it is empty.
 */
export function restoreTopology(
  { broker, delays, keptCursors }: RestoringParts,
  topology: Topology,
  logs: readonly Log[],
): RestoreReport {
  const { vhosts } = broker
  const unowned = new Map(logs.map((log) => [log.id, log]))
  for (const { name, metadata } of topology.vhosts) vhosts.add(name).metadata = metadata ?? {}
  broker.restoreAccess(topology.access)
  const unmatched = topology.policies.filter((row) => !putPolicyBack(broker, row))
  // A virtual host that has something exists, whatever the settings name.
  for (const row of topology.exchanges) vhosts.add(row.vhost).restoreExchange(row)
  const rewound: QueueRow[] = []
  const incomplete: QueueRow[] = []
  // Sources are there before the queues that need them.
  for (const hasSource of [false, true]) {
    const rows = topology.queues.filter(({ source }) => (source !== undefined) === hasSource)
    const broken = rows.filter((row) => !restoreWhole(broker, row, unowned))
    for (const row of broken) {
      const hasLogs = logIdsOf(row).every((id) => unowned.has(id)) && !hasLostSource(broker, row)
      ;(hasLogs ? rewound : incomplete).push(row)
    }
    for (const row of broken) restoreIncomplete(broker, row, unowned)
  }
  for (const row of topology.bindings) vhosts.find(row.vhost)?.vhost.restoreBinding(row)
  const delayLosses = delays.restore(topology.delays, unowned)
  const kept = [...unowned.values()].filter((log) => log.keptCount > 0)
  for (const log of kept) unowned.delete(log.id)
  deleteLogs(broker, unowned.values())
  if (broker.cellNumber === undefined) adoptParts(broker, topology)
  forgetStrayCursors(broker, keptCursors)
  return { unowned: kept, incomplete, rewound, delays: delayLosses, unmatched }
}

/** Before there is anything but what every virtual host has. False when its pattern is of no use. */
function putPolicyBack(broker: RestoringBroker, row: PolicyRow): boolean {
  const vhost = broker.vhosts.add(row.vhost)
  const policy = restorePolicy(row)
  vhost.policies.put(policy ?? { ...row, matches: () => false })
  for (const exchange of vhost.exchanges()) broker.policiesOf(vhost).applyTo(exchange)
  return policy !== undefined
}

function hasLostSource({ vhosts }: RestoringBroker, row: QueueRow): boolean {
  return row.source !== undefined && sourceOfRow(vhosts.find(row.vhost)?.vhost, row) === undefined
}

/** Takes the logs of `row` out of `unowned`; false when not all of them and its cursors are there. */
function restoreWhole(broker: RestoringBroker, row: QueueRow, unowned: Map<number, Log>): boolean {
  const own = logIdsOf(row).map((id) => unowned.get(id))
  const cursors = cursorIdsOf(row).map((id, index) => own[index] && findCursor(own[index], id))
  if (cursors.includes(undefined)) return false
  const vhost = broker.vhosts.find(row.vhost)?.vhost
  if (!hasPlaceInSource(row, sourceOfRow(vhost, row))) return false
  restoreDestination(broker, row, cursors as LogCursor[])
  for (const id of logIdsOf(row)) unowned.delete(id)
  return true
}

/** Empty logs take the place of those that are gone; a new cursor begins at the start of its log. */
function restoreIncomplete(
  broker: RestoringBroker,
  row: QueueRow,
  unowned: Map<number, Log>,
): void {
  const { store } = broker
  store.beginAtom()
  const cursorIds = cursorIdsOf(row)
  const cursors = logIdsOf(row).map((id, index) => {
    const log = unowned.get(id) ?? store.createLog({ isVolatile: false })
    unowned.delete(id)
    return findCursor(log, cursorIds[index] ?? -1) ?? store.createCursor(log)
  })
  const whole = withPlaces(row, cursors.map(placeOf))
  const restored = restoreDestination(broker, whole, cursors)
  broker.topology.put([{ kind: 'queue', op: 'put', row: restored.row() }])
  store.endAtom()
}

function restoreDestination(
  broker: RestoringBroker,
  row: QueueRow,
  cursors: readonly LogCursor[],
): Destination {
  const vhost = broker.vhosts.add(row.vhost)
  if (row.topic !== undefined) return broker.topicsOf(vhost).restore(row, row.topic, cursors)
  const topic = sourceOfRow(vhost, row)
  const source = topic && placeInSource(row, topic, ({ log }) => broker.store.createCursor(log))
  const places = { cursors, policies: vhost.policies, source }
  const queue = restoreQueue(row, places, broker.queueContext)
  vhost.addQueue(queue)
  return queue
}

/** The folder was a cell of a cluster: what it has of topics are topics of its own from now on. */
function adoptParts(broker: RestoringBroker, { queues }: Topology): void {
  for (const { vhost: vhostName, name, topic: row } of queues) {
    if ((row?.spread ?? 0) === 0) continue
    const vhost = broker.vhosts.add(vhostName)
    const topic = vhost.findQueue(name)
    if (topic?.kind === 'topic') adoptPart(broker.topicsOf(vhost), topic)
  }
}

function deleteLogs({ store }: RestoringBroker, logs: Iterable<Log>): void {
  store.beginAtom()
  for (const log of logs) store.deleteLog(log)
  store.endAtom()
}

function forgetStrayCursors(
  { store, vhosts }: RestoringBroker,
  kept: ReadonlySet<number> | undefined,
): void {
  store.beginAtom()
  for (const vhost of vhosts.all()) {
    for (const queue of vhost.queues())
      if (queue.kind === 'topic') dropStrayCursors(store, queue, kept)
  }
  store.endAtom()
}

function placeOf({ log, id }: LogCursor): PlaceIds {
  return { logId: log.id, cursorId: id }
}
