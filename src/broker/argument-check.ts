// Checks of single argument values. A check answers with the reason of its refusal as RabbitMQ
// prints it: an Erlang term, `{value_negative,-1}`, or a quoted sentence.
import {
  type FieldTable,
  type FieldType,
  type FieldValue,
  textOf,
  typeNameOf,
} from '../record/message/field-table.ts'

/** The reason why `argument` is refused; undefined when it is fine. */
export type ArgumentCheck = (argument: FieldValue, all: FieldTable) => string | undefined

const integerTypes: ReadonlySet<string> = new Set<FieldType>([
  'byte',
  'short',
  'signedint',
  'long',
  'unsignedbyte',
  'unsignedshort',
  'unsignedint',
])

const expiryMsMax = 315_360_000_000 // ten years
const priorityMax = 255

export const anything: ArgumentCheck = () => undefined

export const integer: ArgumentCheck = (argument) => checkInteger(argument, () => undefined)

export const bool: ArgumentCheck = (argument) =>
  argument.type === 'bool' ? undefined : unacceptable(argument)

/** Any bytes, as RabbitMQ. */
export const text: ArgumentCheck = (argument) =>
  argument.type === 'longstr' ? undefined : unacceptable(argument)

export const notNegative: ArgumentCheck = (argument) =>
  checkInteger(argument, (value) => (value < 0 ? 'value_negative' : undefined))

export const positive: ArgumentCheck = (argument, all) =>
  notNegative(argument, all) ??
  checkInteger(argument, (value) => (Number(value) === 0 ? 'value_zero' : undefined))

/** Milliseconds up to ten years; zero means at once. */
export const timeToLive: ArgumentCheck = (argument, all) =>
  notNegative(argument, all) ??
  checkInteger(argument, (value) => (value > expiryMsMax ? 'value_too_large' : undefined))

/** Milliseconds up to ten years, not zero. */
export const expiry: ArgumentCheck = (argument, all) =>
  positive(argument, all) ?? timeToLive(argument, all)

export const priority: ArgumentCheck = (argument, all) =>
  notNegative(argument, all) ??
  checkInteger(argument, (value) => (value > priorityMax ? 'max_value_exceeded' : undefined))

export const queueMode: ArgumentCheck = (argument, all) =>
  text(argument, all) ??
  (['default', 'lazy'].includes(argument.value as string)
    ? undefined
    : `"unsupported queue mode '${argument.value as string}'"`)

export const queueVersion: ArgumentCheck = (argument, all) =>
  notNegative(argument, all) ??
  ([1, 2].includes(Number(argument.value))
    ? undefined
    : `"unsupported queue version '${argument.value as number | bigint}'"`)

/** A number with a unit of time: `7D`. Units: Y M D h m s. */
export const age: ArgumentCheck = (argument, all) =>
  text(argument, all) ?? (findAgeMs(argument) === undefined ? 'invalid_max_age' : undefined)

export const deadLetterRoutingKey: ArgumentCheck = (argument, all) =>
  text(argument, all) ??
  (all.has('x-dead-letter-exchange') ? undefined : 'routing_key_but_no_dlx_defined')

/** One of `values`; any other text is refused as `reason`. */
export function oneOf(values: readonly string[], reason: string): ArgumentCheck {
  return (argument, all) =>
    text(argument, all) ?? (values.includes(argument.value as string) ? undefined : reason)
}

/** `first`, `last`, `next`, an offset, a timestamp, or an age: `1h`. */
export const streamOffset: ArgumentCheck = (argument) => {
  if (argument.type === 'timestamp' || isInteger(argument)) return undefined
  const value = textOf(argument)
  if (value === undefined) return unacceptable(argument)
  if (['first', 'last', 'next'].includes(value)) return undefined
  if (findAgeMs(argument) !== undefined) return undefined
  return `{invalid_stream_offset_arg,{longstr,<<"${value}">>}}`
}

/** The same of queues with a source, which may also have a time as text. */
export const sourceOffset: ArgumentCheck = (argument, all) => {
  const isKnown = findTimeMs(argument) !== undefined || streamOffset(argument, all) === undefined
  return isKnown ? undefined : 'invalid_source_offset'
}

/** Milliseconds since 1970 of a time such as `2026-11-29T07:00:00Z`; undefined when the argument is not one. */
export function findTimeMs(argument: FieldValue): number | undefined {
  const text = textOf(argument) ?? ''
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
  const ms = isTime ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** Milliseconds of an age such as `7D`; undefined when the argument is not one. */
export function findAgeMs(argument: FieldValue): number | undefined {
  return ageMsOf(textOf(argument) ?? '')
}

/** The same of a text. */
export function ageMsOf(text: string): number | undefined {
  const parts = /^([0-9]+)([YMDhms])$/.exec(text)
  if (!parts) return undefined
  const ms = Number(parts[1]) * (unitMs[parts[2] as keyof typeof unitMs] ?? 0)
  return ms > 0 ? ms : undefined
}

const hourMs = 3_600_000

const unitMs = {
  Y: 365 * 24 * hourMs,
  M: 30 * 24 * hourMs,
  D: 24 * hourMs,
  h: hourMs,
  m: 60_000,
  s: 1000,
} as const

function unacceptable(argument: FieldValue): string {
  return `{unacceptable_type,${typeNameOf(argument)}}`
}

function checkInteger(
  argument: FieldValue,
  check: (value: number | bigint) => string | undefined,
): string | undefined {
  if (!isInteger(argument)) return `"expected integer, got ${typeNameOf(argument)}"`
  const reason = check(argument.value)
  return reason && `{${reason},${argument.value}}`
}

function isInteger(
  argument: FieldValue,
): argument is Extract<FieldValue, { readonly value: number | bigint }> {
  return integerTypes.has(argument.type)
}
