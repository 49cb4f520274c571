import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCrossSite } from './cross-site.ts'

const none = {
  method: 'POST',
  path: '/api/queues',
  host: 'localhost:15672',
  origin: undefined,
  site: undefined,
}

test('what changes something comes from a page of the broker, or from no page', () => {
  assert.equal(isCrossSite(none), false)
  assert.equal(isCrossSite({ ...none, site: 'same-origin' }), false)
  assert.equal(isCrossSite({ ...none, site: 'none' }), false)
  assert.equal(isCrossSite({ ...none, site: 'same-site' }), true)
  assert.equal(isCrossSite({ ...none, site: 'cross-site' }), true)
  assert.equal(isCrossSite({ ...none, origin: 'http://localhost:15672' }), false)
  for (const origin of ['http://localhost:1', 'https://evil.example', 'null', '']) {
    assert.equal(isCrossSite({ ...none, origin }), true, origin)
  }
})

test('pages of other sites may lead to pages, and read nothing of the API', () => {
  const get = { ...none, method: 'GET', site: 'cross-site' }
  assert.equal(isCrossSite({ ...get, path: '/' }), false)
  assert.equal(isCrossSite({ ...get, path: '/api/v1/backup' }), true)
  assert.equal(isCrossSite({ ...get, path: '/api/v1/backup', site: 'same-origin' }), false)
})
