import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNodeAddress } from './node-address.ts'

test('a host, with a port or without, is where a node is reached', () => {
  assert.equal(parseNodeAddress(undefined), undefined)
  assert.deepEqual(parseNodeAddress('pabal-1.pabal'), { host: 'pabal-1.pabal' })
  assert.deepEqual(parseNodeAddress('10.0.0.7:30001'), { host: '10.0.0.7', port: 30_001 })
  assert.deepEqual(parseNodeAddress('[fd00::7]:30001'), { host: 'fd00::7', port: 30_001 })
  assert.deepEqual(parseNodeAddress('[fd00::7]'), { host: 'fd00::7' })
  assert.deepEqual(parseNodeAddress('fd00::7'), { host: 'fd00::7' })
})

for (const text of [
  '',
  ':5672',
  'host:',
  'host:0',
  'host:70000',
  'host:a',
  'a b',
  '[host',
  'x:1:2',
]) {
  test(`'${text}' is no address`, () => {
    assert.throws(() => parseNodeAddress(text), /write HOST or HOST:PORT/)
  })
}
