// Health checks, features, maintenance, logins and parameters.
import assert from 'node:assert/strict'
import { hostNodeName as nodeName } from '../../../src/lib/node-name.ts'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const ok: Example = { status: 200 }
const checks = '/health/checks'
const leaders = `${checks}/quorum-queues-without-elected-leaders`
const limit = { pattern: '^policed', definition: { 'max-length': 5 } }

async function makeParameters(api: ApiUnderTest): Promise<void> {
  await api.make('PUT', '/operator-policies/%2F/parameter', limit)
  await api.make('PUT', '/vhost-limits/%2F/max-connections', { value: 1000 })
}

const parameter: Example = {
  status: 200,
  names: { component: 'operator_policy', name: 'parameter' },
  before: makeParameters,
}

const global: Example = {
  status: 200,
  names: { name: 'region' },
  before: (api) => api.make('PUT', '/global-parameters/region', { value: { name: 'north' } }),
}

const healthExamples: Examples = {
  [`GET ${checks}/alarms`]: ok,
  [`GET ${checks}/local-alarms`]: ok,
  [`GET ${checks}/is-in-service`]: ok,
  [`GET ${checks}/ready-to-serve-clients`]: ok,
  [`GET ${checks}/below-node-connection-limit`]: ok,
  [`GET ${checks}/reached-target-cluster-size`]: ok,
  [`GET ${checks}/port-listener/{port}`]: {
    ...ok,
    names: { port: '1' },
    status: 503,
    missing: 400,
  },
  [`GET ${checks}/protocol-listener/{protocols}`]: {
    ...ok,
    names: { protocols: 'amqp091,http,kafka' },
    missing: 'none',
  },
  [`GET ${checks}/certificate-expiration/{within}/{unit}`]: {
    ...ok,
    names: { within: '1', unit: 'weeks' },
    missing: 400,
  },
  [`GET ${checks}/node-is-quorum-critical`]: ok,
  [`GET ${leaders}/all-vhosts`]: ok,
  [`GET ${leaders}/all-vhosts/pattern/{pattern}`]: {
    ...ok,
    names: { pattern: 'q' },
    missing: 'none',
  },
  [`GET ${leaders}/vhost/{vhost}`]: ok,
  [`GET ${leaders}/vhost/{vhost}/pattern/{pattern}`]: {
    ...ok,
    names: { pattern: 'q' },
    missing: 'none',
  },
  [`GET ${checks}/virtual-hosts`]: ok,
  [`GET ${checks}/metadata-store/initialized`]: ok,
  [`GET ${checks}/metadata-store/initialized/with-data`]: ok,
  'GET /aliveness-test/{vhost}': ok,
  'GET /healthchecks/node': ok,
  'GET /healthchecks/node/{node}': { ...ok, names: { node: nodeName } },
}

export const nodeExamples: Examples = {
  ...healthExamples,
  'GET /feature-flags': ok,
  'GET /deprecated-features': ok,
  'GET /deprecated-features/used': ok,
  'PUT /feature-flags/{name}/enable': { status: 400, names: { name: 'khepri_db' }, missing: 400 },
  'POST /rebalance/queues': { status: 204 },
  'POST /vhosts/{vhost}/start/{node}': { status: 204, names: { node: nodeName }, missing: 400 },
  'GET /auth': ok,
  'GET /auth/hash_password/{password}': { ...ok, names: { password: 'secret' }, missing: 'none' },
  'GET /v1/config': ok,
  'GET /v1/audit': {
    ...ok,
    query: { user: 'nobody', since: '1', page: '1' },
    check: ({ items }: { readonly items: readonly unknown[] }) => assert.deepEqual(items, []),
  },
  'GET /v1/storage': {
    ...ok,
    check: ({ disk, memory }: { readonly disk: unknown; readonly memory: { in_use: number } }) => {
      // The broker of these tests has no files.
      assert.equal(disk, null)
      assert.ok(memory.in_use > 0)
    },
  },
  'GET /auth/attempts/{node}': { ...ok, names: { node: nodeName } },
  'GET /auth/attempts/{node}/source': { ...ok, names: { node: nodeName } },
  'DELETE /auth/attempts/{node}': { status: 204, names: { node: nodeName } },
  'DELETE /auth/attempts/{node}/source': { status: 204, names: { node: nodeName } },
  'DELETE /reset': { status: 204 },
  'DELETE /reset/{node}': { status: 204, names: { node: nodeName } },
  'GET /config/effective': ok,
  'POST /login': {
    status: 200,
    body: Buffer.from('username=management&password=management'),
    check: (json: string) => assert.equal(json, 'ok'),
  },
  'GET /parameters': {
    ...parameter,
    check: (list: readonly { readonly component: string }[]) =>
      assert.deepEqual(
        new Set(list.map(({ component }) => component)),
        new Set(['operator_policy', 'vhost-limits']),
      ),
  },
  'GET /parameters/{component}': { ...parameter, missing: 'none' },
  'GET /parameters/{component}/{vhost}': parameter,
  'GET /parameters/{component}/{vhost}/{name}': parameter,
  'PUT /parameters/{component}/{vhost}/{name}': {
    ...parameter,
    status: 400,
    body: { value: {} },
    missing: 400,
  },
  'DELETE /parameters/{component}/{vhost}/{name}': { ...parameter, status: 400 },
  'GET /federation-links': ok,
  'GET /federation-links/{vhost}': ok,
  'GET /shovels': ok,
  'GET /shovels/{vhost}': ok,
  'GET /global-parameters': {
    ...global,
    check: (list: readonly { readonly name: string }[]) =>
      assert.ok(list.some(({ name }) => name === 'region')),
  },
  'GET /global-parameters/{name}': {
    ...global,
    check: ({ value }: { readonly value: unknown }) => assert.deepEqual(value, { name: 'north' }),
  },
  'PUT /global-parameters/{name}': {
    ...global,
    status: 204,
    body: { value: [1, null, { deep: true }] },
    missing: 'none',
  },
  'DELETE /global-parameters/{name}': { ...global, status: 204 },
}
