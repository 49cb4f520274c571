import type { FieldValue } from './field-table.ts'

const integerText = /^[+-]?\d+$/

/** The number of an integer, or of a text that is one; undefined for everything else. */
export function integerOf(value: FieldValue | undefined): number | undefined {
  switch (value?.type) {
    case 'byte':
    case 'unsignedbyte':
    case 'short':
    case 'unsignedshort':
    case 'signedint':
    case 'unsignedint':
    case 'long':
      return Number(value.value)
    case 'longstr':
    case 'binary': {
      const text = value.value.toString()
      return integerText.test(text) ? Number(text) : undefined
    }
    default:
      return undefined
  }
}
