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
  for (const flags of [[], everything]) {
    const rendered = spawnSync('helm', ['template', 'r', chart, ...cluster, ...flags], {
      encoding: 'utf8',
    })
    assert.equal(rendered.status, 0, rendered.stderr)
    const resources = parseAllDocuments(rendered.stdout).map(
      (document) => document.toJS() as { readonly kind: string; readonly data?: object },
    )
    const kinds = resources.map(({ kind }) => kind).sort()
    const always = ['ConfigMap', 'Secret', 'Service', 'Service', 'StatefulSet']
    const added = flags.length > 0 ? ['PodDisruptionBudget', 'ServiceMonitor'] : []
    assert.deepEqual(kinds, [...always, ...added].sort())
    const config = resources.find(({ kind }) => kind === 'ConfigMap')?.data
    const settings = parse((config as Record<string, string>)['pabal.yaml'] ?? '') as object
    assert.deepEqual(
      Object.keys(settings).filter((name) => !names.has(name)),
      [],
    )
  }
  const wrong = ['template', 'r', chart, ...cluster, '--set', 'persistance.size=1Gi']
  assert.notEqual(spawnSync('helm', wrong).status, 0, 'a misspelt value is refused')
})
