// fast-check arbitraries for what travels in AMQP frames. Values are canonical: a decoder returns
// exactly what was encoded (text as strings, 64-bit integers as numbers when exact).
import { isUtf8 } from 'node:buffer'
import * as fc from 'fast-check'
import { FieldTable, type FieldValue } from '../../src/record/message/field-table.ts'

/** Text of at most 255 bytes in UTF-8. */
export const shortText: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((text) => Buffer.byteLength(text) <= 255)

export const bytes: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 64 })
  .map((array) => Buffer.from(array))

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(canonical)

/** Seconds as a timestamp carries them. */
export const timestamp: fc.Arbitrary<number | bigint> = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.maxSafeNat().map(BigInt))
  .map(canonical)

function canonical(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function typed<Type extends FieldValue['type']>(
  type: Type,
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<FieldValue> {
  return value.map((value) => ({ type, value }) as FieldValue)
}

const leaf: fc.Arbitrary<FieldValue> = fc.oneof(
  typed('bool', fc.boolean()),
  typed('byte', fc.integer({ min: -128, max: 127 })),
  typed('unsignedbyte', fc.integer({ min: 0, max: 255 })),
  typed('short', fc.integer({ min: -32_768, max: 32_767 })),
  typed('unsignedshort', fc.integer({ min: 0, max: 65_535 })),
  typed('signedint', fc.integer()),
  typed('unsignedint', fc.integer({ min: 0, max: 0xffff_ffff })),
  typed('long', long),
  typed('float', fc.float()),
  typed('double', fc.double()),
  typed(
    'decimal',
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xffff_ffff }))
      .map(([scale, unscaled]) => ({ scale, unscaled })),
  ),
  typed('longstr', fc.string({ unit: 'grapheme' })),
  typed(
    'longstr',
    bytes.filter((value) => !isUtf8(value)),
  ),
  typed('binary', bytes),
  typed('timestamp', timestamp),
  typed('void', fc.constant(null)),
)

const { value, fieldTable: tables } = fc.letrec<{ value: FieldValue; fieldTable: FieldTable }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      typed('array', fc.array(tie('value'), { maxLength: 4 })),
      typed('table', tie('fieldTable')),
    ),
    fieldTable: fc
      .array(
        fc.tuple(shortText, tie('value')).map(([name, value]) => ({ name, value })),
        { maxLength: 6 },
      )
      .map((entries) => new FieldTable(entries)),
  }),
)

/** Values of every type, nested. */
export const fieldValue: fc.Arbitrary<FieldValue> = value
/** Tables of every type of value, nested, with duplicate names at times. */
export const fieldTable: fc.Arbitrary<FieldTable> = tables
