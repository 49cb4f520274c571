import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMetrics, valueOf } from '../../test/support/read-metrics.ts'
import { Histogram } from '../lib/histogram.ts'
import { metricsLimits } from '../limits/metrics.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { type ExpositionFormat, expose, formatFor } from './exposition.ts'
import { counter, type Family, gauge, histogram } from './family.ts'
import { formatBound } from './format-value.ts'

/** What is written, and in how many parts. */
async function partsOf(families: Family[], format: ExpositionFormat = 'text'): Promise<string[]> {
  const clock = { atEndOfTurn: (callback: () => void) => queueMicrotask(callback) }
  const parts: string[] = []
  for await (const part of expose(families, format, clock)) parts.push(part)
  return parts
}

test('families are written with help, type and samples', async () => {
  const families = [
    gauge('a', 'What it\nis', 1.5),
    counter('b_total', 'Back\\slash', Infinity),
    gauge('c', 'Nothing', undefined),
  ]
  const [text] = await partsOf(families)
  assert.equal(
    text,
    [
      '# HELP a What it\\nis',
      '# TYPE a gauge',
      'a 1.5',
      '# HELP b_total Back\\\\slash',
      '# TYPE b_total counter',
      'b_total +Inf',
      '# HELP c Nothing',
      '# TYPE c gauge',
      '',
    ].join('\n'),
  )
})

test('OpenMetrics names counters without _total, has no untyped, and ends with EOF', async () => {
  const info: Family = { name: 'i', type: 'unknown', help: 'A "b"', samples: () => [{ value: 1 }] }
  const families = [counter('b_total', 'B', 2), info]
  assert.deepEqual((await partsOf(families, 'openmetrics')).join('').split('\n'), [
    '# HELP b B',
    '# TYPE b counter',
    'b_total 2',
    '# HELP i A \\"b\\"',
    '# TYPE i unknown',
    'i 1',
    '# EOF',
    '',
  ])
  assert.match((await partsOf([info])).join(''), /# HELP i A "b"\n# TYPE i untyped\n/)
})

test('buckets of a histogram add up', async () => {
  const of = new Histogram([1, 10])
  for (const value of [0.5, 5, 50, 50]) of.observe(value)
  const read = readMetrics((await partsOf([histogram('h', 'H', { of })])).join(''))
  for (const [le, count] of [
    ['1.0', 1],
    ['10.0', 2],
    ['+Inf', 4],
  ] as const) {
    assert.equal(valueOf(read, 'h_bucket', { le }), count)
  }
  assert.equal(valueOf(read, 'h_sum'), 105.5)
  assert.equal(valueOf(read, 'h_count'), 4)
})

test('bounds are written as Prometheus writes them', () => {
  const bounds = [0, 0.0001, 0.000_01, 0.000_25, 2.5, 100, 100_000, 1e6, 1.5e6, 1e8, 1e21, Infinity]
  assert.deepEqual(bounds.map(formatBound), [
    '0.0',
    '0.0001',
    '1e-05',
    '0.00025',
    '2.5',
    '100.0',
    '100000.0',
    '1e+06',
    '1.5e+06',
    '1e+08',
    '1e+21',
    '+Inf',
  ])
})

test('many samples come in parts, and others have their turn in between', async () => {
  const clock = new VirtualClock()
  const count = 3 * metricsLimits.samplesPerTurn
  const samples = Array.from({ length: count }, (_, value) => ({ value }))
  const family: Family = { name: 'a', type: 'gauge', help: 'A', samples: () => samples }
  const parts = expose([family], 'text', clock)
  const first = await parts.next()
  assert.equal(String(first.value).match(/^a /gm)?.length, metricsLimits.samplesPerTurn)
  let isThere = false
  const second = parts.next().then((part) => {
    isThere = true
    return part
  })
  await Promise.resolve()
  assert.equal(isThere, false)
  clock.runUntilIdle()
  assert.equal((await second).done, false)
})

test('who asks for OpenMetrics gets it', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  assert.equal(formatFor(prometheus), 'openmetrics')
  assert.equal(formatFor('application/openmetrics-text'), 'openmetrics')
  for (const accept of [
    undefined,
    '',
    '*/*',
    'text/plain',
    'application/openmetrics-text;q=0.1, text/plain;q=0.2',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;q=x',
  ]) {
    assert.equal(formatFor(accept), 'text', accept)
  }
})
