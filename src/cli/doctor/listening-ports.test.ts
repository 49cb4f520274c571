import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSameHost, readHost } from './listening-ports.ts'

test('addresses are read as Linux writes them', () => {
  assert.equal(readHost('0100007F', 'LE'), '127.0.0.1')
  assert.equal(readHost('7F000001', 'BE'), '127.0.0.1')
  assert.equal(readHost('00000000000000000000000000000000', 'LE'), '::')
  assert.equal(readHost('00000000000000000000000001000000', 'LE'), '::1')
  assert.equal(readHost('B80D01200000000000000000010000FE', 'LE'), '2001:db8::fe00:1')
})

for (const [taken, wanted, isSame] of [
  ['127.0.0.1', 'localhost', true],
  ['::1', 'localhost', true],
  ['10.0.0.5', 'localhost', false],
  ['0.0.0.0', 'localhost', true],
  ['::', '10.0.0.5', true],
  ['10.0.0.5', '0.0.0.0', true],
  ['::1', '0.0.0.0', false],
  ['10.0.0.5', '10.0.0.6', false],
  ['10.0.0.5', 'broker.example', true],
] as const) {
  test(`who listens on ${taken} ${isSame ? 'keeps' : 'does not keep'} a broker from ${wanted}`, () => {
    assert.equal(isSameHost(taken, wanted), isSame)
  })
}
