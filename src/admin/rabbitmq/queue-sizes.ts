// About how many bytes a queue's messages take, and how many of them are in memory: as if all were of one
// size, for bodies are counted only where a limit asks for it. A look at each log of the queue.
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { shownRange } from '../../broker/topic/shown-range.ts'

type Log = (Destination & { readonly kind: 'queue' })['cursors'][number]['log']

/** Of so many of its messages, in the log, with their headers. */
export function bytesOf(
  queue: Destination,
  count: number,
  { store }: Pick<Broker, 'store'>,
): number {
  const { messageCount } = queue
  if (count === 0 || messageCount === 0) return 0
  const size = storedSize(queue, store)
  return Math.round((size * count) / messageCount)
}

/** Bytes of the logs of a queue or topic, whichever cells lead its partitions. */
export function storedSize(queue: Destination, store: Broker['store']): number {
  let size = 0
  if (queue.kind === 'topic') for (const each of queue.partitions) size += shownRange(each).size
  else for (const { log } of queue.cursors) size += store.sizeOf(log)
  return size
}

/** Of its messages; the others are read from the disk when they are needed. */
export function countInMemory(queue: Destination): number {
  let count = 0
  for (const { endOffset, tailStart } of logsOf(queue)) count += endOffset - tailStart
  return Math.min(count, queue.messageCount)
}

/** Bytes of its messages that are in memory, counted one by one. */
export function memoryOf(queue: Destination): number {
  let size = 0
  for (const { tail } of logsOf(queue)) for (const run of tail) size += run.size
  return size
}

function* logsOf(queue: Destination): Generator<Log> {
  for (const { log } of queue.kind === 'topic' ? queue.partitions : queue.cursors) yield log
}
