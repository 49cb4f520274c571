// Reads Kafka's message definitions in scripts/kafka/messages/ into a model that has every version
// range resolved. What the generator does not know is refused here rather than guessed.
import { readFileSync } from 'node:fs'

/** Versions `min` to `max`, both included; none when `min > max`. */
export interface VersionRange {
  readonly min: number
  readonly max: number
}

export type PrimitiveName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'uuid'
  | 'bytes'
  | 'records'

export type FieldType =
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly item: FieldType }

export interface Field {
  /** camelCase. */
  readonly name: string
  readonly type: FieldType
  readonly versions: VersionRange
  readonly nullable: VersionRange
  /** Number among the tagged fields, or undefined for a field in line. */
  readonly tag: number | undefined
  /** As the definition says it, or undefined when it leaves the type's own. */
  readonly default: string | undefined
  /** May be dropped when a version lacks it. */
  readonly isIgnorable: boolean
  readonly about: string
}

export interface Struct {
  readonly name: string
  readonly versions: VersionRange
  readonly fields: readonly Field[]
}

export type MessageKind = 'request' | 'response'

export interface Message {
  /** `ProduceRequest`. */
  readonly name: string
  readonly kind: MessageKind
  readonly apiKey: number
  readonly versions: VersionRange
  readonly flexible: VersionRange
  /** The message itself first, then what it is made of. */
  readonly structs: readonly Struct[]
}

export interface KafkaError {
  readonly code: number
  /** As Kafka spells it: `CORRUPT_MESSAGE`. */
  readonly name: string
  readonly isRetriable: boolean
  readonly message: string
}

interface FieldSource {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly about?: string
  readonly fields?: readonly FieldSource[]
}

interface StructSource {
  readonly name: string
  readonly versions: string
  readonly fields: readonly FieldSource[]
}

interface MessageSource {
  readonly apiKey: number
  readonly type: string
  readonly name: string
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly FieldSource[]
  readonly commonStructs?: readonly StructSource[]
}

const none: VersionRange = { min: 0, max: -1 }

const primitives: ReadonlySet<string> = new Set<PrimitiveName>([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'float64',
  'string',
  'uuid',
  'bytes',
  'records',
])

/** Reads the definition of one message, without the versions that are not released yet. */
export function readMessage(name: string): Message {
  const source = readDefinition<MessageSource>(`./messages/${name}.json`)
  const valid = readRange(source.validVersions)
  return readMessageSource(source, {
    min: valid.min,
    max: source.latestVersionUnstable === true ? valid.max - 1 : valid.max,
  })
}

/**
 * A request and its response; the request says which versions are released. Structs that both
 * declare are told apart by a prefix.
 */
export function readApi(name: string): { readonly request: Message; readonly response: Message } {
  const request = readMessage(`${name}Request`)
  const response = readMessageSource(
    readDefinition<MessageSource>(`./messages/${name}Response.json`),
    request.versions,
  )
  const names = new Set(request.structs.map((struct) => struct.name))
  const shared = new Set(response.structs.map((struct) => struct.name).filter((n) => names.has(n)))
  return {
    request: prefixStructs(request, shared, 'Request'),
    response: prefixStructs(response, shared, 'Response'),
  }
}

function prefixStructs(message: Message, names: ReadonlySet<string>, prefix: string): Message {
  const rename = (name: string): string => (names.has(name) ? `${prefix}${name}` : name)
  const renameType = (type: FieldType): FieldType => {
    if (type.kind === 'array') return { kind: 'array', item: renameType(type.item) }
    return type.kind === 'struct' ? { kind: 'struct', name: rename(type.name) } : type
  }
  const structs = message.structs.map((struct) => ({
    ...struct,
    name: rename(struct.name),
    fields: struct.fields.map((field) => ({ ...field, type: renameType(field.type) })),
  }))
  return { ...message, structs }
}

/** Kafka's error codes, lowest first. */
export function readErrors(): readonly KafkaError[] {
  return readDefinition<readonly KafkaError[]>('./errors.json')
}

/** Versions in both ranges. */
export function intersect(one: VersionRange, other: VersionRange): VersionRange {
  return { min: Math.max(one.min, other.min), max: Math.min(one.max, other.max) }
}

export function isEmpty({ min, max }: VersionRange): boolean {
  return min > max
}

export function covers(outer: VersionRange, inner: VersionRange): boolean {
  return outer.min <= inner.min && outer.max >= inner.max
}

function readDefinition<T>(path: string): T {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  return JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, '')) as T
}

function readMessageSource(source: MessageSource, versions: VersionRange): Message {
  const kind = source.type
  if (kind !== 'request' && kind !== 'response') {
    throw new Error(`${source.name} is of unknown type '${kind}'`)
  }
  const structs: Struct[] = []
  addStruct(structs, { name: source.name, versions, fields: source.fields })
  for (const { name, versions: range, fields } of source.commonStructs ?? []) {
    addStruct(structs, { name, versions: intersect(readRange(range), versions), fields })
  }
  return {
    name: source.name,
    kind,
    apiKey: source.apiKey,
    versions,
    flexible: intersect(readRange(source.flexibleVersions), versions),
    structs,
  }
}

/** Adds a struct and, after it, the structs declared inside its fields. */
function addStruct(
  structs: Struct[],
  source: {
    readonly name: string
    readonly versions: VersionRange
    readonly fields: readonly FieldSource[]
  },
): void {
  if (structs.some(({ name }) => name === source.name)) {
    throw new Error(`Struct ${source.name} is declared twice`)
  }
  const fields = source.fields
    .map((field) => readField(field, source.versions))
    .filter((field) => !isEmpty(field.versions))
  structs.push({ name: source.name, versions: source.versions, fields })
  for (const field of source.fields) {
    const versions = intersect(readRange(field.versions), source.versions)
    if (field.fields !== undefined && !isEmpty(versions)) {
      addStruct(structs, { name: itemName(field.type), versions, fields: field.fields })
    }
  }
}

function readField(source: FieldSource, outer: VersionRange): Field {
  const versions = intersect(readRange(source.versions), outer)
  const tagged = readRange(source.taggedVersions ?? 'none')
  if (!isEmpty(tagged) && !covers(tagged, versions)) {
    throw new Error(`${source.name} is tagged in some of its versions only`)
  }
  if (source.flexibleVersions !== undefined) {
    throw new Error(`${source.name} has flexible versions of its own`)
  }
  return {
    name: source.name.charAt(0).toLowerCase() + source.name.slice(1),
    type: readType(source.type),
    versions,
    nullable: intersect(readRange(source.nullableVersions ?? 'none'), versions),
    tag: isEmpty(tagged) ? undefined : source.tag,
    default: source.default?.toString(),
    isIgnorable: source.ignorable ?? false,
    about: source.about ?? '',
  }
}

function readType(text: string): FieldType {
  if (text.startsWith('[]')) return { kind: 'array', item: readType(text.slice(2)) }
  if (primitives.has(text)) return { kind: 'primitive', name: text as PrimitiveName }
  if (!/^[A-Z]/.test(text)) throw new Error(`Unknown type '${text}'`)
  return { kind: 'struct', name: text }
}

function itemName(type: string): string {
  return type.startsWith('[]') ? type.slice(2) : type
}

/** `3+`, `0-7`, `2` or `none`. */
function readRange(text: string): VersionRange {
  if (text === 'none') return none
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (match === null) throw new Error(`Not a version range: '${text}'`)
  const min = Number(match[1])
  if (match[2] !== undefined) return { min, max: Infinity }
  return { min, max: match[3] === undefined ? min : Number(match[3]) }
}
