import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FieldTable, type FieldValue } from '../../record/message/field-table.ts'
import { routingKeysOf } from './routing-keys.ts'

function list(...keys: readonly string[]): FieldValue {
  return { type: 'array', value: keys.map((value) => ({ type: 'longstr', value })) }
}

describe('routingKeysOf()', () => {
  test('adds the keys of CC and BCC', () => {
    assert.deepEqual(routingKeysOf('a', undefined), ['a'])
    const headers = FieldTable.from([
      ['BCC', list('d')],
      ['CC', list('b', 'c')],
      ['cc', list('not a routing header')],
    ])
    assert.deepEqual(routingKeysOf('a', headers), ['a', 'b', 'c', 'd'])
  })

  test('skips what is not text and refuses what is no array', () => {
    const mixed: FieldValue = { type: 'array', value: [{ type: 'long', value: 1 }] }
    assert.deepEqual(routingKeysOf('a', FieldTable.from([['CC', mixed]])), ['a'])
    assert.throws(
      () => routingKeysOf('a', FieldTable.from([['CC', { type: 'longstr', value: 'b' }]])),
      {
        code: 'precondition_failed',
        message: 'invalid message: {unacceptable_type_in_header,"CC",longstr}',
      },
    )
  })
})
