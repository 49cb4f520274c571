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

/** Where to rewind to: an offset of a queue with one log, or milliseconds since the Unix epoch. */
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
  const logs = queue.cursors.map(({ log }) => log)
  const offsets =
    'offset' in target
      ? [target.offset]
      : await Promise.all(logs.map((log) => offsetAt(broker.store, log, target.time)))
  // It may have changed while the disk was asked.
  checkRewindable(queue, target)
  const newest = queue.cursors.slice(offsets.length).map(() => 0)
  queue.deliverReady()
  let count = 0
  const ticket = changeCursors(broker, queue, () => {
    count = queue.rewind([...offsets, ...newest])
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
  const { vhost, name, isDeleted, retained, logCount } = queue
  const resource = queueResource(vhost, name)
  if (isDeleted || retained === undefined) {
    throw preconditionFailed(
      `${resource} keeps nothing that was acked: set retention-ms or retention-bytes by policy`,
    )
  }
  if ('offset' in target && logCount > 1) {
    throw preconditionFailed(`${resource} has a log for each priority: rewind it to a time`)
  }
}

/** Of the first run with a record as late; the end when there is none. */
async function offsetAt(store: LogStore, log: Log, time: number): Promise<number> {
  const run = await store.findRunByTimestamp(log, time)
  if (run === undefined) return log.endOffset
  run.release()
  return run.baseOffset
}
