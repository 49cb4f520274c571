// Arbitrary values of every Kafka message in every version, made from the message definitions.
import * as fc from 'fast-check'
import {
  isEmpty,
  type Field,
  type FieldType,
  type Message,
  type PrimitiveName,
  type VersionRange,
} from '../../scripts/kafka/read-messages.ts'

export type MessageValue = Record<string, unknown>

const primitives: Readonly<Record<PrimitiveName, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.nat(0xffff),
  int32: fc.integer(),
  uint32: fc.nat(0xffff_ffff),
  int64: fc.maxSafeInteger(),
  float64: fc.double({ noNaN: true }),
  string: fc.string({ unit: 'binary', maxLength: 12 }),
  uuid: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => Buffer.from(bytes).toString('base64url')),
  bytes: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  records: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
}

/** Values of one message; fields that the version lacks have their defaults. */
export function arbitraryMessage(message: Message, version: number): fc.Arbitrary<MessageValue> {
  return arbitraryStruct(message, message.name, version)
}

function arbitraryStruct(
  message: Message,
  name: string,
  version: number,
): fc.Arbitrary<MessageValue> {
  const struct = message.structs.find((candidate) => candidate.name === name)
  if (struct === undefined) throw new Error(`No struct ${name} in ${message.name}`)
  const fields = struct.fields.map((field) => {
    const arbitrary = isIn(field.versions, version)
      ? arbitraryField(message, field, version)
      : fc.constant(defaultOf(message, field))
    return [field.name, arbitrary] as const
  })
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true })
}

function arbitraryField(message: Message, field: Field, version: number): fc.Arbitrary<unknown> {
  const value = arbitraryType(message, field.type, version)
  return isIn(field.nullable, version) ? fc.option(value, { freq: 3 }) : value
}

function arbitraryType(message: Message, type: FieldType, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'array':
      return fc.array(arbitraryType(message, type.item, version), { maxLength: 3 })
    case 'struct':
      return arbitraryStruct(message, type.name, version)
    default:
      return primitives[type.name]
  }
}

function defaultOf(message: Message, field: Field): unknown {
  if (field.default === 'null') return null
  const { type } = field
  if (type.kind === 'array') return []
  if (type.kind === 'struct') {
    const struct = message.structs.find(({ name }) => name === type.name)
    const fields = struct?.fields ?? []
    return Object.fromEntries(fields.map((inner) => [inner.name, defaultOf(message, inner)]))
  }
  switch (type.name) {
    case 'bool':
      return field.default === 'true'
    case 'string':
      return field.default ?? ''
    case 'uuid':
      return Buffer.alloc(16).toString('base64url')
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    default:
      return Number(field.default ?? '0')
  }
}

/** Names of the fields that have the version, for those who must not see the others. */
export function isIn(range: VersionRange, version: number): boolean {
  return !isEmpty(range) && version >= range.min && version <= range.max
}
