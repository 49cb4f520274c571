import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assignments,
  flag,
  flagOrAuto,
  formatSize,
  httpUrl,
  httpUrlOrFile,
  list,
  oneOf,
  port,
  shareOrSize,
  size,
  text,
  wholeNumber,
} from './setting-kinds.ts'

const aPort = 'must be a port from 0 to 65535 (0 picks a free one) or off'
const aSize = 'must be a size from 1B to 1MiB, such as 16MiB'

test('wholeNumber() takes a number or its digits, within its bounds', () => {
  const kind = wholeNumber(1, 60)
  for (const given of [1, 60]) assert.deepEqual(kind(given), { value: given })
  assert.deepEqual(kind('07'), { value: 7 })
  const problem = 'must be a whole number from 1 to 60'
  for (const given of [0, 61, 1.5, Number.NaN, '1.5', ' 7', '', '1e1', null, true, [7], 7n]) {
    assert.deepEqual(kind(given), { problem }, String(given))
  }
})

test('size() takes bytes, plainly or with a unit', () => {
  const kind = size(1, 1024 ** 2)
  for (const [given, value] of [
    [4096, 4096],
    ['4096', 4096],
    ['64KiB', 65_536],
    ['64 kb', 64_000],
    [' 1mib ', 1024 ** 2],
  ]) {
    assert.deepEqual(kind(given), { value }, String(given))
  }
  for (const given of [0, '0', '2MiB', '1xib', '1.5KiB', '-1', '', null, ['1']]) {
    assert.deepEqual(kind(given), { problem: aSize }, String(given))
  }
})

test('shareOrSize() takes a share up to all of it, or a size', () => {
  const kind = shareOrSize()
  for (const [given, value] of [
    [0.6, 0.6],
    ['0.6', 0.6],
    ['60%', 0.6],
    ['0', 0],
    [1, 1],
    ['2GiB', 2 * 1024 ** 3],
    [500_000_000, 500_000_000],
    ['500000000', 500_000_000],
  ]) {
    assert.deepEqual(kind(given), { value }, String(given))
  }
  const problem = 'must be a share from 0 to 1, such as 0.6, or a size such as 2GiB'
  for (const given of [-0.1, 1.5, '1.5', '101%', '', 'much', null, Number.NaN]) {
    assert.deepEqual(kind(given), { problem }, String(given))
  }
})

test('port() takes a port or the word off', () => {
  for (const [given, value] of [
    ['0', 0],
    [65_535, 65_535],
    ['off', 'off'],
  ]) {
    assert.deepEqual(port()(given), { value })
  }
  for (const given of [-1, '65536', 'on', 'OFF', false, null]) {
    assert.deepEqual(port()(given), { problem: aPort })
  }
})

test('oneOf() takes its words as they are written', () => {
  const kind = oneOf(['fsync', 'os'])
  assert.deepEqual(kind('os'), { value: 'os' })
  for (const given of ['OS', '', 0, null]) {
    assert.deepEqual(kind(given), { problem: 'must be one of fsync, os' })
  }
})

test('flag() takes true and false, as values and as words', () => {
  const check = flag()
  for (const given of [true, 'true']) assert.deepEqual(check(given), { value: true })
  for (const given of [false, 'false']) assert.deepEqual(check(given), { value: false })
  for (const given of ['yes', 1, '', null]) {
    assert.deepEqual(check(given), { problem: 'must be true or false' })
  }
})

test('flagOrAuto() takes one word more', () => {
  const check = flagOrAuto()
  assert.deepEqual(check('auto'), { value: 'auto' })
  assert.deepEqual([check(true), check('false')], [{ value: true }, { value: false }])
  assert.deepEqual(check('yes'), { problem: 'must be true, false or auto' })
})

test('text() takes anything written, but not nothing', () => {
  assert.deepEqual(text()(' '), { value: ' ' })
  assert.deepEqual(text()(''), { problem: 'must not be empty' })
  for (const given of [5, null, ['a']]) assert.deepEqual(text()(given), { problem: 'must be text' })
})

test('list() takes a list or its items between commas', () => {
  assert.deepEqual(list()('a, b'), { value: ['a', 'b'] })
  assert.deepEqual(list()(['a,b']), { value: ['a,b'] })
  assert.deepEqual(list()([]), { value: [] })
  assert.deepEqual(list()('a,,b'), { problem: 'must not be empty' })
  assert.deepEqual(list()(['a', 1]), { problem: 'must be text' })
  for (const given of [5, null, {}]) assert.deepEqual(list()(given), { problem: 'must be a list' })
})

test('formatSize() writes a size with the largest unit that divides it', () => {
  assert.equal(formatSize(16 * 1024 ** 2), '16MiB')
  assert.equal(formatSize(1536), '1536B')
})

test('httpUrl() takes an address of HTTP', () => {
  const kind = httpUrl()
  for (const given of ['https://a.example.com/realms/a', 'http://localhost:8080']) {
    assert.deepEqual(kind(given), { value: given })
  }
  const problem = 'must be an address such as https://login.example.com/realms/shop'
  for (const given of [
    '',
    'a.example.com',
    'file:///a',
    'https://',
    'https:a',
    'http://[',
    7,
    null,
  ]) {
    assert.deepEqual(kind(given), { problem }, String(given))
  }
})

test('httpUrlOrFile() takes a file as well', () => {
  const kind = httpUrlOrFile()
  for (const given of ['https://a.example.com/keys', 'keys.json', '/etc/http://keys']) {
    assert.deepEqual(kind(given), { value: given })
  }
  for (const given of ['', 'https:/a', 'http://[', 7])
    assert.ok('problem' in kind(given), String(given))
})

test('assignments() takes a list of NAME=VALUE', () => {
  const kind = assignments()
  assert.deepEqual(kind('a=b c, d=e=f'), { value: ['a=b c', 'd=e=f'] })
  assert.deepEqual(kind(['a=b,c']), { value: ['a=b,c'] })
  const problem = 'must be a list of NAME=VALUE'
  for (const given of ['a', '=b', 'a=', 'a=b,c', ['a=b', '=']]) {
    assert.deepEqual(kind(given), { problem }, String(given))
  }
  assert.deepEqual(kind({ a: 'b' }), { problem: 'must be a list' })
})
