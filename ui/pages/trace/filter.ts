// Which messages one follows or looks for: in the URL, as the API's filter, as flags of a command, and in words.
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'
import { shellQuoted } from '../../lib/api.ts'

/** What one may name messages by; each is a parameter of the URL. */
export const conditionKinds = [
  'message_id',
  'correlation_id',
  'traceparent',
  'header',
  'text',
  'exchange',
  'routing_key',
  'key',
] as const
export type ConditionKind = (typeof conditionKinds)[number]

export type Conditions = Readonly<Partial<Record<ConditionKind, string>>>

interface KindFacts {
  readonly label: string
  readonly hint: string
  readonly flag: string
}

export const kindFacts: Readonly<Record<ConditionKind, KindFacts>> = {
  message_id: {
    label: 'message id',
    hint: 'The property message_id, as its publisher set it',
    flag: '--message-id',
  },
  correlation_id: {
    label: 'correlation id',
    hint: 'The property correlation_id',
    flag: '--correlation-id',
  },
  traceparent: {
    label: 'traceparent',
    hint: 'The header of OpenTelemetry, or only the id of the trace in it',
    flag: '--traceparent',
  },
  header: { label: 'header', hint: 'name=value', flag: '--header' },
  text: { label: 'text in the payload', hint: 'Anywhere in it', flag: '--text' },
  exchange: {
    label: 'exchange',
    hint: 'A regular expression: ^orders$',
    flag: '--exchange',
  },
  routing_key: {
    label: 'routing key',
    hint: String.raw`A regular expression: ^order\.`,
    flag: '--routing-key',
  },
  key: { label: 'key', hint: 'The key that Kafka sees', flag: '--key' },
}

/** Undefined where nothing is asked for, and what is wrong otherwise. */
export function filterOf(conditions: Conditions): { filter?: FilterJson; problem?: string } {
  const { header, ...others } = conditions
  const plain = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== ''))
  if (header === undefined || header === '') {
    return Object.keys(plain).length === 0 ? {} : { filter: plain }
  }
  const at = header.indexOf('=')
  if (at < 1) return { problem: 'header: write name=value' }
  const condition = {
    name: header.slice(0, at),
    is: 'equals',
    value: header.slice(at + 1),
  } as const
  return { filter: { ...plain, headers: [condition] } }
}

/** The way back, as far as the page has fields for it. */
export function conditionsOf(filter: FilterJson): Conditions {
  const conditions: Partial<Record<ConditionKind, string>> = {}
  for (const kind of conditionKinds) {
    const value = kind === 'header' ? headerOf(filter) : filter[kind]
    if (value !== undefined) conditions[kind] = value
  }
  return conditions
}

function headerOf({ headers = [] }: FilterJson): string | undefined {
  const [first] = headers
  return first && `${first.name}=${String(first.value ?? '')}`
}

/** `message id order-7, header tenant=acme`. */
export function filterText(filter: FilterJson): string {
  const told = Object.entries(conditionsOf(filter)).map(
    ([kind, value]) => `${kindFacts[kind as ConditionKind].label} ${value}`,
  )
  return told.length === 0 ? JSON.stringify(filter) : told.join(', ')
}

export function filterFlags(conditions: Conditions): string {
  return Object.entries(conditions)
    .filter(([, value]) => value !== '')
    .map(([kind, value]) => ` ${kindFacts[kind as ConditionKind].flag} ${shellQuoted(value)}`)
    .join('')
}
