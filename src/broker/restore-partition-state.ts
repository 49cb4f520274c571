// Keyed state of partitions that outlived the last process: consumers' offsets, producers, how far
// they are copies, and how far they are compacted.
import type { LogStore } from '../log/log-store.ts'
import { parseRewrittenKey } from '../log/rewritten-end.ts'
import { parseAbortedKey } from './topic/aborted-transactions.ts'
import { parseDeliveriesKey } from './topic/delivery-extent.ts'
import { parseNeededKey } from './topic/hold.ts'
import { parseCopied, type Partition, parseProducerKey } from './topic/partition.ts'
import { decodeSent, parseSentKey } from './topic/sent-messages.ts'
import type { StreamContext } from './topic/stream-context.ts'
import type { VHosts } from './vhosts.ts'

interface StateOwner {
  readonly store: LogStore
  readonly vhosts: VHosts
  readonly streamContext: StreamContext
}

/** A part of what a partition knows of transactions that were aborted. */
interface Chunk {
  readonly chunk: number
  readonly value: Buffer
}

/** To be called when all topics and queues are there. What nobody owns any more is forgotten. */
export function restorePartitionState(
  { store, vhosts, streamContext }: StateOwner,
  state: ReadonlyMap<string, Buffer>,
): void {
  const orphans: string[] = []
  const chunks = new Map<Partition, Chunk[]>()
  const partitions = partitionsWith(vhosts, state)
  for (const [key, value] of state) {
    streamContext.offsets.restore(key, value, partitions)
    const kept = parseKept(key, value, chunks)
    if (kept === undefined) continue
    const partition = partitions.get(kept.logId)
    if (partition === undefined) orphans.push(key)
    else kept.restore(partition)
  }
  restoreTransactions(partitions.values(), chunks)
  if (orphans.length === 0) return
  // Of logs that are no more.
  store.beginAtom()
  for (const key of orphans) store.putState(key, undefined)
  store.endAtom()
}

/** What a key keeps of which log; undefined for keys that are not of partitions. */
function parseKept(
  key: string,
  value: Buffer,
  chunks: Map<Partition, Chunk[]>,
): { readonly logId: number; readonly restore: (partition: Partition) => void } | undefined {
  const producer = parseProducerKey(key)
  if (producer !== undefined) {
    const { logId, producerId } = producer
    return { logId, restore: ({ producers }) => producers.restore(producerId, value) }
  }
  const copied = parseCopied(key, value)
  if (copied !== undefined) {
    const { logId, copiedEnd } = copied
    return { logId, restore: (partition) => (partition.copiedEnd = copiedEnd) }
  }
  const aborted = parseAbortedKey(key)
  if (aborted !== undefined) {
    const { logId, chunk } = aborted
    return { logId, restore: (partition) => addTo(chunks, partition, { chunk, value }) }
  }
  const delivering = parseDeliveriesKey(key)
  if (delivering !== undefined) {
    return { logId: delivering, restore: ({ deliveries }) => deliveries.restore(value) }
  }
  const held = parseNeededKey(key)
  if (held !== undefined) return { logId: held, restore: ({ hold }) => hold.restore(value) }
  const sent = parseSentKey(key)
  if (sent !== undefined) {
    return { logId: sent, restore: (partition) => (partition.sent = decodeSent(value)) }
  }
  const logId = parseRewrittenKey(key)
  if (logId === undefined) return undefined
  return { logId, restore: ({ compaction }) => compaction.restore(value) }
}

function restoreTransactions(
  partitions: Iterable<Partition>,
  chunks: ReadonlyMap<Partition, readonly Chunk[]>,
): void {
  for (const partition of partitions) {
    const known = chunks.get(partition) ?? []
    partition.restoreTransactions(known.toSorted((a, b) => a.chunk - b.chunk))
  }
}

function addTo(chunks: Map<Partition, Chunk[]>, partition: Partition, chunk: Chunk): void {
  const known = chunks.get(partition)
  if (known === undefined) chunks.set(partition, [chunk])
  else known.push(chunk)
}

/** The partitions of all topics, and of those work queues of which `state` knows a producer. */
function partitionsWith(
  vhosts: VHosts,
  state: ReadonlyMap<string, Buffer>,
): Map<number, Partition> {
  const logIds = new Set<number>()
  for (const key of state.keys()) {
    const parsed = parseProducerKey(key) ?? parseAbortedKey(key)
    if (parsed !== undefined) logIds.add(parsed.logId)
  }
  const partitions = new Map<number, Partition>()
  for (const topics of vhosts.topics()) {
    for (const partition of topics.partitions(logIds)) partitions.set(partition.log.id, partition)
  }
  return partitions
}
