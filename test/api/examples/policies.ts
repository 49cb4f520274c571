// Policies, and what they would be for.
import assert from 'node:assert/strict'
import type { ApiUnderTest } from '../api-under-test.ts'
import type { Example, Examples } from '../example.ts'

const limit = {
  pattern: '^policed',
  definition: { 'max-length': 5 },
  priority: 1,
  'apply-to': 'all',
}

function examplesOf(paths: 'policies' | 'operator-policies'): Examples {
  const make = (api: ApiUnderTest): Promise<unknown> => api.make('PUT', `/${paths}/%2F/p`, limit)
  const one: Example = { status: 200, names: { name: 'p' }, before: make }
  return {
    [`GET /${paths}`]: { status: 200, before: make },
    [`GET /${paths}/{vhost}`]: { status: 200, before: make },
    [`GET /${paths}/{vhost}/{name}`]: one,
    [`PUT /${paths}/{vhost}/{name}`]: { ...one, status: 204, body: limit, missing: 'none' },
    [`DELETE /${paths}/{vhost}/{name}`]: { ...one, status: 204 },
  }
}

export const policyExamples: Examples = {
  ...examplesOf('policies'),
  'POST /v1/pattern-test/{vhost}': {
    status: 200,
    body: { pattern: '^amq\\.', apply_to: 'exchanges' },
    check: ({ exchanges }: { readonly exchanges: { readonly matched: number } }) =>
      assert.ok(exchanges.matched >= 5),
  },
  ...examplesOf('operator-policies'),
}
