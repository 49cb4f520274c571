// What deploy/ has for Grafana and Prometheus asks for what the broker shows, and for nothing else.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { Histogram } from '../../src/lib/histogram.ts'
import { type ClusterFigures, clusterFamilies } from '../../src/metrics/cluster-families.ts'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { readMetrics } from '../support/read-metrics.ts'

const deploy: string = join(import.meta.dirname, '../../deploy')

interface Panel {
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets?: readonly { readonly expr: string }[]
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const { panels } = JSON.parse(readFileSync(join(deploy, 'grafana/pabal.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
}
const alerts = parse(readFileSync(join(deploy, 'prometheus/alerts.yaml'), 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[]
}
const rules: readonly Rule[] = alerts.groups.flatMap((group) => group.rules)

const figures: ClusterFigures = {
  aliveCount: 3,
  stoppedCount: 0,
  goneCount: 0,
  drainingCount: 0,
  cells: [{ cell: 0, epoch: 1, state: 'served', isOwn: true }],
  isFrozen: false,
  hasStandby: true,
  heartbeatMs: 2,
  commitSeconds: [new Histogram([0.01])],
  rowsBytes: 0,
  rowsAgeMs: 0,
  objects: { requests: 0, failures: 0, bytesRead: 0, bytesWritten: 0 },
  takeovers: 0,
  passedOn: [],
}

let broker: RunningBroker
/** Names of all samples that there can be, of the broker as a whole. */
const exported = new Set<string>()
before(async () => {
  const ports = {
    ...otherPortsOff,
    amqpPort: 'off',
    kafkaPort: 'off',
    httpPort: 'off',
    metricsPort: 0,
  } as const
  broker = await startBroker({ storage: 'memory', ...ports })
  const response = await fetch(`http://127.0.0.1:${broker.addresses['metrics']?.port}/metrics`)
  const { types } = readMetrics(await response.text())
  // A node of a cluster has more.
  const ofClusters = clusterFamilies(figures).map(({ name, type }) => [name, type] as const)
  for (const [name, type] of [...types, ...ofClusters]) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    for (const suffix of suffixes) exported.add(`${name}${suffix}`)
  }
})
after(() => broker.close())

function missingIn(expr: string): string[] {
  const names = expr.match(/\b(?:pabal|rabbitmq|kafka)_[a-z0-9_]+/g) ?? []
  return names.filter((name) => !exported.has(name))
}

test('each panel of the dashboard asks for metrics that there are, and says what it shows', () => {
  const shown = panels.filter(({ type }) => type !== 'row')
  assert.ok(shown.length > 30)
  for (const { title, description, targets = [] } of shown) {
    assert.match(description ?? '', /\.$/, title)
    assert.ok(targets.length > 0, title)
    for (const { expr } of targets) {
      assert.deepEqual(missingIn(expr), [], title)
      assert.match(expr, /\{instance=~"\$instance"/, title)
    }
  }
})

test('panels have room of their own', () => {
  const taken = new Map<string, string>()
  for (const { title, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x} ${y}`), undefined, title)
        taken.set(`${x} ${y}`, title)
      }
    }
  }
})

test('each alert asks for metrics that there are, and says what to do', () => {
  assert.ok(rules.length > 10)
  for (const { alert, expr, labels, annotations } of rules) {
    assert.deepEqual(missingIn(expr), [], alert)
    assert.match(expr, /\b(?:up|pabal_\w+|rabbitmq_\w+)\b/, alert)
    assert.match(labels['severity'] ?? '', /^(?:critical|warning|info)$/, alert)
    assert.ok(annotations['summary'] && annotations['description'], alert)
  }
})
