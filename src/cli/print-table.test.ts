import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tableLines } from './print-table.ts'

test('columns are as wide as they have to be, and nothing in them moves the cursor', () => {
  const rows = [
    ['a', 'long enough'],
    ['\u001b[2J\n', '\u202e'],
  ]
  assert.deepEqual(tableLines(['name', 'pattern'], rows), [
    'name         pattern',
    'a            long enough',
    '\\u001b[2J\\n  \\u202e',
  ])
})

test('numbers stand below each other, and wide letters take their room', () => {
  const rows = [
    ['파발', '5', '1.5', '7'],
    ['a', '1234', '', 'x'],
  ]
  assert.deepEqual(tableLines(['name', 'ready', 'rate', 'id'], rows), [
    'name  ready  rate  id',
    '파발      5   1.5  7',
    'a      1234        x',
  ])
})

test('there may be more rows than a call has arguments', () => {
  const rowCount = 200_000
  const rows = Array.from({ length: rowCount }, () => ['a'])
  assert.equal(tableLines(['name'], rows).length, rowCount + 1)
})
