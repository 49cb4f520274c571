import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChannelInfo, ConsumerInfo } from '../../../broker/client/channel-info.ts'
import type { Client } from '../../../broker/client/client.ts'
import { ClientCounters } from '../../../broker/counters/client-counters.ts'
import { emptyTable } from '../../../record/message/field-table.ts'
import { diagnose } from './diagnosis.ts'

const consumer: ConsumerInfo = {
  tag: 'c',
  queueName: 'orders',
  isNoAck: false,
  isExclusive: false,
  isActive: true,
  prefetch: 1,
  ackTimeoutMs: 1_800_000,
  arguments: emptyTable,
  counted: undefined,
  cancel: undefined,
}

function channelWith(parts: Partial<ChannelInfo>): ChannelInfo {
  return {
    number: 1,
    isOpen: true,
    prefetch: 0,
    sharedPrefetch: 0,
    unackedCount: 0,
    unackedSince: undefined,
    hasConfirms: false,
    unconfirmedCount: 0,
    hasTransactions: false,
    uncommittedMessages: 0,
    uncommittedAcks: 0,
    counters: new ClientCounters(),
    consumers: [],
    ...parts,
  }
}

interface Case {
  readonly channel?: Partial<ChannelInfo>
  readonly counts?: Partial<ClientCounters>
  readonly heartbeat?: number
  readonly unsent?: number
  /** A second, of the client and its channel. */
  readonly rates?: Readonly<Record<string, number>>
}

function textsOf({
  channel = {},
  counts = {},
  heartbeat = 60,
  unsent = 0,
  rates = {},
}: Case): string[] {
  const counters = Object.assign(new ClientCounters(), counts)
  const client = {
    protocol: 'AMQP 0-9-1',
    tls: undefined,
    limits: { channelMax: 0, frameSizeMax: 0, heartbeatSeconds: heartbeat },
    unsentSize: unsent,
    counters,
    channels: () => [channelWith(channel)],
  } as unknown as Client
  const statistics = { ratesOf: () => ({ of: (name: string) => rates[name] ?? 0 }) }
  const by = { statistics, monotonic: 1_000_000, readyIn: () => 5 }
  return diagnose(client, by).map(({ severity, text }) => `${severity} ${text}`)
}

test('a connection that does all well has nothing to hear', () => {
  const consumers = [{ ...consumer, prefetch: 100 }]
  assert.deepEqual(
    textsOf({ channel: { consumers, unackedCount: 100, unackedSince: 999_000 } }),
    [],
  )
  assert.deepEqual(textsOf({ counts: { published: 1000, confirmable: 1000, channels: 1 } }), [])
})

const rows: readonly (readonly [string, Case, string])[] = [
  [
    'a prefetch that is too small',
    { channel: { consumers: [consumer], unackedCount: 1 }, rates: { acked: 25 } },
    'look prefetch 1 and 40 ms per ack: one consumer cannot exceed 25/s',
  ],
  [
    'no prefetch',
    { channel: { consumers: [{ ...consumer, prefetch: 0 }], unackedCount: 12_000 } },
    'look no prefetch: 12,000 messages are unacked at once, and wait for nobody else',
  ],
  [
    'deliveries that are held',
    { channel: { unackedCount: 400, unackedSince: 280_000 } },
    'look holds 400 unacked, the oldest for 12 min',
  ],
  [
    'a client that does not read',
    { unsent: 3_000_000 },
    'look reads slowly: 2.9 MiB wait to be taken',
  ],
  [
    'acks one by one',
    { rates: { acked: 2000, received: 42_000 } },
    'note acks come one by one, 2,000/s: a consumer may ack several at once',
  ],
  [
    'a channel for each message',
    { counts: { channels: 420, published: 430, confirmable: 430 } },
    'look opens a channel for each message: 420 channels for 430 messages',
  ],
  [
    'publishing without confirms',
    { counts: { published: 1234, channels: 1 } },
    'note publishes without confirms: what is lost on the way, nobody learns (1,234 messages so far)',
  ],
  [
    'no heartbeat',
    { heartbeat: 0 },
    'note heartbeat off: a client that is gone without a word is noticed late',
  ],
]
for (const [name, given, text] of rows) {
  test(`${name} is said`, () => assert.deepEqual(textsOf(given), [text]))
}

test('acks of several messages at once are no trouble, and what costs now comes first', () => {
  assert.deepEqual(textsOf({ rates: { acked: 2000, received: 4200 } }), [])
  const found = textsOf({ heartbeat: 0, unsent: 3_000_000 })
  assert.deepEqual(
    found.map((text) => text.slice(0, 4)),
    ['look', 'note'],
  )
})
