// The queues that fuzzed connections declare: with one argument or a few of those that make messages move, go,
// stay or come back.
import { encodeTable, type RawArguments, type RawTable } from '../support/raw-codec.ts'

const limits: RawTable = {
  'x-max-priority': ['I', 9],
  'x-max-length': ['I', 3],
  'x-dead-letter-exchange': ['S', ''],
  'x-dead-letter-routing-key': ['S', 'fz-quorum'],
}
const comesBack: RawTable = {
  'x-queue-type': ['S', 'quorum'],
  'x-delivery-limit': ['I', 1],
  'x-dead-letter-exchange': ['S', 'amq.fanout'],
}

const expiring: RawTable = {
  'x-message-ttl': ['I', 2],
  'x-dead-letter-exchange': ['S', 'fz-delay'],
}
const unused: RawTable = { 'x-expires': ['I', 15] }
const retried: RawTable = {
  'x-queue-type': ['S', 'quorum'],
  'x-delayed-retry-type': ['S', 'all'],
  'x-delayed-retry-min': ['I', 3],
  'x-delayed-retry-max': ['I', 12],
}

const once: RawTable = { 'x-message-deduplication': ['t', true] }
const kept: RawTable = { 'x-retention-ms': ['I', 60_000], 'x-retention-bytes': ['I', 5000] }
const paced: RawTable = { 'x-max-publish-rate': ['I', 2000] }
const stream: RawTable = { 'x-queue-type': ['S', 'stream'] }
const source: RawTable = { 'x-source': ['S', 'fz-stream'], 'x-source-offset': ['S', 'first'] }

export const queues: readonly (RawArguments & { readonly queue: string })[] = [
  { queue: 'fz-durable', durable: true },
  { queue: 'fz-transient' },
  { queue: 'fz-exclusive', exclusive: true },
  { queue: 'fz-auto-delete', autoDelete: true },
  { queue: 'fz-limited', arguments: encodeTable(limits) },
  { queue: 'fz-quorum', durable: true, arguments: encodeTable(comesBack) },
  { queue: 'fz-expiring', durable: true, arguments: encodeTable(expiring) },
  { queue: 'fz-unused', arguments: encodeTable(unused) },
  { queue: 'fz-retried', durable: true, arguments: encodeTable(retried) },
  { queue: 'fz-once', durable: true, arguments: encodeTable(once) },
  { queue: 'fz-kept', durable: true, arguments: encodeTable(kept) },
  { queue: 'fz-paced', arguments: encodeTable(paced) },
  // The stream first: without it there are no subscriptions.
  { queue: 'fz-stream', durable: true, arguments: encodeTable(stream) },
  { queue: 'fz-source', durable: true, arguments: encodeTable(source) },
  { queue: 'fz-source-retried', durable: true, arguments: encodeTable({ ...retried, ...source }) },
]

/** Messages are taken out of these, and they come and go: a stream stays for its subscriptions. */
export const workQueues: typeof queues = queues.filter(({ queue }) => queue !== 'fz-stream')
