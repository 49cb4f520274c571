import assert from 'node:assert/strict'
import { test } from 'node:test'
import { performancePage } from '../bench/report/performance-page.ts'
import type { ResultFile } from '../bench/report/result-file.ts'
import { summarize } from '../bench/report/summary.ts'

/** A result of `publish-1k` with these rates of each system's runs. */
function resultFile(
  startedAt: string,
  rates: Readonly<Record<string, readonly number[]>>,
): ResultFile {
  const entries = Object.entries(rates).map(
    ([system, values]): [string, ReturnType<typeof summarize>] => [
      system,
      summarize(values.map((rate) => ({ rate, clientCpu: 95 }))),
    ],
  )
  return {
    startedAt,
    machine: { cpu: 'a CPU', cpus: 2, memoryGb: 8, kernel: '6.1', node: 'v24', commit: 'abc' },
    settings: { runs: 3, seconds: 5, warmup: 2 },
    systems: Object.keys(rates).map((name) => ({ name, version: `${name} 1.0`, settings: {} })),
    scenarios: [
      {
        scenario: 'publish-1k',
        area: 'amqp',
        description: 'publishes',
        command: 'npm run bench -- publish-1k',
        clients: ['a client'],
        disk: { writes: 200, p50_us: 300, p99_us: 900 },
        summaries: Object.fromEntries(entries),
        runs: [],
      },
    ],
  }
}

/** The target table's row of `publish-1k`. */
function targetRow(page: string): string {
  return /^\| `publish-1k` \| rate .*$/m.exec(page)?.[0] ?? ''
}

function lossesOf(page: string): string {
  return page.slice(page.indexOf('## Where Pabal loses'), page.indexOf('## AMQP'))
}

test('a target is met from its ratio on, and both sides are quoted', () => {
  const met = performancePage([resultFile('2026-01-01', { pabal: [800], rabbitmq: [100] })])
  assert.match(targetRow(met), /\| 8\.0× \| yes \| 800 : 100 \|/)
  const missed = performancePage([resultFile('2026-01-01', { pabal: [799], rabbitmq: [100] })])
  assert.match(targetRow(missed), /\| \*\*no\*\* \| 799 : 100 \|/)
})

test('a target whose rival was not measured is not called met', () => {
  const page = performancePage([resultFile('2026-01-01', { pabal: [800] })])
  assert.match(targetRow(page), /not measured/)
})

test('a figure is lost when the ranges do not overlap', () => {
  const lost = performancePage([resultFile('2026-01-01', { pabal: [80, 90], rabbitmq: [91, 99] })])
  assert.match(lossesOf(lost), /`publish-1k`, rabbitmq: msg\/s 85 ±6% : 95 ±4% \(0\.89×\)/)
  const even = performancePage([resultFile('2026-01-01', { pabal: [80, 92], rabbitmq: [91, 99] })])
  assert.match(lossesOf(even), /In none/)
})

test('the newest of two results counts, whatever order they come in', () => {
  const older = resultFile('2026-01-01T00', { pabal: [100], rabbitmq: [100] })
  const newer = resultFile('2026-01-02T00', { pabal: [900], rabbitmq: [100] })
  assert.match(targetRow(performancePage([newer, older])), /9\.0×/)
  assert.equal(performancePage([newer, older]), performancePage([older, newer]))
})

test('a saturated client is marked, and each scenario says how to repeat it', () => {
  const page = performancePage([resultFile('2026-01-01', { pabal: [800], rabbitmq: [100] })])
  assert.match(page, /95 \(!\)/)
  assert.match(page, /The client was saturated/)
  assert.match(page, /\| `npm run bench -- publish-1k` \|/)
})
