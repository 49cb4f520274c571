// Makes acked messages of a queue ready again: a new cursor takes the place of the queue's own, which has
// acked what the old one has below the target, and nothing from there on. What consumers hold unacked, what
// waits for its next try and what is on its way to a dead-letter exchange stays with whoever has it.
import type { LogCursor } from '../../log/log-cursor.ts'
import type { LogStore } from '../../log/log-store.ts'
import { copyAcks } from './copy-acks.ts'
import { keeperOf, type KeepingQueue } from './keeper-of.ts'
import type { QueueBacklog } from './queue-backlog.ts'

/**
 * Rewinds each log of `backlog` to the offset in `targets`, or as far as messages are kept, and returns how
 * many messages are ready again. Logs of which nothing acked is kept,
 * and those with the target infinity, stay as they are. The queue's row has
 * changed. Within an atom.
 */
export function rewindBacklog(
  backlog: QueueBacklog,
  { store, queue }: { readonly store: LogStore; readonly queue: KeepingQueue },
  targets: readonly number[],
): number {
  let count = 0
  for (const [index, { cursor }] of backlog.parts.entries()) {
    const kept = keeperOf(queue, index)
    if (kept === undefined || targets[index] === Infinity) continue
    const target = targetIn(cursor.log, kept, targets[index]!)
    count += backlog.rewind(index, replacement(store, { cursor, kept }, target), target)
    store.deleteCursor(cursor)
  }
  return count
}

/** How many messages `rewindBacklog` would make ready again; changes nothing. */
export function countRewound(
  { parts }: Pick<QueueBacklog, 'parts'>,
  queue: KeepingQueue,
  targets: readonly number[],
): number {
  let count = 0
  for (const [index, { cursor }] of parts.entries()) {
    const kept = keeperOf(queue, index)
    if (kept === undefined || targets[index] === Infinity) continue
    const target = targetIn(cursor.log, kept, targets[index]!)
    const last = cursor.log.endOffset - 1
    count += kept.acked.unackedIn(target, last) - cursor.acked.unackedIn(target, last)
  }
  return count
}

/** The offset nearest to the one that was asked for, from where on everything is kept. */
function targetIn(
  { startOffset, endOffset }: LogCursor['log'],
  kept: LogCursor,
  asked: number,
): number {
  return Math.min(Math.max(asked, kept.floor, startOffset), endOffset)
}

/** A cursor as `cursor` would be if nothing had been acked from `target` on but what is not kept. */
function replacement(
  store: LogStore,
  { cursor, kept }: { readonly cursor: LogCursor; readonly kept: LogCursor },
  target: number,
): LogCursor {
  const rewound = store.createCursor(cursor.log, Math.min(cursor.floor, target))
  copyAcks(cursor, rewound, 0, target)
  // Retention has also passed messages below that are not acked, and stay.
  copyAcks(kept, rewound, target, Infinity)
  for (const offset of cursor.notes?.offsets() ?? []) {
    rewound.note(offset, cursor.notes!.get(offset))
  }
  return rewound
}
