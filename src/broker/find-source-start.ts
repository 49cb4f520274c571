// Looks up where a queue that is about to be declared begins in its source, when that is a time or the last
// records: declaring itself waits for no disk.
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'
import { sourceOffset } from './argument-check.ts'
import type { BrowseAsked, BrowsePlace } from './browse/browse-start.ts'
import type { BrowsedPage } from './browse/read-page.ts'
import type { QueueAsked } from './declare-queue.ts'
import type { Destination } from './destination.ts'
import { stripName } from './exchange/check-name.ts'
import { needsSearch, type SourceStart, sourceNameOf, sourceStartOf } from './open-source.ts'
import type { Partition } from './topic/partition.ts'
import type { StreamStart } from './topic/stream-start.ts'
import type { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'

export interface SearchContext {
  readonly store: LogStore
  readonly clock: Clock
  browse(browsed: Destination, asked: BrowseAsked): Promise<BrowsedPage>
}

/**
 * What `declareQueue` has to know of the source before it makes a queue as asked; undefined when that is
 * nothing, when `asked.sourceStart` has it, or when the declaration will be refused. Rejects when the disk
 * cannot be read.
 */
export function findSourceStart(
  context: SearchContext,
  vhost: VHost<Destination>,
  { name, arguments: args, rights, sourceStart }: QueueAsked,
): Promise<SourceStart> | undefined {
  const sourceName = sourceNameOf(args)
  const argument = args.get('x-source-offset')
  if (sourceName === undefined || argument === undefined) return undefined
  if (sourceOffset(argument, args) !== undefined) return undefined
  const start = sourceStartOf(args, context.clock.now())
  const topic = vhost.findQueue(sourceName)
  if (!needsSearch(start) || topic?.kind !== 'topic' || sourceStart?.topic === topic)
    return undefined
  if (vhost.findQueue(stripName(name)) !== undefined) return undefined
  if (rights?.may('read', sourceName) === false) return undefined
  return search(context, topic, start)
}

async function search(
  context: SearchContext,
  topic: Topic,
  start: StreamStart,
): Promise<SourceStart> {
  const offsets: number[] = []
  // More may come meanwhile.
  for (let index = 0; index < topic.partitions.length; index++) {
    const partition = topic.partitions[index]!
    offsets.push(
      start.kind === 'timestamp'
        ? await offsetAt(context, { topic, index, time: start.timestamp })
        : await lastOffset(context.store, partition),
    )
  }
  return { topic, offsets }
}

/** Of the first record that is as late; where the next one will be when there is none. */
async function offsetAt(
  context: SearchContext,
  { topic, index, time }: { readonly topic: Topic; readonly index: number; readonly time: number },
): Promise<number> {
  const { log } = topic.partitions[index]!
  const start = { kind: 'time', time: Math.max(0, time) } as const
  let after: BrowsePlace | undefined
  do {
    const asked = { start, after, partition: index, count: 1, payloadSizeMax: 0 }
    const end = log.stableEnd
    const { messages, next } = await context.browse(topic, asked)
    if (messages[0] !== undefined) return messages[0].offset
    if (next === undefined) return end
    after = next
  } while (!topic.isDeleted)
  return 0
}

/** Of the records that were written together last, as of stream consumers. */
async function lastOffset(store: LogStore, { log }: Partition): Promise<number> {
  const end = log.stableEnd
  const runs = await store.readRuns(log, end - 1, 0)
  const offset = runs[0]?.baseOffset ?? end
  for (const run of runs) run.release()
  return offset
}
