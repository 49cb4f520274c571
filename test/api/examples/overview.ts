import assert from 'node:assert/strict'
import type { ClusterJson } from '../../../src/admin/v1/cluster-json.ts'
import type { HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { hostNodeName as nodeName } from '../../../src/lib/node-name.ts'
import type { Example, Examples } from '../example.ts'

const ok: Example = { status: 200 }
const node: Example = { status: 200, names: { node: nodeName } }

const table: Example = { status: 200, names: { node: nodeName, filter: 'all' }, missing: 'none' }

export const overviewExamples: Examples = {
  'GET /overview': {
    ...ok,
    check: ({ node: shown }: { readonly node: string }) => assert.equal(shown, nodeName),
  },
  'GET /v1/home': {
    ...ok,
    check: ({ findings }: HomeJson) => assert.equal(findings.length > 0, true),
  },
  'GET /v1/cluster': {
    ...ok,
    check: ({ is_cluster: isCluster, nodes }: ClusterJson) =>
      assert.deepEqual([isCluster, nodes.length], [false, 1]),
  },
  // A broker alone has nobody to give anything to.
  'POST /v1/cluster/nodes/{name}/drain': { status: 400, names: { name: 'n1' }, missing: 400 },
  'POST /v1/cluster/nodes/{name}/undrain': { status: 400, names: { name: 'n1' }, missing: 400 },
  'DELETE /v1/cluster/nodes/{name}': { status: 400, names: { name: 'n1' }, missing: 400 },
  'POST /v1/cluster/cells/{cell}/reopen': { status: 400, names: { cell: '0' }, missing: 400 },
  'GET /nodes': ok,
  'GET /nodes/{node}': node,
  'GET /nodes/{node}/memory': node,
  'GET /nodes/{node}/memory/relative': {
    ...node,
    check: ({ memory }: { readonly memory: Readonly<Record<string, number>> }) =>
      assert.equal(memory['total'], 100),
  },
  'GET /nodes/{node}/memory/ets': node,
  'GET /nodes/{node}/memory/ets/relative': node,
  'GET /nodes/{node}/memory/ets/{filter}': table,
  'GET /nodes/{node}/memory/ets/{filter}/relative': table,
  'GET /cluster-name': ok,
  'PUT /cluster-name': { status: 204, body: { name: 'shop' } },
  'GET /extensions': ok,
  'GET /version': ok,
  'GET /v1/live': { ...ok, query: { view: '/overview' } },
}
