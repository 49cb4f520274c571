import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { askApi, createOwnersRoutes } from '../../../test/support/ask-api.ts'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { DynamicSettings } from '../../broker/dynamic-settings.ts'
import {
  findGlobalParameter,
  globalParameters,
  whyNoGlobalParameter,
} from '../../broker/global-parameters.ts'
import { exportDefinitions } from '../../definitions/export-definitions.ts'
import { importDefinitions } from '../../definitions/import-definitions.ts'
import { brokerLimits } from '../../limits/broker.ts'

let parts: ReturnType<typeof openManagedBroker>
let routes: ReturnType<typeof createOwnersRoutes>
beforeEach(() => {
  parts = openManagedBroker()
  routes = createOwnersRoutes(parts)
})

const ask = (request: string, body?: unknown): Promise<[number, unknown]> =>
  askApi(routes, request, body)

const notFound = [404, { error: 'Object Not Found', reason: 'Not Found' }]

test('global parameters of any JSON are set, replaced, listed and cleared', async () => {
  assert.deepEqual(await ask('GET /global-parameters/region'), notFound)
  assert.deepEqual(await ask('PUT /global-parameters/region', { value: 'north' }), [201, undefined])
  const value = { a: [1, null, 2.5], b: { c: true } }
  assert.deepEqual(await ask('PUT /global-parameters/region', { value }), [204, undefined])
  assert.deepEqual(await ask('PUT /global-parameters/none', { value: null }), [201, undefined])
  assert.deepEqual(await ask('GET /global-parameters/region'), [200, { name: 'region', value }])
  assert.deepEqual(await ask('GET /global-parameters'), [
    200,
    [
      { name: 'cluster_name', value: 'pabal' },
      { name: 'none', value: null },
      { name: 'region', value },
    ],
  ])
  assert.deepEqual(await ask('DELETE /global-parameters/region'), [204, undefined])
  assert.deepEqual(await ask('DELETE /global-parameters/region'), notFound)
  assert.deepEqual(await ask('GET /global-parameters/region'), notFound)
})

test('the parameter cluster_name names the cluster', async () => {
  const path = '/global-parameters/cluster_name'
  assert.deepEqual(await ask(`PUT ${path}`, { value: 'shop' }), [201, undefined])
  assert.deepEqual(await ask('GET /cluster-name'), [200, { name: 'shop' }])
  assert.deepEqual(await ask(`PUT ${path}`, { value: 5 }), [
    400,
    { error: 'bad_request', reason: 'global parameter cluster_name should be text' },
  ])
  assert.deepEqual(await ask(`DELETE ${path}`), [204, undefined])
  assert.deepEqual(await ask('GET /cluster-name'), [200, { name: 'pabal' }])
})

test('the parameter cluster_tags is shown with the cluster', async () => {
  const tags = async (): Promise<unknown> => {
    const [, overview] = await ask('GET /overview')
    return (overview as { readonly cluster_tags: unknown }).cluster_tags
  }
  assert.deepEqual(await tags(), {})
  await ask('PUT /global-parameters/cluster_tags', { value: { zone: 'a' } })
  assert.deepEqual(await tags(), { zone: 'a' })
})

test('what cannot be kept is refused', async () => {
  const { globalParameterSizeMax: sizeMax, globalParametersMax: countMax } = brokerLimits
  const refused = async (name: string, body: unknown, reason: RegExp): Promise<void> => {
    const [status, answer] = await ask(`PUT /global-parameters/${name}`, body)
    assert.deepEqual([name, status], [name, 400])
    assert.match((answer as { readonly reason: string }).reason, reason)
  }
  await refused('a', {}, /^\[\{key_missing,value\}\]$/)
  await refused('a', { value: 'x'.repeat(sizeMax) }, /is larger than 8192 bytes$/)
  await refused('x'.repeat(256), { value: 1 }, /is longer than 255 bytes$/)
  const odd = { name: '\udcff', value: 1 }
  assert.match(whyNoGlobalParameter(parts.broker, odd) ?? '', /is no UTF-8$/)
  const deep = JSON.parse(`${'['.repeat(32)}${']'.repeat(32)}`)
  await refused('a', { value: deep }, /^value has more than 31 objects/)
  await refused('internal_cluster_id', { value: 1 }, /is the broker's own$/)
  await refused('pabal-topic%20%5B%22%2F%22,%22t%22%5D', { value: 1 }, /settings of a topic/)
  for (let index = 0; index < countMax; index++)
    await ask(`PUT /global-parameters/p${index}`, { value: index })
  await refused('one-more', { value: 1 }, /^limit of 256 global parameters is reached$/)
  assert.deepEqual(await ask('PUT /global-parameters/p0', { value: 1 }), [204, undefined])
})

test('they outlive the process', async () => {
  const { broker } = parts
  await ask('PUT /global-parameters/region', { value: ['north'] })
  await ask('PUT /global-parameters/gone', { value: 1 })
  await ask('DELETE /global-parameters/gone')
  const settings = new DynamicSettings(broker.store)
  settings.restore(
    new Map([
      [
        'setting/parameter/region',
        Buffer.from(JSON.stringify(broker.settings.get('parameter', 'region'))),
      ],
    ]),
  )
  assert.deepEqual(findGlobalParameter({ settings }, 'region'), ['north'])
})

test('they come along in definitions', async () => {
  await ask('PUT /global-parameters/region', { value: { name: 'north' } })
  await ask('PUT /global-parameters/cluster_name', { value: 'shop' })
  const origin = { rabbitVersion: '4.2.0', clusterName: 'id' }
  const text = await exportDefinitions(parts.broker, { origin })
  const other = openManagedBroker()
  const report = (vhost?: string): ReturnType<typeof importDefinitions> =>
    importDefinitions(other, { text, vhost, isCheck: false })
  const none = { add: 0, change: 0, same: 0, differs: 0, ignored: 0 }
  assert.deepEqual((await report('/')).counts['global parameter'], { ...none, ignored: 2 })
  assert.deepEqual((await report()).counts['global parameter'], { ...none, add: 2 })
  assert.deepEqual((await report()).counts['global parameter'], { ...none, same: 2 })
  assert.deepEqual(globalParameters(other.broker), [
    { name: 'cluster_name', value: 'shop' },
    { name: 'region', value: { name: 'north' } },
  ])
})
