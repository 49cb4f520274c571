// Every argument of exchanges, written down once: docs/compatibility.md is generated from it, and
// test/conformance/amqp/argument-table.test.ts declares each row at a broker.
import type { Proof } from './argument-table.ts'

export interface ExchangeArgumentRow {
  readonly name: string
  /** A type of exchange that it acts on. */
  readonly type: string
  /** What the documentation says instead when it is not one type alone. */
  readonly types?: string
  readonly good: unknown
  /** What the type cannot be without. */
  readonly besides?: Readonly<Record<string, unknown>>
  /** A value that is refused, and the text behind PRECONDITION_FAILED; `{exchange}` is its name. */
  readonly bad: readonly [value: unknown, text: string]
  readonly does: string
  readonly proof: Proof
}

const conformance = (file: string, test: string): Proof => ({
  file: `test/conformance/amqp/${file}.test.ts`,
  test,
})

export const exchangeArgumentRows: readonly ExchangeArgumentRow[] = [
  {
    name: 'alternate-exchange',
    type: 'direct',
    types: 'all',
    good: 'amq.fanout',
    bad: [
      true,
      `invalid type 'bool' for arg 'alternate-exchange' in exchange '{exchange}' in vhost '/'`,
    ],
    does: 'takes what no binding matches',
    proof: conformance('exchange-bindings', 'takes what no binding matches'),
  },
  {
    name: 'hash-header',
    type: 'x-consistent-hash',
    good: 'customer',
    bad: [true, `invalid type 'bool' for arg 'hash-header'`],
    does: 'hashes this header instead of the routing key',
    proof: conformance('further-exchanges', 'x-consistent-hash follows a header and a property'),
  },
  {
    name: 'hash-property',
    type: 'x-consistent-hash',
    good: 'message_id',
    bad: ['reply_to', 'Unsupported property: reply_to'],
    does: 'hashes this property: message_id, correlation_id or timestamp',
    proof: conformance('further-exchanges', 'x-consistent-hash follows a header and a property'),
  },
  {
    name: 'x-cache-persistence',
    type: 'x-message-deduplication',
    besides: { 'x-cache-size': 10 },
    good: 'disk',
    bad: ['ram', `Invalid argument, 'x-cache-persistence' must be either 'disk' or 'memory'`],
    does: 'whether ids are remembered on disk, as a durable exchange does without it, or in memory',
    proof: { file: 'src/broker/deduplication/deduplications.test.ts', test: 'outlives a restart' },
  },
  {
    name: 'x-cache-size',
    type: 'x-message-deduplication',
    good: 10,
    bad: [0, `Missing or invalid argument, 'x-cache-size' must be an integer greater than 0`],
    does: 'how many ids are remembered; must be there',
    proof: {
      file: 'src/broker/deduplication/deduplications.test.ts',
      test: 'forgets the oldest id when it has one too many',
    },
  },
  {
    name: 'x-cache-ttl',
    type: 'x-message-deduplication',
    besides: { 'x-cache-size': 10 },
    good: 1000,
    bad: [0, `Invalid argument, 'x-cache-ttl' must be an integer greater than 0`],
    does: 'milliseconds that an id is remembered',
    proof: {
      file: 'src/broker/deduplication/deduplications.test.ts',
      test: 'knows an id for its time, or for that of the message',
    },
  },
  {
    name: 'x-delayed-type',
    type: 'x-delayed-message',
    good: 'topic',
    bad: [
      'x-delayed-message',
      `Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'`,
    ],
    does: 'the type that it routes as, once the delay of a message has passed; must be there',
    proof: conformance('delayed-exchanges', 'is refused without a type that it can route as'),
  },
  {
    name: 'x-recent-history-length',
    type: 'x-recent-history',
    good: 5,
    bad: ['x', `Invalid argument <<"x">>, 'x-recent-history-length' must be a positive integer`],
    does: 'how many messages a new binding gets; 20 without it',
    proof: conformance(
      'further-exchanges',
      'routes like fanout, and gives a new binding the last messages',
    ),
  },
]

/** The Markdown of the rows. */
export function describeExchangeArgumentRows(): string {
  const lines = exchangeArgumentRows.map(({ name, type, types = `\`${type}\``, bad, does }) => {
    return `| \`${name}\` | ${types} | \`${bad[1].replace('{exchange}', '…')}\` | ${does} |`
  })
  return [
    '| argument of an exchange | types | a refused value is told, for example | what it does |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
