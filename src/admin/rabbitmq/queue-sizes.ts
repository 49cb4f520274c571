// About how many bytes a queue's messages take, and how many of them are in memory: as if all were of one
// size, for bodies are counted only where a limit asks for it. A look at each log of the queue.
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'

type Log = (Destination & { readonly kind: 'queue' })['cursors'][number]['log']

/** Of so many of its messages, in the log, with their headers. */
export function bytesOf(
  queue: Destination,
  count: number,
  { store }: Pick<Broker, 'store'>,
): number {
  const { messageCount } = queue
  if (count === 0 || messageCount === 0) return 0
  let size = 0
  for (const log of logsOf(queue)) size += store.sizeOf(log)
  return Math.round((size * count) / messageCount)
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
