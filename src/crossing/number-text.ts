// Numbers of field tables as decimal text and back. Reading accepts more than writing makes: whoever
// needs a value that comes back the same compares the texts.
import type { FieldValue } from '../record/message/field-table.ts'

type NumberValue = Extract<
  FieldValue,
  { readonly value: number } | { readonly value: number | bigint }
>
export type NumberType = NumberValue['type']

const integerRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  byte: [-128n, 127n],
  unsignedbyte: [0n, 255n],
  short: [-32_768n, 32_767n],
  unsignedshort: [0n, 65_535n],
  signedint: [-2_147_483_648n, 2_147_483_647n],
  unsignedint: [0n, 4_294_967_295n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  timestamp: [0n, 2n ** 64n - 1n],
}

export function numberText(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Undefined when the text is not a number of this type. */
export function parseNumber(type: NumberType, text: string): FieldValue | undefined {
  if (type === 'float' || type === 'double') {
    const isNumber = text === 'NaN' || !Number.isNaN(Number(text || 'NaN'))
    return isNumber ? { type, value: Number(text) } : undefined
  }
  const range = integerRanges[type]
  if (range === undefined || !/^-?\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  if (value < range[0] || value > range[1]) return undefined
  const number = Number(value)
  // Only the types of 64 bits reach beyond what a number holds exactly.
  const exact = Number.isSafeInteger(number) ? number : value
  return { type, value: exact } as FieldValue
}

/** `unscaled` 314 and `scale` 2 are `3.14`. */
export function decimalText(unscaled: number, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled).padStart(scale + 1, '0')
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export function parseDecimal(text: string): FieldValue | undefined {
  const parts = /^(\d{1,10})(?:\.(\d{1,255}))?$/.exec(text)
  if (parts === null) return undefined
  const fraction = parts[2] ?? ''
  const unscaled = Number((parts[1] ?? '') + fraction)
  if (unscaled > 4_294_967_295) return undefined
  return { type: 'decimal', value: { scale: fraction.length, unscaled } }
}

/** Whether text and number of this type say the same. */
export function isNumberType(type: string): type is NumberType {
  return type === 'float' || type === 'double' || Object.hasOwn(integerRanges, type)
}
