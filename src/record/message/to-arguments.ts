// Field tables as the broker's neutral arguments. The types are the same; only containers differ.
import { type Argument, type Arguments, noArguments } from './arguments.ts'
import type { FieldTable, FieldValue } from './field-table.ts'

/** A later value of the same name replaces an earlier one. */
export function toArguments(table: FieldTable): Arguments {
  if (table.entries.length === 0) return noArguments
  return new Map(table.entries.map(({ name, value }) => [name, toArgument(value)]))
}

function toArgument(field: FieldValue): Argument {
  switch (field.type) {
    case 'table':
      return { type: 'table', value: toArguments(field.value) }
    case 'array':
      return { type: 'array', value: field.value.map(toArgument) }
    case 'longstr':
      // Text that is not UTF-8 keeps its bytes.
      return typeof field.value === 'string'
        ? { type: 'longstr', value: field.value }
        : { type: 'binary', value: field.value }
    default:
      return field
  }
}
