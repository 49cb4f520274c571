// Renders the functions that read one struct of a Kafka message in any of its versions.
import { covers, intersect, isEmpty, type Field, type FieldType } from './read-messages.ts'
import type { Message, Struct } from './read-messages.ts'
import { conditionText, defaultText, fieldTypeText } from './type-text.ts'

/** `read…(reader, version)` for one struct. */
export function renderReader(struct: Struct, message: Message): string {
  const inLine = struct.fields.filter(({ tag }) => tag === undefined)
  const tagged = struct.fields.filter(({ tag }) => tag !== undefined)
  const body = [
    ...inLine.map((field) => `  const ${field.name} = ${readField(field, struct)}`),
    ...renderTagged(tagged, struct, message),
    `  return { ${struct.fields.map(({ name }) => name).join(', ')} }`,
  ]
  const version = body.some((line) => /\bversion\b/.test(line)) ? 'version' : '_version'
  return [
    ...(struct === message.structs[0] ? [mainDocument(message)] : []),
    `export function read${struct.name}(reader: WireReader, ${version}: number): ${struct.name} {`,
    ...body,
    `}`,
    ``,
  ].join('\n')
}

function mainDocument(message: Message): string {
  const { min, max } = message.versions
  return [
    `/**`,
    ` * Reads versions ${min} to ${max}. Bytes are views of the reader's buffer. Throws CodecError.`,
    ` */`,
  ].join('\n')
}

function readField(field: Field, struct: Struct): string {
  const condition = conditionText(field.versions, struct.versions)
  const value = readValue(field)
  return condition === '' ? value : `${condition} ? ${value} : ${defaultText(field)}`
}

function readValue(field: Field): string {
  if (isEmpty(field.nullable)) return readExpression(field.type, false)
  const nullable = readExpression(field.type, true)
  const condition = conditionText(field.nullable, field.versions)
  if (condition === '') return nullable
  return `(${condition} ? ${nullable} : ${readExpression(field.type, false)})`
}

function readExpression(type: FieldType, isNullable: boolean): string {
  switch (type.kind) {
    case 'array':
      return `${isNullable ? 'readNullableArray' : 'readArray'}(reader, version, ${readItem(type.item)})`
    case 'struct':
      return isNullable
        ? `reader.isPresent() ? read${type.name}(reader, version) : null`
        : `read${type.name}(reader, version)`
    default: {
      const name = type.name === 'records' ? 'bytes' : type.name
      return isNullable ? `reader.nullable${capital(name)}()` : `reader.${name}()`
    }
  }
}

function readItem(type: FieldType): string {
  if (type.kind === 'struct') return `read${type.name}`
  if (type.kind === 'primitive') return `read${capital(type.name)}`
  throw new Error('Arrays of arrays are not known')
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Declares the tagged fields and fills those that were sent; passes over unknown ones. */
function renderTagged(tagged: readonly Field[], struct: Struct, message: Message): string[] {
  const flexible = intersect(message.flexible, struct.versions)
  if (isEmpty(flexible)) return []
  const condition = covers(flexible, struct.versions) ? '' : 'if (reader.isFlexible) '
  if (tagged.length === 0) return [`  ${condition}reader.skipTags()`]
  return [
    ...tagged.map(
      (field) => `  let ${field.name}: ${fieldTypeText(field, message)} = ${defaultText(field)}`,
    ),
    `  ${condition}{`,
    `    for (let left = reader.tagCount(); left > 0; left--) {`,
    `      const tag = reader.unsignedVarint()`,
    `      const limit = reader.enterTag()`,
    ...tagged.flatMap((field, index) => [
      `      ${index === 0 ? '' : '} else '}if (${tagCondition(field, struct)}) {`,
      `        ${field.name} = ${readValue(field)}`,
    ]),
    `      } else {`,
    `        reader.skipTag()`,
    `      }`,
    `      reader.leaveTag(limit)`,
    `    }`,
    `  }`,
  ]
}

function tagCondition(field: Field, struct: Struct): string {
  const condition = conditionText(field.versions, struct.versions)
  return condition === '' ? `tag === ${field.tag}` : `tag === ${field.tag} && ${condition}`
}
