// Queues that keep what was acked: when that begins and ends, and how they are rewound.
import type { Slices } from '../lib/slices.ts'
import type { LogStore } from '../log/log-store.ts'
import type { Ticket } from '../log/ticket.ts'
import { preconditionFailed, queueResource } from './broker-error.ts'
import type { Destination } from './destination.ts'
import { offsetFrom } from './offset-from.ts'
import type { Queue } from './queue/queue.ts'
import { isRetentionUnsettled, settleRetention } from './queue/settle-retention.ts'
import type { Topics } from './topic/topics.ts'
import type { TopologyLog } from './topology-log.ts'
import type { VHost } from './vhost.ts'

export interface ReplayingBroker {
  readonly store: LogStore
  readonly topology: TopologyLog
  /** For what takes longer than a turn may. */
  readonly slices: Slices
  getVHost(name: string): VHost<Destination>
  topicsOf(vhost: VHost<Destination>): Topics
}

/**
 * Where to rewind to: an offset, or milliseconds since the Unix epoch. Offsets of a queue with a source are the
 * source's. With `partition` only that partition of the source, or of Kafka's view of a queue with
 * priorities; an offset needs it where there are several.
 */
export type RewindTarget = { readonly partition?: number | undefined } & (
  | { readonly offset: number }
  | { readonly time: number }
)

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
 * commits come back. Throws `precondition_failed` for a queue that keeps nothing, for a partition that is
 * not there, and for an offset in one of several; rejects when storage cannot be read.
 */
export async function rewindQueue(
  broker: ReplayingBroker,
  queue: Queue,
  target: RewindTarget,
): Promise<Rewound> {
  checkRewindable(queue, target)
  const { presentIds } = queue
  if (presentIds !== undefined) await broker.slices.run(presentIds.forgetGoneInSteps())
  const targets = await targetsNow(broker.store, queue, target)
  queue.deliverReady()
  let count = 0
  const ticket = changeCursors(broker, queue, () => {
    count = queue.rewind(targets)
  })
  return { count, ticket }
}

/** How many messages `rewindQueue` would make ready again now; rejects as that does, and changes nothing. */
export async function previewRewind(
  { store }: Pick<ReplayingBroker, 'store'>,
  queue: Queue,
  target: RewindTarget,
): Promise<number> {
  checkRewindable(queue, target)
  return queue.countRewound(await targetsNow(store, queue, target))
}

/** Of each part that the queue has when it resolves, as in `targetsOf`. */
async function targetsNow(store: LogStore, queue: Queue, target: RewindTarget): Promise<number[]> {
  const targets = await targetsOf(store, queue, target)
  // It may have changed while the disk was asked.
  checkRewindable(queue, target)
  // What came as a log of its own meanwhile came after the target.
  const ofAdded = target.partition === undefined ? 0 : Infinity
  while (targets.length < queue.parts.length) targets.push(ofAdded)
  return targets
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
  const { partition } = target
  const count = source === undefined ? queue.levels.length : source.cursors.length
  if (partition !== undefined && partition >= count) {
    throw preconditionFailed(`${resource} has no partition ${partition}`)
  }
  if (!('offset' in target) || partition !== undefined || count === 1) return
  const logs = source === undefined ? 'a log for each priority' : 'a source with several partitions'
  throw preconditionFailed(`${resource} has ${logs}: name one of them, or rewind it to a time`)
}

/** Of each of the queue's parts; infinity for one that stays as it is. */
function targetsOf(
  store: LogStore,
  { parts, source }: Queue,
  target: RewindTarget,
): Promise<number[]> {
  const first = source === undefined ? 0 : 1
  // What was published to the queue itself has other offsets than its source.
  const wanted = target.partition ?? ('offset' in target ? 0 : undefined)
  return Promise.all(
    parts.map(async ({ cursor }, index) => {
      if (wanted !== undefined && index - first !== wanted) return Infinity
      return 'offset' in target ? target.offset : await offsetFrom(store, cursor.log, target.time)
    }),
  )
}
