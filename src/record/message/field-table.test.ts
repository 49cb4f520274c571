import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import * as arbitrary from '../../../test/support/amqp-arbitrary.ts'
import { readVectors, reviveValue } from '../../../test/support/amqp-vector.ts'
import { recordLimits } from '../../limits/record.ts'
import { CodecError } from '../codec-error.ts'
import {
  FieldTable,
  table,
  type FieldInput,
  type FieldValue,
  textOf,
  typeNameOf,
} from './field-table.ts'
import { decodeFieldTable, decodeTableEntries, skipFieldTable } from './read-field-table.ts'
import { WireReader } from './wire-reader.ts'
import { encodeFieldTable, fieldTableSize } from './write-field-table.ts'

const maxSigned = 2 ** 31

function tableOf(hex: string): Buffer {
  const entry = Buffer.concat([Buffer.from([1, 0x6b]), Buffer.from(hex, 'hex')])
  return withLength(entry)
}

function withLength(entries: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(entries.length)
  return Buffer.concat([size, entries])
}

function decode(buffer: Buffer): FieldTable {
  return decodeFieldTable(buffer, 0, buffer.length)
}

function isRefused(kind: CodecError['kind']): (error: unknown) => boolean {
  return (error) => error instanceof CodecError && error.kind === kind
}

for (const { name, hex, value } of readVectors('field-values.json')) {
  test(`field value ${name} is decoded and encoded`, () => {
    const expected = reviveValue(value as Parameters<typeof reviveValue>[0])
    const encoded = tableOf(hex)
    assert.deepEqual(decode(encoded).get('k'), expected)
    assert.deepEqual(encodeFieldTable(new FieldTable([{ name: 'k', value: expected }])), encoded)
  })
}

test('field type L is read as signed 64 bit and written as l', () => {
  const decoded = decode(tableOf('4cffffffffffffffff'))
  assert.deepEqual(decoded.get('k'), { type: 'long', value: -1 })
  assert.deepEqual(encodeFieldTable(decoded), tableOf('6cffffffffffffffff'))
})

test('any octet but 0 is true', () => {
  assert.deepEqual(decode(tableOf('7402')).get('k'), { type: 'bool', value: true })
})

test('a name that is not UTF-8 is read as Latin-1', () => {
  const decoded = decode(withLength(Buffer.from([1, 0xe9, 0x56])))
  assert.deepEqual(decoded.get('é'), { type: 'void', value: null })
})

test('a decoded table does not change with the buffer it came from', () => {
  const encoded = tableOf('7800000003010203')
  const decoded = decode(encoded)
  encoded.fill(0)
  assert.deepEqual(decoded.get('k'), { type: 'binary', value: Buffer.from([1, 2, 3]) })
})

test('table() infers the types clients expect', () => {
  const cases: readonly (readonly [FieldInput, FieldValue['type']])[] = [
    [true, 'bool'],
    [5, 'signedint'],
    [-maxSigned, 'signedint'],
    [maxSigned, 'long'],
    [5n, 'long'],
    [1.5, 'double'],
    [-0, 'double'],
    [2 ** 60, 'double'],
    ['x', 'longstr'],
    [Buffer.from('x'), 'binary'],
    [null, 'void'],
    [['a', 1], 'array'],
    [{ type: 'long' }, 'table'],
    [table({}), 'table'],
  ]
  for (const [input, type] of cases) {
    assert.equal(table({ k: input }).get('k')?.type, type)
  }
})

test('get() returns the first of several values and undefined for none', () => {
  const twice = new FieldTable([
    { name: 'a', value: { type: 'long', value: 1 } },
    { name: 'a', value: { type: 'long', value: 2 } },
  ])
  assert.deepEqual(twice.get('a'), { type: 'long', value: 1 })
  assert.equal(twice.get('b'), undefined)
})

test('findText() returns only text', () => {
  const some = table({ text: 'x', number: 1 })
  assert.equal(some.findText('text'), 'x')
  assert.equal(some.findText('number'), undefined)
  assert.equal(some.findText('none'), undefined)
})

test('malformed tables are refused with 502 inside and 501 when they do not fit their frame', () => {
  for (const hex of [
    '71',
    '',
    '74',
    '5300000002ff',
    '4600000001',
    '6cffffffffffffff',
    '44000000',
  ]) {
    assert.throws(() => decode(tableOf(hex)), isRefused('syntax_error'), `type ${hex}`)
  }
  for (const hex of ['', '000000', '00000001', '0000000000']) {
    assert.throws(() => decode(Buffer.from(hex, 'hex')), isRefused('frame_error'), `table ${hex}`)
  }
})

test('nesting is allowed up to the limit and refused beyond', () => {
  const nest = (depth: number): Buffer => {
    let nested: FieldInput = 'innermost'
    for (let level = 0; level < depth; level++) {
      nested = level % 2 === 0 ? [nested] : { n: nested }
    }
    return encodeFieldTable(table({ nested }))
  }
  assert.doesNotThrow(() => decode(nest(recordLimits.fieldTableDepthMax)))
  assert.throws(() => decode(nest(recordLimits.fieldTableDepthMax + 1)), isRefused('syntax_error'))
})

test('a table without length prefix is decoded, as AMQPLAIN sends it', () => {
  const encoded = encodeFieldTable(table({ LOGIN: 'guest', PASSWORD: 'guest' })).subarray(4)
  const decoded = decodeTableEntries(encoded, 0, encoded.length)
  assert.equal(decoded.findText('PASSWORD'), 'guest')
  assert.throws(() => decodeTableEntries(encoded, 0, 3), isRefused('syntax_error'))
})

test('values that do not fit their type are errors of the program', () => {
  const wrong: readonly FieldValue[] = [
    { type: 'byte', value: 128 },
    { type: 'unsignedint', value: -1 },
    { type: 'long', value: 2n ** 63n },
    { type: 'timestamp', value: -1 },
  ]
  for (const value of wrong) {
    const unfit = new FieldTable([{ name: 'k', value }])
    assert.throws(() => encodeFieldTable(unfit), RangeError)
  }
  assert.throws(() => encodeFieldTable(table({ ['k'.repeat(256)]: 1 })), RangeError)
})

test('every table survives a round trip in exactly its size', () => {
  fc.assert(
    fc.property(arbitrary.fieldTable, (original) => {
      const encoded = encodeFieldTable(original)
      assert.equal(encoded.length, fieldTableSize(original))
      assert.deepEqual(decode(encoded), original)
      assert.deepEqual(encodeFieldTable(decode(encoded)), encoded)
    }),
  )
})

test('skipping refuses exactly what decoding refuses, with the same error', () => {
  const skip = (buffer: Buffer): string => {
    const reader = new WireReader()
    reader.reset(buffer, 0, buffer.length)
    return outcome(() => {
      skipFieldTable(reader)
      reader.expectEnd()
    })
  }
  const mutated = fc
    .tuple(arbitrary.fieldTable, fc.nat(), fc.nat(255))
    .map(([original, index, octet]) => {
      const encoded = encodeFieldTable(original)
      encoded[index % encoded.length] = octet
      return encoded
    })
  fc.assert(
    fc.property(fc.oneof(mutated, arbitrary.bytes, arbitrary.bytes.map(withLength)), (buffer) => {
      assert.equal(
        skip(buffer),
        outcome(() => void decode(buffer)),
      )
    }),
    { numRuns: 1000 },
  )
})

function outcome(action: () => void): string {
  try {
    action()
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error))
    return `${error.kind} at ${error.offset}`
  }
}

test('a table is made of pairs and changed one value at a time', () => {
  const one: FieldValue = { type: 'signedint', value: 1 }
  const two: FieldValue = { type: 'signedint', value: 2 }
  const first = FieldTable.from([
    ['a', one],
    ['b', one],
    ['a', two],
  ])
  assert.deepEqual([first.size, first.has('a'), first.has('c')], [3, true, false])
  assert.deepEqual(first.with('a', two).entries, [
    { name: 'b', value: one },
    { name: 'a', value: two },
  ])
  assert.deepEqual(first.with('a', undefined).entries, [{ name: 'b', value: one }])
})

test('only a longstr in UTF-8 is text', () => {
  const bytes: FieldValue = { type: 'longstr', value: Buffer.from([0xff]) }
  assert.equal(textOf({ type: 'longstr', value: 'text' }), 'text')
  for (const field of [bytes, { type: 'long', value: 1 } as const, undefined]) {
    assert.equal(textOf(field), undefined)
  }
  assert.equal(typeNameOf(bytes), 'binary')
  assert.equal(typeNameOf({ type: 'longstr', value: 'text' }), 'longstr')
})
