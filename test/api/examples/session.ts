import assert from 'node:assert/strict'
import type { Examples } from '../example.ts'

export const sessionExamples: Examples = {
  'POST /v1/session': { status: 200, body: { user: 'management', password: 'management' } },
  'GET /v1/session': {
    status: 200,
    as: 'management',
    check: (json) =>
      assert.deepEqual(json, {
        user: 'management',
        tags: ['management'],
        login: 'password',
        ends_at: null,
        vhosts: [{ name: '/', has_access: true, may_everything: true }],
      }),
  },
  'DELETE /v1/session': { status: 204 },
  'GET /openapi.json': { status: 200 },
}
