// Headers and arguments as people type them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPairs, writePairs } from './pairs.ts'

test('values are what they look like, and come back as they were', () => {
  const text = 'region=eu\ncount=3\nx-match=any\nquoted="3"\nlist=[1,2]\nempty='
  const values = { region: 'eu', count: 3, 'x-match': 'any', quoted: '3', list: [1, 2], empty: '' }
  assert.deepEqual(readPairs(text).values, values)
  assert.deepEqual(readPairs(writePairs(values)).values, values)
  assert.deepEqual(readPairs('\n a = b \n').values, { a: 'b' })
})

test('a line without a name or a value is told', () => {
  assert.equal(readPairs('region').problem, 'region: write name=value')
  assert.equal(readPairs('=x').problem, '=x: write name=value')
})
