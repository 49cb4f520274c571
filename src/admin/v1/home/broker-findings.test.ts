import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusOf } from '../../../../test/support/broker-status.ts'
import { type BrokerFacts, brokerFindings } from './broker-findings.ts'
import { deathFindings } from './death-findings.ts'
import { listed, many, named, perSecond, size, span } from './words.ts'

const GiB = 1024 ** 3
const hourMs = 3_600_000
const now = 100 * hourMs

const facts: BrokerFacts = {
  figures: statusOf('ready'),
  now,
  blockedSince: undefined,
  blockedCount: 0,
  disk: { freeSize: 100 * GiB, freeSizeMin: GiB },
  files: { open: 10, max: 1000 },
  hour: [],
}

function textsOf(parts: Partial<BrokerFacts>): string[] {
  return brokerFindings({ ...facts, ...parts }).map(({ severity, text }) => `${severity} ${text}`)
}

test('a broker that is short of nothing has nothing to say', () => {
  assert.deepEqual(textsOf({}), [])
})

const figures = statusOf('ready')
const full = { freeSize: GiB / 2, freeSizeMin: GiB }
const rows: readonly (readonly [string, Partial<BrokerFacts>, string])[] = [
  [
    'a full disk',
    {
      figures: statusOf('ready', 'low on disk'),
      disk: full,
      blockedSince: now - 240_000,
      blockedCount: 3,
    },
    'bad Publishers are blocked for 4 min: 512 MiB of the disk are free, they go on above 1 GiB; 3 connections wait',
  ],
  [
    'too much memory',
    { figures: statusOf('ready', 'low on memory') },
    'bad Publishers are blocked: 86 MiB of memory are in use, the limit is 954 MiB',
  ],
  [
    'memory that is nearly used up',
    { figures: { ...figures, memory: { ...figures.memory, inUseBytes: 9e8 } } },
    'look 858 MiB of memory are in use, 90 % of where publishers are blocked',
  ],
  [
    'little room on the disk',
    { disk: { freeSize: 1.5 * GiB, freeSizeMin: GiB } },
    'look 1.5 GiB of the disk are free, publishers are blocked below 1 GiB',
  ],
  [
    'many open files',
    { files: { open: 960, max: 1000 } },
    'bad 960 of 1,000 files are open: without more, clients are turned away',
  ],
  [
    'a certificate that ends',
    { figures: { ...figures, certificateEndsAt: now + 72 * hourMs } },
    'look The certificate ends in 3 days',
  ],
  [
    'a drained broker',
    { figures: statusOf('maintenance') },
    'look In maintenance: no clients are let in until somebody revives the broker',
  ],
]
for (const [name, parts, text] of rows) {
  test(`${name} is found`, () => assert.deepEqual(textsOf(parts), [text]))
}

test('a disk that fills up is foretold, from both the hour and the end of it', () => {
  const sample = (minutes: number, free: number): BrokerFacts['hour'][number] => ({
    time: now - minutes * 60_000,
    counts: { diskFree: free * GiB },
  })
  const disk = { freeSize: 10 * GiB, freeSizeMin: GiB }
  const falling = [sample(60, 13), sample(40, 12), sample(20, 11)]
  assert.deepEqual(textsOf({ disk, hour: falling }), [
    'look At this rate publishers are blocked in 3 h: 10 GiB of the disk are free, the limit is 1 GiB',
  ])
  const cleaned = [sample(60, 13), sample(40, 9), sample(20, 9)]
  assert.deepEqual(textsOf({ disk, hour: cleaned }), [])
})

test('deaths of the last hour are told by reason; those that only expire are not', () => {
  const counts = { 'died:rejected': 14, 'died:expired': 5, 'dropped:rejected': 1 }
  const before = { time: now - hourMs, counts: { 'died:rejected': 2 } }
  const asked = { counts, hour: [before], now, uptimeMs: 2 * hourMs }
  assert.deepEqual(
    deathFindings(asked).map(({ text }) => text),
    [
      '17 messages died in the last hour: 12 rejected and 5 expired',
      '1 message was dropped in the last hour, for want of a dead-letter exchange: rejected',
    ],
  )
  assert.deepEqual(deathFindings({ ...asked, counts: { 'died:expired': 9 } }), [])
  const [young] = deathFindings({ ...asked, counts: { 'died:maxlen': 2 }, uptimeMs: 60_000 })
  assert.equal(young?.text, '2 messages died in the 60 s since the start: over a length limit')
})

test('words', () => {
  assert.deepEqual(
    [many(1, 'queue'), many(1234, 'queue'), named('a`\u0007'), named(''), listed(['a', 'b', 'c'])],
    ['1 queue', '1,234 queues', "`a'\\u0007`", '`(empty name)`', 'a, b and c'],
  )
  assert.deepEqual(
    [span(89_000), span(240_000), span(2 * hourMs), span(72 * hourMs)],
    ['89 s', '4 min', '2 h', '3 days'],
  )
  assert.deepEqual(
    [size(999), size(1536), size(12_345_678), perSecond(0.66), perSecond(1234)],
    ['999 B', '1.5 KiB', '12 MiB', '0.66/s', '1,234/s'],
  )
})
