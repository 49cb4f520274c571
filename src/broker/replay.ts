// Queues that keep what was acked: when that begins and ends, and how they are rewound.
import type { LogStore } from '../log/log-store.ts'
import type { Log } from '../log/log.ts'
import type { Ticket } from '../log/ticket.ts'
import { preconditionFailed, queueResource } from './broker-error.ts'
import type { Destination } from './destination.ts'
import type { Queue } from './queue/queue.ts'
import { isRetentionUnsettled, settleRetention } from './queue/settle-retention.ts'
import type { Topics } from './topic/topics.ts'
import type { TopologyLog } from './topology-log.ts'
import type { VHost } from './vhost.ts'

export interface ReplayingBroker {
  readonly store: LogStore
  readonly topology: TopologyLog
  getVHost(name: string): VHost<Destination>
  topicsOf(vhost: VHost<Destination>): Topics
}

/**
 * Where to rewind to: an offset of a queue with one log, or in the source if that has one partition, or
 * milliseconds since the Unix epoch.
 */
export type RewindTarget = { readonly offset: number } | { readonly time: number }

export interface Rewound {
  /** How many messages are ready again. */
  readonly count: number
  readonly ticket: Ticket | undefined
}

/** The settings of a queue may be others: it begins or ends to keep what is acked. Not within an atom. */
export function adjustRetention(broker: ReplayingBroker, queue: Queue): void {
  if (!isRetentionUnsettled(queue)) return
  changeCursors(broker, queue, () => settleRetention(queue, broker.store))
}

/**
 * Makes messages that were acked ready again, from the first at `target` on that is still kept. By time whole
 * commits come back. Throws `precondition_failed` for a queue that keeps nothing, and for an offset in one of
 * several logs; rejects when storage cannot be read.
 */
export async function rewindQueue(
  broker: ReplayingBroker,
  queue: Queue,
  target: RewindTarget,
): Promise<Rewound> {
  checkRewindable(queue, target)
  const targets = await targetsOf(broker.store, queue, target)
  // It may have changed while the disk was asked.
  checkRewindable(queue, target)
  // What came as a log of its own meanwhile came after the target.
  while (targets.length < queue.parts.length) targets.push(0)
  queue.deliverReady()
  let count = 0
  const ticket = changeCursors(broker, queue, () => {
    count = queue.rewind(targets)
  })
  return { count, ticket }
}

function changeCursors(
  broker: ReplayingBroker,
  queue: Queue,
  change: () => void,
): Ticket | undefined {
  const { store, topology } = broker
  store.beginAtom()
  change()
  topology.put([{ kind: 'queue', op: 'put', row: queue.row() }])
  const ticket = store.endAtom()
  broker.topicsOf(broker.getVHost(queue.vhost)).onCursorsChanged(queue)
  return ticket
}

function checkRewindable(queue: Queue, target: RewindTarget): void {
  const { vhost, name, isDeleted, retained, source } = queue
  const resource = queueResource(vhost, name)
  if (isDeleted || (retained === undefined && source === undefined)) {
    throw preconditionFailed(
      `${resource} keeps nothing that was acked: set retention-ms or retention-bytes by policy`,
    )
  }
  if (!('offset' in target) || countOffsets(queue) === 1) return
  const logs = source === undefined ? 'a log for each priority' : 'a source with several partitions'
  throw preconditionFailed(`${resource} has ${logs}: rewind it to a time`)
}

/** In how many logs an offset may be: those of a queue with a source are the source's. */
function countOffsets({ source, logCount }: Queue): number {
  return source === undefined ? logCount : source.cursors.length
}

/** Of each of the queue's parts. */
async function targetsOf(
  store: LogStore,
  { parts, source }: Queue,
  target: RewindTarget,
): Promise<number[]> {
  if ('time' in target) {
    return Promise.all(parts.map(({ cursor }) => offsetAt(store, cursor.log, target.time)))
  }
  // What was published to the queue itself has other offsets, and stays as it is.
  return source === undefined ? [target.offset] : [Infinity, target.offset]
}

/** Of the first run with a record as late; the end when there is none. */
async function offsetAt(store: LogStore, log: Log, time: number): Promise<number> {
  const run = await store.findRunByTimestamp(log, time)
  if (run === undefined) return log.endOffset
  run.release()
  return run.baseOffset
}
