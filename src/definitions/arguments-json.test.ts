import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fieldTable } from '../../test/support/amqp-arbitrary.ts'
import { FieldTable, type FieldValue } from '../record/message/field-table.ts'
import { argumentsFromJson, argumentsToJson } from './arguments-json.ts'
import { parseExactJson } from './exact-json.ts'

function write(table: FieldTable): string {
  return JSON.stringify(argumentsToJson(table))
}

function read(text: string): FieldTable {
  return argumentsFromJson(parseExactJson(text))
}

/** How `value` is written; it is read as the same. */
const kept: readonly (readonly [FieldValue, string])[] = [
  [{ type: 'long', value: 5 }, '5'],
  [{ type: 'long', value: 9_007_199_254_740_993n }, '9007199254740993'],
  [{ type: 'long', value: -(2n ** 63n) }, '-9223372036854775808'],
  [{ type: 'double', value: 0.5 }, '0.5'],
  [{ type: 'double', value: 1 }, '1.0'],
  [{ type: 'double', value: -0 }, '-0.0'],
  [{ type: 'double', value: 1e300 }, '1e+300'],
  [{ type: 'bool', value: true }, 'true'],
  [{ type: 'void', value: null }, 'null'],
  [{ type: 'longstr', value: '1.0 ü' }, '"1.0 ü"'],
  [{ type: 'longstr', value: Buffer.from([0x61, 0xff]) }, String.raw`"a\udcff"`],
  [{ type: 'array', value: [{ type: 'double', value: 2 }] }, '[2.0]'],
  [{ type: 'table', value: FieldTable.from([['k', { type: 'long', value: 1 }]]) }, '{"k":1}'],
]

for (const [value, text] of kept) {
  test(`a ${value.type} ${text} is read as it was`, () => {
    const table = FieldTable.from([['a', value]])
    assert.equal(write(table), `{"a":${text}}`)
    assert.deepEqual(read(write(table)), table)
  })
}

test('other types become those that RabbitMQ makes of them', () => {
  for (const [value, after] of [
    [
      { type: 'signedint', value: 5 },
      { type: 'long', value: 5 },
    ],
    [
      { type: 'timestamp', value: 5 },
      { type: 'long', value: 5 },
    ],
    [
      { type: 'float', value: 5 },
      { type: 'double', value: 5 },
    ],
    [
      { type: 'decimal', value: { scale: 2, unscaled: 314 } },
      { type: 'double', value: 3.14 },
    ],
    [
      { type: 'binary', value: Buffer.from('b') },
      { type: 'longstr', value: 'b' },
    ],
  ] as const) {
    const [entry] = read(write(FieldTable.from([['a', value]]))).entries
    assert.deepEqual(entry?.value, after)
  }
})

test('an integer is none the less one for a zero that is negative', () => {
  assert.deepEqual(read('{"a":-0}').get('a'), { type: 'long', value: 0 })
})

test('what was read once is the same from then on', () => {
  fc.assert(
    fc.property(fieldTable, (table) => {
      const once = read(write(table))
      assert.equal(write(read(write(once))), write(once))
      assert.deepEqual(read(write(once)), once)
    }),
  )
})
