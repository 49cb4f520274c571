// Renders the functions that write one struct of a Kafka message in any of its versions.
import { covers, intersect, isEmpty, type Field, type FieldType } from './read-messages.ts'
import type { Message, Struct } from './read-messages.ts'
import { conditionText, defaultText, isDefaultText, isOptional } from './type-text.ts'

/** `write…(writer, value, version)` for one struct. */
export function renderWriter(struct: Struct, message: Message): string {
  const inLine = struct.fields.filter(({ tag }) => tag === undefined)
  const tagged = struct.fields.filter(({ tag }) => tag !== undefined)
  const body = [
    ...inLine.flatMap((field) => writeField(field, struct, message)),
    ...renderTagged(tagged, struct, message),
  ]
  const uses = (name: string): boolean =>
    body.some((line) => new RegExp(`\\b${name}\\b`).test(line))
  return [
    ...(struct === message.structs[0] ? [mainDocument(message)] : []),
    `export function write${struct.name}(`,
    `  writer: WireWriter,`,
    `  ${uses('value') ? 'value' : '_value'}: ${struct.name},`,
    `  ${uses('version') ? 'version' : '_version'}: number,`,
    `): void {`,
    ...body,
    `}`,
    ``,
  ].join('\n')
}

function mainDocument(message: Message): string {
  const { min, max } = message.versions
  const refused =
    message.kind === 'response'
      ? ['A set field that the version can neither', ' * carry nor drop is a RangeError.']
      : ['Fields that the', ' * version lacks are dropped.']
  return [`/**`, ` * Writes versions ${min} to ${max}. ${refused.join('\n')}`, ` */`].join('\n')
}

function writeField(field: Field, struct: Struct, message: Message): string[] {
  const condition = conditionText(field.versions, struct.versions)
  const value = valueText(field, struct, message)
  if (condition === '') return writeValue(field, value).map((line) => `  ${line}`)
  return [
    `  if (${condition}) {`,
    ...writeValue(field, value).map((line) => `    ${line}`),
    ...refuse(field, message),
    `  }`,
  ]
}

/** An expression for the field's value, its default when it may be left out and is. */
function valueText(field: Field, struct: Struct, message: Message): string {
  const value = `value.${field.name}`
  if (!isOptional(field, struct, message)) return value
  const fallback = defaultText(field)
  // `??` would take a given null for a field that is left out.
  return isEmpty(field.nullable) || fallback === 'null'
    ? `${value} ?? ${fallback}`
    : `${value} === undefined ? ${fallback} : ${value}`
}

/** Java clients refuse to drop such a field as well. */
function refuse(field: Field, message: Message): string[] {
  if (message.kind !== 'response' || field.isIgnorable) return []
  const value = `value.${field.name}`
  const isSet =
    field.type.kind === 'struct' && isEmpty(field.nullable)
      ? `${value} !== undefined`
      : `${value} !== undefined && !(${isUnset(field, value)})`
  return [`  } else if (${isSet}) {`, `    refuseField('${message.name}.${field.name}', version)`]
}

function isUnset(field: Field, value: string): string {
  const text = isDefaultText(field, value)
  if (isEmpty(field.nullable) || text === `${value} === null`) return text
  return `${value} === null || ${text}`
}

function writeValue(field: Field, value: string): string[] {
  const { type } = field
  if (isEmpty(field.nullable)) return [writeExpression(type, value)]
  const condition = conditionText(field.nullable, field.versions)
  if (condition === '') return writeNullable(type, value)
  return [
    `if (${condition}) {`,
    ...writeNullable(type, value).map((line) => `  ${line}`),
    `} else {`,
    `  ${writeExpression(type, `notNull(${value})`)}`,
    `}`,
  ]
}

function writeExpression(type: FieldType, value: string): string {
  switch (type.kind) {
    case 'array':
      return `writeArray(writer, ${value}, version, ${writeItem(type.item)})`
    case 'struct':
      return `write${type.name}(writer, ${value}, version)`
    default:
      return `writer.${type.name}(${value})`
  }
}

function writeNullable(type: FieldType, value: string): string[] {
  switch (type.kind) {
    case 'array':
      return [`writeNullableArray(writer, ${value}, version, ${writeItem(type.item)})`]
    case 'struct':
      return [`writeNullableStruct(writer, ${value}, version, write${type.name})`]
    default:
      return [`writer.nullable${capital(type.name)}(${value})`]
  }
}

function writeItem(type: FieldType): string {
  if (type.kind === 'struct') return `write${type.name}`
  if (type.kind === 'primitive') return `write${capital(type.name)}`
  throw new Error('Arrays of arrays are not known')
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Tagged fields follow the others, lowest tag first, each only when it is not its default. */
function renderTagged(tagged: readonly Field[], struct: Struct, message: Message): string[] {
  const flexible = intersect(message.flexible, struct.versions)
  if (isEmpty(flexible)) return []
  const condition = covers(flexible, struct.versions) ? '' : 'if (writer.isFlexible) '
  if (tagged.length === 0) return [`  ${condition}writer.noTags()`]
  return [
    `  ${condition}{`,
    `    const tags = writer.beginTags()`,
    ...tagged
      .toSorted((one, other) => (one.tag as number) - (other.tag as number))
      .flatMap((field) => [
        `    if (${[...conditions(field, struct, message)].join(' && ')}) {`,
        `      const start = writer.beginTag(${field.tag})`,
        ...writeValue(field, `value.${field.name}`).map((line) => `      ${line}`),
        `      writer.endTag(tags, start)`,
        `    }`,
      ]),
    `  }`,
  ]
}

function* conditions(field: Field, struct: Struct, message: Message): Iterable<string> {
  const value = `value.${field.name}`
  const condition = conditionText(field.versions, struct.versions)
  if (condition !== '') yield condition
  if (isOptional(field, struct, message)) yield `${value} !== undefined`
  yield negated(isDefaultText(field, value))
}

function negated(text: string): string {
  return text.endsWith('.length === 0')
    ? text.replace('.length === 0', '.length > 0')
    : text.replace(' === ', ' !== ')
}
