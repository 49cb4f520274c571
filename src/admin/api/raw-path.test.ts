import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePart, routedPath } from './raw-path.ts'

test('parts of a path are decoded once, whatever is in them', () => {
  assert.equal(decodePart('a%2Fb'), 'a/b')
  assert.equal(decodePart('%2e%2e'), '..')
  assert.equal(decodePart('%F0%9F%90%87'), '🐇')
  assert.equal(decodePart('é%25'), 'é%')
  assert.equal(decodePart('a%FFb'), 'a\udcffb')
  for (const bad of ['%', '%2', '%zz', 'a%%20']) assert.equal(decodePart(bad), undefined, bad)
})

test('a path is routed as it was written, without steps up and without a slash at its end', () => {
  assert.equal(routedPath('/api/queues/%2F/..?page=1'), '/api/queues/%2F/..')
  assert.equal(routedPath('/api/queues/%2f/%2E'), '/api/queues/%2F/.')
  assert.equal(routedPath('/api/queues/%2F/50%25'), '/api/queues/%2F/50%25')
  assert.equal(routedPath('/api/queues/'), '/api/queues')
  assert.equal(routedPath('/'), '/')
  assert.equal(routedPath('/a%'), undefined)
})
