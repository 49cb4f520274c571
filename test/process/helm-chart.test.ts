// The Helm chart: its version is the program's, it configures what the broker has, and its defaults are
// within its own schema. Where there is a Helm it also lints and renders it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { version } from '../../src/lib/version.ts'
import { settingKeys, settingName } from '../../src/settings/settings.ts'

const chart = path.join(import.meta.dirname, '../../deploy/helm/pabal')
const names: ReadonlySet<string> = new Set(settingKeys.map(settingName))

/** A Helm that `go install` built takes every cluster for an old one. */
const cluster = ['--kube-version', '1.31.0']

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

function read(name: string): string {
  return readFileSync(path.join(chart, name), 'utf8')
}

/** Paths of values that the schema does not know. */
function unknownValues(values: unknown, { properties, ...rest }: Schema, at = ''): string[] {
  if (properties === undefined || typeof values !== 'object' || values === null) return []
  return Object.entries(values).flatMap(([name, value]) => {
    const schema = properties[name]
    if (schema !== undefined) return unknownValues(value, schema, `${at}.${name}`)
    return rest.additionalProperties === false ? [`${at}.${name}`] : []
  })
}

test('the chart is of the version of the program', () => {
  const { appVersion } = parse(read('Chart.yaml')) as { readonly appVersion: string }
  assert.equal(appVersion, version)
})

test('its values are those of its schema, and templates use no others', () => {
  const values = parse(read('values.yaml')) as Record<string, unknown>
  const schema = JSON.parse(read('values.schema.json')) as Schema
  assert.deepEqual(unknownValues(values, schema), [])
  const used = readdirSync(path.join(chart, 'templates')).flatMap((name) =>
    Array.from(read(`templates/${name}`).matchAll(/\.Values((?:\.\w+)+)/g), ([, at = '']) => at),
  )
  assert.ok(used.length > 30)
  const has = (at: string): boolean => {
    let value: unknown = values
    for (const part of at.slice(1).split('.')) {
      if (typeof value !== 'object' || value === null || !(part in value)) return false
      value = (value as Record<string, unknown>)[part]
    }
    return true
  }
  assert.deepEqual(
    used.filter((at) => !has(at)),
    [],
  )
})

test('what it writes into pabal.yaml are settings of the broker', () => {
  const lines = read('templates/configmap.yaml').matchAll(/^ {4}([a-z-]+):/gm)
  const written = Array.from(lines, ([, name = '']) => name)
  assert.ok(written.includes('shutdown-delay'))
  assert.deepEqual(
    written.filter((name) => !names.has(name)),
    [],
  )
})

test('Helm takes it, where there is one', (t) => {
  if (spawnSync('helm', ['version']).error !== undefined) {
    t.diagnostic('there is no helm on this machine')
    return
  }
  const lint = spawnSync('helm', ['lint', '--strict', ...cluster, chart], { encoding: 'utf8' })
  assert.equal(lint.status, 0, lint.stdout + lint.stderr)
  const everything = [
    'tls.existingSecret=certificate',
    'podDisruptionBudget.enabled=true',
    'serviceMonitor.enabled=true',
    'kafka.advertised=broker.example.com:9092',
    'vhosts={shop}',
    'settings.profile=throughput',
  ].flatMap((each) => ['--set', each])
  const always = ['ConfigMap', 'Secret', 'Service', 'Service', 'StatefulSet']
  const added = ['PodDisruptionBudget', 'ServiceMonitor']
  const cases: readonly [flags: readonly string[], kinds: readonly string[]][] = [
    [[], always],
    [everything, [...always, ...added]],
  ]
  for (const [flags, kinds] of cases) {
    const resources = render(flags)
    assert.deepEqual(kindsOf(resources), kinds.toSorted())
    assert.deepEqual(
      Object.keys(settingsIn(resources)).filter((name) => !names.has(name)),
      [],
    )
  }
  const wrong = ['template', 'r', chart, ...cluster, '--set', 'persistance.size=1Gi']
  assert.notEqual(spawnSync('helm', wrong).status, 0, 'a misspelt value is refused')
})

test('nodes of a cluster have no volume, machines of their own, and names by which others reach them', (t) => {
  if (spawnSync('helm', ['version']).error !== undefined) {
    t.diagnostic('there is no helm on this machine')
    return
  }
  const own = ['cluster.postgres=postgres://pabal@db/pabal', 'cluster.objects=s3://bucket/pabal']
  const always = ['ConfigMap', 'PodDisruptionBudget', 'Secret', 'Secret', 'Service', 'Service']
  const trial = ['Service', 'Service', 'StatefulSet', 'StatefulSet', 'StatefulSet']
  const cases: readonly [values: readonly string[], kinds: readonly string[]][] = [
    [own, [...always, 'StatefulSet']],
    [['cluster.trial.enabled=true'], [...always, ...trial]],
  ]
  for (const [values, kinds] of cases) {
    const flags = ['cluster.enabled=true', ...values].flatMap((each) => ['--set', each])
    const lint = spawnSync('helm', ['lint', '--strict', ...cluster, ...flags, chart])
    assert.equal(lint.status, 0, String(lint.stdout))
    const resources = render(flags)
    assert.deepEqual(kindsOf(resources), kinds.toSorted())
    const settings = settingsIn(resources)
    assert.deepEqual(
      Object.keys(settings).filter((name) => !names.has(name)),
      [],
    )
    const nodes = resources.find(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'r-pabal',
    )?.spec as StatefulSet
    assert.equal(nodes.replicas, 3)
    assert.equal(nodes.podManagementPolicy, 'Parallel')
    assert.equal(nodes.volumeClaimTemplates, undefined)
    assert.ok('podAntiAffinity' in (nodes.template.spec.affinity ?? {}))
    const variables = nodes.template.spec.containers[0]?.env.map(({ name }) => name) ?? []
    for (const name of variables.filter((each) => each.startsWith('PABAL_'))) {
      const setting = name.slice('PABAL_'.length).toLowerCase().replaceAll('_', '-')
      assert.ok(names.has(setting), name)
    }
    assert.ok(variables.includes('PABAL_CLUSTER'))
    assert.ok(variables.includes('PABAL_NODE_ADDRESS'))
  }
  const nothing = ['template', 'r', chart, ...cluster, '--set', 'cluster.enabled=true']
  const refused = spawnSync('helm', nothing, { encoding: 'utf8' })
  assert.match(refused.stderr, /cluster\.objects says where/)
})

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: object
}

interface StatefulSet {
  readonly replicas: number
  readonly podManagementPolicy: string
  readonly volumeClaimTemplates?: unknown
  readonly template: {
    readonly spec: {
      readonly affinity?: object
      readonly containers: readonly { readonly env: readonly { readonly name: string }[] }[]
    }
  }
}

function render(flags: readonly string[]): Resource[] {
  const words = ['template', 'r', chart, ...cluster, ...flags]
  const rendered = spawnSync('helm', words, { encoding: 'utf8' })
  assert.equal(rendered.status, 0, rendered.stderr)
  return parseAllDocuments(rendered.stdout).map((document) => document.toJS() as Resource)
}

function kindsOf(resources: readonly Resource[]): string[] {
  return resources.map(({ kind }) => kind).toSorted()
}

function settingsIn(resources: readonly Resource[]): object {
  const config = resources.find(({ kind }) => kind === 'ConfigMap')?.data
  return parse(config?.['pabal.yaml'] ?? '') as object
}
