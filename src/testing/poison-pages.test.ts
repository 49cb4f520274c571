// Imports no poison: `npm test` preloads it into every test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pagePool } from '../lib/page-pool.ts'

test('in the whole suite memory is written over once nobody retains it, small values included', () => {
  const page = pagePool.take(1024).fill('a')
  pagePool.retain(page)
  pagePool.release(page)
  assert.ok(page.equals(Buffer.alloc(page.length, 'a')))
  pagePool.release(page)
  assert.ok(page.equals(Buffer.alloc(page.length, 0xdb)))
})
