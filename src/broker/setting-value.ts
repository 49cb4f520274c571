// Values of settings as Kafka writes them: by type, within bounds, refused in the words of its ConfigDef.
import { BrokerError } from './broker-error.ts'

/** Kinds of values, as DescribeConfigs names them. */
export type SettingType =
  | 'boolean'
  | 'string'
  | 'int'
  | 'short'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password'

/** Why a value of the right type is not allowed; undefined when it is. May name part of the value. */
export type SettingCheck = (
  value: string,
) => { readonly reason: string; readonly value?: string } | undefined

export interface SettingRules {
  readonly type: SettingType
  /** Which values are allowed besides being of the type. */
  readonly check?: SettingCheck | undefined
}

export const oneOf =
  (...allowed: string[]): SettingCheck =>
  (value) =>
    allowed.includes(value)
      ? undefined
      : { reason: `String must be one of: ${allowed.join(', ')}`, value }
export const listOf =
  (...allowed: string[]): SettingCheck =>
  (value) =>
    itemsOf(value)
      .map(oneOf(...allowed))
      .find((problem) => problem !== undefined)
export const atLeast =
  (least: number): SettingCheck =>
  (value) =>
    Number(value) >= least ? undefined : { reason: `Value must be at least ${least}` }
export const between =
  (least: number, most: number): SettingCheck =>
  (value) =>
    Number(value) > most ? { reason: `Value must be no more than ${most}` } : atLeast(least)(value)

/** The value in its usual form. Throws `invalid_config`. */
export function parseSettingValue(name: string, text: string, rules: SettingRules): string {
  const { type, check } = rules
  const value = parse(type, text)
  if (value === undefined) throw invalid(name, text, typeProblems[type])
  const problem = check?.(value)
  if (problem === undefined) return value
  const shown = type === 'double' && Number.isInteger(Number(value)) ? `${Number(value)}.0` : value
  throw invalid(name, problem.value ?? shown, problem.reason)
}

/** What a list holds. */
export function itemsOf(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const typeProblems: Readonly<Record<SettingType, string>> = {
  boolean: 'Expected value to be either true or false',
  int: 'Not a number of type INT',
  short: 'Not a number of type SHORT',
  long: 'Not a number of type LONG',
  double: 'Not a number of type DOUBLE',
  list: 'Expected a comma separated list',
  string: 'Expected value to be a string',
  class: 'Expected a Class instance or class name.',
  password: 'Expected value to be a string',
}

/** The value in its usual form; undefined when it is none of the type. */
function parse(type: SettingType, text: string): string | undefined {
  const trimmed = text.trim()
  switch (type) {
    case 'boolean': {
      const value = trimmed.toLowerCase()
      return value === 'true' || value === 'false' ? value : undefined
    }
    case 'int':
    case 'short':
    case 'long':
      return parseInteger(trimmed, bounds[type])
    case 'double':
      return trimmed !== '' && Number.isFinite(Number(trimmed)) ? trimmed : undefined
    case 'list':
      return itemsOf(trimmed).join()
    default:
      return trimmed
  }
}

const bounds = { short: 2n ** 15n, int: 2n ** 31n, long: 2n ** 63n } as const

function parseInteger(text: string, bound: bigint): string | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined
  const value = BigInt(text.replace('+', ''))
  return value >= -bound && value < bound ? String(value) : undefined
}

function invalid(name: string, value: string, reason: string): BrokerError {
  return new BrokerError(
    'invalid_config',
    `Invalid value ${value} for configuration ${name}: ${reason}`,
  )
}
