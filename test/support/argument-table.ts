// Every argument of queues and their consumers, written down once: docs/compatibility.md is generated
// from it, and test/conformance/amqp/argument-table.test.ts declares each row at a broker.
import type { QueueType } from '../../src/broker/queue-arguments.ts'

/** A test, and words of its name. */
export interface Proof {
  readonly file: string
  readonly test: string
}

/** What an argument does: shown by a test, nothing that anybody misses, or nothing yet. */
export type Effect =
  | { readonly does: string; readonly proof: Proof }
  | { readonly meansNothing: string }
  | { readonly lacks: string }

export type ArgumentRow = Effect & {
  readonly name: string
  /** Queue types that take it. What is missing refuses it, but for what `isRetired`. */
  readonly types: readonly QueueType[]
  /** Where it is from when that is not RabbitMQ 4.2. */
  readonly from?: string
  /** Other types ignore it, and refuse it only with `--amqp-strict`. */
  readonly isRetired?: true
  /** No type checks it: any value is taken. */
  readonly isUnchecked?: true
  readonly good: unknown
  /** What must be declared along with it. */
  readonly needs?: Readonly<Record<string, unknown>>
  /** A value that is refused, and the reason behind the argument's name; missing when any is taken. */
  readonly bad?: readonly [value: unknown, reason: string]
}

const all = ['classic', 'quorum', 'stream'] as const
const work = ['classic', 'quorum'] as const

const conformance = (file: string, test: string): { proof: Proof } => ({
  proof: { file: `test/conformance/amqp/${file}.test.ts`, test },
})
const unit = (file: string, test: string): { proof: Proof } => ({
  proof: { file: `src/broker/${file}.test.ts`, test },
})
const oneNode: Effect = { meansNothing: 'there is one node' }
const onDisk: Effect = { meansNothing: 'all queues are on disk, with bounded memory' }
const oneCopy: Effect = { lacks: 'there is one copy' }

const negative: readonly [number, string] = [-1, '{value_negative,-1}']
const zero: readonly [number, string] = [0, '{value_zero,0}']
const noText: readonly [boolean, string] = [true, '{unacceptable_type,bool}']
const noInteger: readonly [string, string] = ['x', '"expected integer, got longstr"']

export const queueArgumentRows: readonly ArgumentRow[] = [
  {
    name: 'x-queue-type',
    types: all,
    good: undefined,
    bad: ['strange', `"unsupported queue type 'strange'"`],
    does: 'chooses the type; classic without it',
    ...unit('queue-arguments', 'takes what RabbitMQ 4.2 takes, also where it does nothing'),
  },
  {
    name: 'x-message-ttl',
    types: work,
    good: 60_000,
    bad: negative,
    does: 'milliseconds that a message may wait',
    ...conformance('dead-letters', 'of a queue ends messages that nobody takes, in order'),
  },
  {
    name: 'x-expires',
    types: work,
    good: 60_000,
    bad: zero,
    does: 'milliseconds that the queue may be unused',
    ...conformance('dead-letters', 'goes when nobody has used it for so long'),
  },
  {
    name: 'x-max-length',
    types: work,
    good: 10,
    bad: negative,
    does: 'how many messages may be ready',
    ...conformance('dead-letters', 'drops the oldest messages to the dead-letter exchange'),
  },
  {
    name: 'x-max-length-bytes',
    types: all,
    good: 10_000,
    bad: negative,
    does: 'how many bytes their bodies may have; of streams how many a partition keeps',
    ...conformance('dead-letters', 'in bytes counts the bodies that are ready'),
  },
  {
    name: 'x-max-publish-rate',
    types: work,
    from: 'Pabal',
    good: 1000,
    bad: zero,
    does: 'messages per second that may be published into it: see rate-limits.md',
    ...conformance('rate-limits', 'a queue with a rate slows down who publishes into it'),
  },
  {
    name: 'x-max-publish-bytes-rate',
    types: work,
    from: 'Pabal',
    good: 1_000_000,
    bad: zero,
    does: 'the same in bytes of their bodies',
    ...conformance('rate-limits', 'a rate of bytes by policy holds at once'),
  },
  {
    name: 'x-overflow',
    types: work,
    good: 'reject-publish',
    bad: ['x', 'invalid_overflow'],
    does: 'what a full queue does: drop-head, reject-publish or reject-publish-dlx',
    ...conformance('dead-letters', 'in bytes with reject-publish counts the message that comes'),
  },
  {
    name: 'x-dead-letter-exchange',
    types: work,
    good: 'amq.fanout',
    does: 'where dead messages go',
    ...conformance('dead-letters', 'goes to the dead-letter exchange with what happened to it'),
  },
  {
    name: 'x-dead-letter-routing-key',
    types: work,
    good: 'dead',
    needs: { 'x-dead-letter-exchange': 'amq.fanout' },
    bad: noText,
    does: 'their routing key instead of their own',
    ...conformance('dead-letters', 'gets the dead-letter routing key'),
  },
  {
    name: 'x-dead-letter-strategy',
    types: ['quorum'],
    good: 'at-least-once',
    bad: ['x', 'invalid_dlx_strategy'],
    does: 'at-least-once with overflow reject-publish: a dead letter that no queue takes is kept and tried again',
    ...unit(
      'queue/kept-dead-letters',
      'dead letters that found no queue are tried again when routes',
    ),
  },
  {
    name: 'x-single-active-consumer',
    types: work,
    good: true,
    bad: ['x', '{unacceptable_type,longstr}'],
    does: 'one consumer at a time gets messages',
    ...conformance('single-active-consumer', 'sends everything to the first one'),
  },
  {
    name: 'x-source',
    types: work,
    from: 'Pabal',
    good: 'argument-source',
    bad: noText,
    does: 'the records of this stream or topic are messages of the queue: see [source-queues.md](source-queues.md)',
    proof: {
      file: 'test/conformance/crossing/source-queues.test.ts',
      test: 'has each record of the topic once, as has every other such queue',
    },
  },
  {
    name: 'x-source-offset',
    types: work,
    from: 'Pabal',
    good: 'first',
    needs: { 'x-source': 'argument-source' },
    bad: ['x', 'invalid_source_offset'],
    does: 'where the queue begins in its source: `next` (after what is there; the default), `first`, `last`, an offset, a time or an age, as `x-stream-offset` of stream consumers',
    proof: {
      file: 'test/conformance/crossing/source-offsets.test.ts',
      test: 'where it did, after a restart and when it is declared again',
    },
  },
  {
    name: 'x-max-priority',
    types: ['classic'],
    good: 9,
    bad: [256, '{max_value_exceeded,256}'],
    does: 'the highest priority; 0 for none',
    ...conformance('priorities', 'higher priorities go first'),
  },
  {
    name: 'x-delivery-limit',
    types: ['quorum'],
    good: 5,
    bad: noInteger,
    does: 'how often a message may come back; 20 without it, below zero for ever',
    ...conformance('delivery-limit', 'sends what came back too often to its dead-letter exchange'),
  },
  {
    name: 'x-delayed-retry-type',
    types: ['quorum'],
    from: '4.3',
    good: 'all',
    bad: ['x', 'invalid_delayed_retry_type'],
    does: 'what waits before its next try: all, failed, returned, or disabled',
    ...conformance('delivery-limit', 'lets a message wait before its next try'),
  },
  {
    name: 'x-delayed-retry-min',
    types: ['quorum'],
    from: '4.3',
    good: 1000,
    bad: negative,
    does: 'milliseconds of the first wait',
    ...unit('queue/returns', 'a message waits longer each time before its next try'),
  },
  {
    name: 'x-delayed-retry-max',
    types: ['quorum'],
    from: '4.3',
    good: 2000,
    bad: negative,
    does: 'milliseconds of the longest wait',
    ...unit('queue/returns', 'a message waits longer each time before its next try'),
  },
  {
    name: 'x-order-by-key',
    types: ['classic', 'quorum'],
    from: 'Pabal',
    good: true,
    bad: ['yes', '{unacceptable_type,longstr}'],
    does: 'messages of one key go out one after the other, also when one is tried again',
    ...unit('queue/key-order', 'one message of a key is out at a time, in order'),
  },
  {
    name: 'x-retention-ms',
    types: ['classic', 'quorum'],
    from: 'Pabal',
    good: 1000,
    bad: zero,
    does: 'how long acked messages stay for a rewind, in milliseconds',
    ...unit('queue/rewind', 'what is older than the retention'),
  },
  {
    name: 'x-retention-bytes',
    types: ['classic', 'quorum'],
    from: 'Pabal',
    good: 1000,
    bad: zero,
    does: 'how many bytes of messages stay for a rewind',
    ...unit('queue/rewind', 'what is more than the retention'),
  },
  {
    name: 'x-max-age',
    types: ['stream'],
    good: '7D',
    bad: ['7', 'invalid_max_age'],
    does: 'how long records stay, in Y M D h m s',
    ...unit('topic/retention', 'records older than retention.ms go'),
  },
  {
    name: 'x-profile',
    types: all,
    from: 'Pabal',
    good: 'throughput',
    bad: ['x', 'invalid_profile'],
    does: "what writing is built for, latency or throughput; without it the broker's --profile",
    ...unit('queue/profile', 'a queue writes as it was declared, else as policies say'),
  },
  {
    name: 'x-partitions',
    types: ['stream'],
    from: 'Pabal',
    good: 2,
    bad: zero,
    does: 'partitions of the stream',
    ...conformance(
      'streams',
      'puts messages of one key into the partition that Kafka would choose',
    ),
  },
  {
    name: 'x-stream-max-segment-size-bytes',
    types: ['stream'],
    good: 1_000_000,
    bad: negative,
    lacks: 'old records go in pieces of another size',
  },
  {
    name: 'x-stream-filter-size-bytes',
    types: ['stream'],
    good: 16,
    bad: negative,
    meansNothing: 'filters look at each message',
  },
  {
    name: 'x-initial-cluster-size',
    types: ['stream'],
    good: 3,
    bad: zero,
    ...oneCopy,
  },
  {
    name: 'x-quorum-initial-group-size',
    types: ['quorum'],
    good: 3,
    bad: zero,
    ...oneCopy,
  },
  {
    name: 'x-queue-leader-locator',
    types: all,
    good: 'balanced',
    bad: ['x', 'invalid_queue_locator_arg'],
    ...oneNode,
  },
  {
    name: 'x-member-placement-tag',
    types: ['quorum'],
    from: '4.3',
    good: 'here',
    bad: noText,
    ...oneNode,
  },
  {
    name: 'x-queue-master-locator',
    types: ['classic'],
    isRetired: true,
    good: 'min-masters',
    ...oneNode,
  },
  {
    name: 'x-queue-mode',
    types: ['classic'],
    isRetired: true,
    good: 'lazy',
    bad: ['x', `"unsupported queue mode 'x'"`],
    ...onDisk,
  },
  {
    name: 'x-queue-version',
    types: ['classic'],
    isRetired: true,
    good: 2,
    bad: [3, '"unsupported queue version \'3\'"'],
    meansNothing: 'there is one format',
  },
  {
    name: 'x-max-in-memory-length',
    types: ['quorum'],
    isRetired: true,
    good: 10,
    bad: negative,
    ...onDisk,
  },
  {
    name: 'x-max-in-memory-bytes',
    types: ['quorum'],
    isRetired: true,
    good: 10,
    bad: negative,
    ...onDisk,
  },
  {
    name: 'x-consumer-timeout',
    types: all,
    from: '4.3',
    isUnchecked: true,
    good: 60_000,
    does: 'milliseconds that a delivery may stay unacked',
    ...conformance('consumer-timeout', 'a message that basic.get took has the time of its queue'),
  },
  {
    name: 'x-message-deduplication',
    types: all,
    from: 'a plugin',
    isUnchecked: true,
    good: true,
    does: 'drops a message with the `x-deduplication-header` of one that is in the queue; not on streams',
    ...conformance('deduplicating-queues', 'takes a message once until that has expired'),
  },
]

/** The Markdown of the rows. */
export function describeArgumentRows(): string {
  const lines = queueArgumentRows.map((row) => {
    const marks = all.map((type) => {
      if (row.types.includes(type)) return '✓'
      return row.isRetired ? 'ignored' : '406'
    })
    const name = `\`${row.name}\`${row.from === undefined ? '' : ` (${row.from})`}`
    const reason = row.bad?.[1] === undefined ? '' : `\`${row.bad[1]}\``
    return `| ${name} | ${marks.join(' | ')} | ${reason} | ${describeEffect(row)} |`
  })
  return [
    '| argument | classic | quorum | stream | a refused value is told, for example | what it does |',
    '| --- | :-: | :-: | :-: | --- | --- |',
    ...lines,
  ].join('\n')
}

function describeEffect(row: ArgumentRow): string {
  if ('proof' in row) return row.does
  if ('lacks' in row) return `not yet, which the log says: ${row.lacks}`
  return `means nothing: ${row.meansNothing}`
}
