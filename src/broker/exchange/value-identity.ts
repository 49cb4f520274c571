// Texts by which arguments and headers are compared.
import { isUtf8 } from 'node:buffer'
import { type FieldTable, type FieldValue, typeNameOf } from '../../record/message/field-table.ts'

/** A text that is equal exactly when two tables have the same entries, in any order. */
export function tableIdentity(args: FieldTable): string {
  const sorted = args.entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return sorted
    .map(
      ({ name, value: argument }) =>
        `${JSON.stringify(name)}${typeNameOf(argument)}${valueIdentity(argument)}`,
    )
    .join()
}

/**
 * A text that is equal exactly when two values are, as a headers exchange compares them: the width
 * of an integer does not matter, an integer is never equal to a float, text equals the same bytes.
 */
export function valueIdentity(argument: FieldValue): string {
  switch (argument.type) {
    case 'longstr':
    case 'binary':
      return textIdentity(argument.value)
    case 'bool':
      return String(argument.value)
    case 'void':
      return 'void'
    case 'float':
    case 'double':
      return `f${argument.value}`
    case 'decimal':
      return `d${argument.value.unscaled}/${argument.value.scale}`
    case 'table':
      return `{${tableIdentity(argument.value)}}`
    case 'array':
      return `[${argument.value.map((item) => `${typeNameOf(item)}${valueIdentity(item)}`).join()}]`
    default:
      return String(argument.value)
  }
}

/** Bytes that are no text begin with a letter, which the JSON of a text never does. */
function textIdentity(value: string | Buffer): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return isUtf8(value) ? JSON.stringify(value.toString()) : `b${value.toString('hex')}`
}
