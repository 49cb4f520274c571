import assert from 'node:assert/strict'
import { nodeName } from '../../../src/admin/rabbitmq/node-name.ts'
import type { Example, Examples } from '../example.ts'

const ok: Example = { status: 200 }
const node: Example = { status: 200, names: { node: nodeName } }

export const overviewExamples: Examples = {
  'GET /overview': {
    ...ok,
    check: ({ node: shown }: { readonly node: string }) => assert.equal(shown, nodeName),
  },
  'GET /nodes': ok,
  'GET /nodes/{node}': node,
  'GET /nodes/{node}/memory': node,
  'GET /cluster-name': ok,
  'PUT /cluster-name': { status: 204, body: { name: 'shop' } },
  'GET /extensions': ok,
  'GET /version': ok,
}
