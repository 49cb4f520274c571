// Declaring again what exists: properties must be equal and the arguments that matter equivalent.
import {
  type FieldTable,
  type FieldType,
  type FieldValue,
} from '../../record/message/field-table.ts'
import { nameFromBytes } from '../../record/message/name-bytes.ts'
import { type BrokerError, preconditionFailed } from '../broker-error.ts'

/** Throws `precondition_failed` when `received` is not `current`. */
export function checkProperty(
  resource: string,
  property: string,
  received: string | boolean,
  current: string | boolean,
): void {
  if (received !== current) {
    throw inequivalent(resource, property, `'${received}'`, `'${current}'`)
  }
}

/**
 * Throws `precondition_failed` when an argument named in `names` differs. Integers of any width are
 * equal by value, and no queue type means classic. Other arguments are not compared.
 */
export function checkArguments(
  resource: string,
  names: Iterable<string>,
  received: FieldTable,
  current: FieldTable,
): void {
  for (const name of names) {
    const asked = received.get(name)
    const existing = current.get(name)
    if (areEquivalent(name, asked, existing)) continue
    throw asked && existing
      ? inequivalent(resource, name, `'${render(asked)}'`, `'${render(existing)}'`)
      : inequivalent(resource, name, describe(asked), describe(existing))
  }
}

function areEquivalent(
  name: string,
  received: FieldValue | undefined,
  current: FieldValue | undefined,
): boolean {
  if (received && current) {
    return (
      typeClass(received.type) === typeClass(current.type) && render(received) === render(current)
    )
  }
  const present = received ?? current
  return !present || (name === 'x-queue-type' && present.value === 'classic')
}

function inequivalent(
  resource: string,
  name: string,
  received: string,
  current: string,
): BrokerError {
  return preconditionFailed(
    `inequivalent arg '${name}' for ${resource}: received ${received} but current is ${current}`,
  )
}

function describe(argument: FieldValue | undefined): string {
  if (!argument) return 'none'
  return `the value '${render(argument)}' of type '${argument.type}'`
}

function typeClass(type: FieldType): string {
  switch (type) {
    case 'byte':
    case 'short':
    case 'signedint':
    case 'long':
    case 'unsignedbyte':
    case 'unsignedshort':
    case 'unsignedint':
      return 'int'
    case 'float':
    case 'double':
      return 'float'
    case 'longstr':
    case 'binary':
      return 'text'
    default:
      return type
  }
}

function render(argument: FieldValue): string {
  switch (argument.type) {
    case 'longstr':
    case 'binary':
      return typeof argument.value === 'string' ? argument.value : nameFromBytes(argument.value)
    case 'decimal':
      return `{${argument.value.scale},${argument.value.unscaled}}`
    case 'array':
      return `[${argument.value.map((item) => `{${item.type},${render(item)}}`).join()}]`
    case 'table':
      return `[${argument.value.entries.map(({ name, value }) => `{${name},${value.type},${render(value)}}`).join()}]`
    default:
      return String(argument.value)
  }
}
