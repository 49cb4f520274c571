import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopback } from './loopback.ts'

for (const host of [
  '127.0.0.1',
  '127.8.9.10',
  '::1',
  'localhost',
  'LOCALHOST',
  '::ffff:127.0.0.1',
]) {
  test(`isLoopback() accepts ${host}`, () => assert.equal(isLoopback(host), true))
}

for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.example', '']) {
  test(`isLoopback() refuses '${host}'`, () => assert.equal(isLoopback(host), false))
}
