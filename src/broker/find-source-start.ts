// Looks up where a queue that is about to be declared begins in its source, when that is a time, the last records, or
// an offset that compaction may have emptied: declaring itself waits for no disk.
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'
import { sourceOffset } from './argument-check.ts'
import type { QueueAsked } from './declare-queue.ts'
import type { Destination } from './destination.ts'
import { stripName } from './exchange/check-name.ts'
import { firstFrom, type RecordSearch } from './first-from.ts'
import { awaitEnds } from './know-ends.ts'
import { needsSearch, type SourceStart, sourceNameOf, sourceStartOf } from './open-source.ts'
import type { Spread } from './spread/spread.ts'
import type { Partition } from './topic/partition.ts'
import type { StreamStart } from './topic/stream-start.ts'
import type { Topic } from './topic/topic.ts'
import type { VHost } from './vhost.ts'

export interface SearchContext extends RecordSearch {
  readonly store: LogStore
  readonly clock: Clock
  readonly spread: Spread | undefined
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
  if (sourceName === undefined) return undefined
  if (argument !== undefined && sourceOffset(argument, args) !== undefined) return undefined
  const start = sourceStartOf(args, context.clock.now())
  const topic = vhost.findQueue(sourceName)
  if (topic?.kind !== 'topic' || sourceStart?.topic === topic) return undefined
  const isKnown = !needsSearch(start) && !hasRemote(topic)
  if (isKnown && !mayBeInGap(start, topic)) return undefined
  if (vhost.findQueue(stripName(name)) !== undefined) return undefined
  if (rights?.may('read', sourceName) === false) return undefined
  return search(context, topic, start)
}

async function search(
  context: SearchContext,
  topic: Topic,
  start: StreamStart,
): Promise<SourceStart> {
  if (hasRemote(topic)) {
    await context.spread?.mirrors.holdFor(topic)
    await awaitEnds(topic)
  }
  const offsets: number[] = []
  // More may come meanwhile.
  for (let index = 0; index < topic.partitions.length; index++) {
    offsets.push(await searchIn(context, { topic, index, start }))
  }
  return { topic, offsets }
}

function searchIn(
  context: SearchContext,
  { topic, index, start }: { topic: Topic; index: number; start: StreamStart },
): Promise<number> {
  const partition = topic.partitions[index]!
  switch (start.kind) {
    case 'timestamp':
      return offsetAt(context, { topic, index, time: start.timestamp })
    case 'last':
      return lastOffset(context.store, partition)
    default:
      return presentOffset(context.store, partition, start.kind === 'offset' ? start.offset : 0)
  }
}

/** Only their leaders know where some of its partitions end, and only they can keep their records. */
function hasRemote({ partitions }: Topic): boolean {
  return partitions.some(({ remote }) => remote !== undefined)
}

/** Where compaction has left a gap, a queue would count records that are not there. */
function mayBeInGap({ kind }: StreamStart, { config }: Topic): boolean {
  return config.isCompacted && (kind === 'first' || kind === 'offset')
}

/** `offset`, or where the first records begin that are still there and after it. */
async function presentOffset(
  store: LogStore,
  { log, startOffset }: Partition,
  offset: number,
): Promise<number> {
  const from = Math.max(offset, startOffset)
  if (from >= log.stableEnd) return from
  const runs = await store.readRuns(log, from, 0)
  const first = runs[0]?.baseOffset ?? from
  for (const run of runs) run.release()
  return Math.max(from, first)
}

/** Of the first record that is as late; where the next one will be when there is none. */
export async function offsetAt(
  context: Pick<SearchContext, 'browse'>,
  { topic, index, time }: { readonly topic: Topic; readonly index: number; readonly time: number },
): Promise<number> {
  const end = topic.partitions[index]!.log.stableEnd
  return (await firstFrom(context, { topic, index, time }))?.offset ?? end
}

/** Of the records that were written together last, as of stream consumers. */
async function lastOffset(store: LogStore, { log }: Partition): Promise<number> {
  const end = log.stableEnd
  const runs = await store.readRuns(log, end - 1, 0)
  const offset = runs[0]?.baseOffset ?? end
  for (const run of runs) run.release()
  return offset
}
