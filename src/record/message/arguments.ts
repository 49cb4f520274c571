// Arguments of exchanges, queues, bindings and consumers, and message headers: names with typed
// values, in the order the client gave them. The types are RabbitMQ's, because its error texts
// and its rules of equivalence name them. Also their JSON form, as kept in the log and the view.

export type IntegerTypeName =
  | 'byte'
  | 'short'
  | 'signedint'
  | 'long'
  | 'unsignedbyte'
  | 'unsignedshort'
  | 'unsignedint'

/** A number that JavaScript cannot hold exactly is a bigint. */
export type Integer = number | bigint

/** One typed value. */
export type Argument =
  | { readonly type: 'longstr'; readonly value: string }
  | { readonly type: IntegerTypeName | 'timestamp'; readonly value: Integer }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'float' | 'double'; readonly value: number }
  | { readonly type: 'decimal'; readonly value: Decimal }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'table'; readonly value: Arguments }
  | { readonly type: 'array'; readonly value: readonly Argument[] }
  | { readonly type: 'void'; readonly value: null }

/** `unscaled` ÷ 10^`scale`. */
export interface Decimal {
  readonly scale: number
  readonly unscaled: number
}

export type FieldTypeName = Argument['type']

/** Names with typed values, in the client's order. */
export type Arguments = ReadonlyMap<string, Argument>

export const noArguments: Arguments = new Map()

type Json = string | number | boolean | null | readonly Json[]

/** Each argument as `[name, type, value]`. */
export type ArgumentsJson = readonly (readonly [string, FieldTypeName, Json])[]

/** The JSON form; `argumentsFromJson` restores the same arguments in the same order. */
export function argumentsToJson(args: Arguments): ArgumentsJson {
  return Array.from(args, ([name, argument]) => [name, argument.type, valueToJson(argument)])
}

/** Throws TypeError when `json` is not what `argumentsToJson` makes. */
export function argumentsFromJson(json: unknown): Arguments {
  if (!Array.isArray(json)) throw malformed('list of arguments', json)
  if (json.length === 0) return noArguments
  const args = new Map<string, Argument>()
  for (const entry of json as unknown[]) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') throw malformed('argument', entry)
    args.set(entry[0], argumentFromJson(entry[1], entry[2]))
  }
  return args
}

function valueToJson(argument: Argument): Json {
  switch (argument.type) {
    case 'table':
      return argumentsToJson(argument.value)
    case 'array':
      return argument.value.map((item) => [item.type, valueToJson(item)])
    case 'binary':
      return Buffer.from(argument.value).toString('base64')
    case 'decimal':
      return [argument.value.scale, argument.value.unscaled]
    case 'float':
    case 'double':
      return floatToJson(argument.value)
    case 'longstr':
    case 'bool':
    case 'void':
      return argument.value
    default:
      return typeof argument.value === 'bigint' ? argument.value.toString() : argument.value
  }
}

function argumentFromJson(type: unknown, value: unknown): Argument {
  switch (type as FieldTypeName) {
    case 'longstr':
      if (typeof value === 'string') return { type: 'longstr', value }
      break
    case 'bool':
      if (typeof value === 'boolean') return { type: 'bool', value }
      break
    case 'void':
      return { type: 'void', value: null }
    case 'table':
      return { type: 'table', value: argumentsFromJson(value) }
    case 'array':
      return arrayFromJson(value)
    case 'binary':
      if (typeof value === 'string') return { type: 'binary', value: Buffer.from(value, 'base64') }
      break
    case 'decimal':
      return decimalFromJson(value)
    default:
      return numberFromJson(type, value)
  }
  throw malformed(`value of type '${String(type)}'`, value)
}

function arrayFromJson(value: unknown): Argument {
  if (!Array.isArray(value)) throw malformed('array', value)
  const items = (value as unknown[]).map((item) => {
    if (!Array.isArray(item)) throw malformed('array item', item)
    return argumentFromJson(item[0], item[1])
  })
  return { type: 'array', value: items }
}

function decimalFromJson(value: unknown): Argument {
  if (!Array.isArray(value)) throw malformed('decimal', value)
  const [scale, unscaled] = value as unknown[]
  if (typeof scale !== 'number' || typeof unscaled !== 'number') throw malformed('decimal', value)
  return { type: 'decimal', value: { scale, unscaled } }
}

function numberFromJson(type: unknown, value: unknown): Argument {
  if (type === 'float' || type === 'double') return { type, value: floatFromJson(value) }
  if (typeof type !== 'string' || !integerTypes.has(type)) throw malformed('type', type)
  if (typeof value === 'string') return { type: type as IntegerTypeName, value: BigInt(value) }
  if (typeof value === 'number') return { type: type as IntegerTypeName, value }
  throw malformed(`value of type '${type}'`, value)
}

const integerTypes: ReadonlySet<string> = new Set<IntegerTypeName | 'timestamp'>([
  'byte',
  'short',
  'signedint',
  'long',
  'unsignedbyte',
  'unsignedshort',
  'unsignedint',
  'timestamp',
])

// JSON has no NaN, no infinities and no negative zero.
function floatToJson(value: number): Json {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

function floatFromJson(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') throw malformed('number', value)
  return Number(value)
}

function malformed(what: string, value: unknown): TypeError {
  return new TypeError(`Cannot read ${what}: received ${JSON.stringify(value) ?? 'nothing'}`)
}
