// Filters as people write them: `header.tenant = acme`, `$.items[*].price > 10`, `state = ready`; any other text is
// looked for in payloads. Made into the filter of the API, and back into words for chips.
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'

type Condition = NonNullable<FilterJson['headers']>[number]
type Comparison = Condition['is']
type Scalar = NonNullable<Condition['value']> | null

/** What of a filter one chip stands for, and the filter without it. */
export interface Term {
  readonly text: string
  readonly without: FilterJson
}

export type ReadTerm = { readonly filter: FilterJson } | { readonly problem: string }

const operators: Readonly<Record<string, Comparison>> = {
  '=': 'equals',
  '~': 'contains',
  '<': 'less',
  '>': 'greater',
}
const signs: Readonly<Record<Comparison, string>> = {
  exists: '',
  equals: '=',
  contains: '~',
  less: '<',
  greater: '>',
}

/** Of fields that are compared in one way only: their name here and in the API. */
const fields = {
  key: 'key',
  'routing-key': 'routing_key',
  exchange: 'exchange',
  id: 'message_id',
  correlation: 'correlation_id',
  trace: 'traceparent',
  died: 'death_reason',
  'died-in': 'death_queue',
} as const

type FieldName = keyof typeof fields

const states = ['ready', 'unacked', 'delayed', 'dead', 'acked'] as const

export const termExamples: readonly (readonly [term: string, meaning: string])[] = [
  ['A-113', 'in the payload'],
  ['$.items[*].price > 10', 'JSON path'],
  ['$.customer.vip', 'path exists'],
  ['header.tenant = acme', 'header'],
  ['key = customer-7', 'key as Kafka sees it'],
  ['routing-key = ^orders', 'regular expression'],
  ['id = order-7', 'message id'],
  ['state = ready, dead', 'states'],
  ['died = rejected', 'reason of death'],
  ['since = 1h', 'or a time; until likewise'],
]

/** Adds a term to a filter. `now` is in milliseconds since the Unix epoch. */
export function addTerm(filter: FilterJson, text: string, now: number): ReadTerm {
  const trimmed = text.trim()
  if (trimmed === '') return { filter }
  if (trimmed.startsWith('$')) return addPath(filter, trimmed)
  const [, name, operator, value] = /^([\w.-]+?)\s*(=|~|<|>)\s*(.*)$/s.exec(trimmed) ?? []
  const header = /^(?:header|h)\.(.+)$/.exec(name ?? trimmed)?.[1]
  if (header !== undefined) return addHeader(filter, header, conditionOf(operator, value))
  if (operator === undefined || value === undefined || name === undefined) {
    return { filter: { ...filter, text: trimmed } }
  }
  return addField(filter, { name, operator, value, text: trimmed, now })
}

interface FieldTerm {
  readonly name: string
  readonly operator: string
  readonly value: string
  readonly text: string
  readonly now: number
}

function addField(filter: FilterJson, { name, operator, value, text, now }: FieldTerm): ReadTerm {
  if (name === 'state') return addStates(filter, value)
  if (name === 'since' || name === 'until') return addTime(filter, name, value, now)
  if (name === 'text') return { filter: { ...filter, text: unquoted(value) } }
  if (Object.hasOwn(fields, name)) {
    if (operator !== '=') return { problem: `${name} is compared with =` }
    return { filter: { ...filter, [fields[name as FieldName]]: unquoted(value) } }
  }
  return { filter: { ...filter, text } }
}

function addPath(filter: FilterJson, text: string): ReadTerm {
  const [, path = text, operator, value] = /^(\$.*?)\s*(=|~|<|>)\s*(.*)$/s.exec(text) ?? []
  const condition = conditionOf(operator, value)
  if ('problem' in condition) return condition
  return { filter: { ...filter, json: [...(filter.json ?? []), { path, ...condition }] } }
}

function addHeader(
  filter: FilterJson,
  name: string,
  condition: Omit<Condition, 'name'> | { readonly problem: string },
): ReadTerm {
  if ('problem' in condition) return condition
  return { filter: { ...filter, headers: [...(filter.headers ?? []), { name, ...condition }] } }
}

function conditionOf(
  operator: string | undefined,
  value: string | undefined,
): Omit<Condition, 'name'> | { readonly problem: string } {
  if (operator === undefined || value === undefined) return { is: 'exists' }
  const is = operators[operator] ?? 'equals'
  if (is === 'contains') return { is, value: unquoted(value) }
  const scalar = scalarOf(value)
  if (is === 'equals') return { is, value: scalar }
  if (typeof scalar !== 'number') return { problem: `${operator} compares numbers` }
  return { is, value: scalar }
}

function addStates(filter: FilterJson, text: string): ReadTerm {
  const asked = text.split(',').map((each) => each.trim())
  const chosen = states.filter((state) => asked.includes(state))
  if (chosen.length !== asked.length) return { problem: `States are ${states.join(', ')}` }
  return { filter: { ...filter, states: chosen } }
}

const unitMs: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 }

function addTime(filter: FilterJson, name: 'since' | 'until', text: string, now: number): ReadTerm {
  const [, amount, unit = ''] = /^-?(\d+)\s*([smhd])$/.exec(text) ?? []
  const time = amount === undefined ? Date.parse(text) : now - Number(amount) * (unitMs[unit] ?? 0)
  if (Number.isNaN(time)) return { problem: `${name} takes an age such as 1h, or a time` }
  return { filter: { ...filter, [name]: time } }
}

/** `"17"` is a text, `17` a number. */
function scalarOf(text: string): Scalar {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return text === 'true'
  return text === 'null' ? null : unquoted(text)
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text
}

/** Each condition of a filter as a chip. */
export function termsOf(filter: FilterJson, timeText: (time: number) => string): Term[] {
  const terms: Term[] = []
  const { text, headers, json, states: wanted, since, until } = filter
  const add = (shown: string, key: keyof FilterJson): void => {
    const { [key]: _, ...without } = filter
    terms.push({ text: shown, without })
  }
  if (text !== undefined) add(`“${text}”`, 'text')
  for (const [at, one] of (json ?? []).entries()) {
    terms.push({ text: wordsOf(one.path, one), without: withoutAt(filter, 'json', at) })
  }
  for (const [at, one] of (headers ?? []).entries()) {
    terms.push({
      text: wordsOf(`header.${one.name}`, one),
      without: withoutAt(filter, 'headers', at),
    })
  }
  if (wanted !== undefined) add(`state = ${wanted.join(', ')}`, 'states')
  for (const [name, key] of Object.entries(fields)) {
    const value = filter[key]
    if (value !== undefined) add(`${name} = ${value}`, key)
  }
  if (since !== undefined) add(`since ${timeText(since)}`, 'since')
  if (until !== undefined) add(`until ${timeText(until)}`, 'until')
  return terms
}

function withoutAt(filter: FilterJson, key: 'json' | 'headers', at: number): FilterJson {
  const { [key]: list = [], ...others } = filter
  const rest = list.filter((_, index) => index !== at)
  return rest.length === 0 ? others : { ...others, [key]: rest }
}

function wordsOf(name: string, { is, value }: Pick<Condition, 'is' | 'value'>): string {
  if (is === 'exists') return name
  const isNumberLike = typeof value === 'string' && scalarOf(value) !== value
  return `${name} ${signs[is]} ${isNumberLike ? JSON.stringify(value) : String(value)}`
}

export function isEmptyFilter(filter: FilterJson): boolean {
  return Object.keys(filter).length === 0
}

/** The filter of a URL; what is none counts for nothing. */
export function readFilter(text: string | undefined): FilterJson {
  try {
    const json: unknown = JSON.parse(text ?? '{}')
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {}
  } catch {
    return {}
  }
}
