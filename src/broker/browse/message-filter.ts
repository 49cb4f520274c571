// Which messages somebody looks for: all conditions of a filter have to hold. Nothing in it can hold up the
// event loop for long: patterns are those of names (RE2, linear), texts are found as bytes, and large
// payloads are not parsed.
import { keyOfView } from '../../crossing/message-key.ts'
import { compileNamePattern, type NamePattern, PatternError } from '../../lib/name-pattern.ts'
import { searchLimits } from '../../limits/search.ts'
import { decodeAddress } from '../../record/message/address.ts'
import {
  findHeader,
  readCorrelationId,
  readHeaders,
  readMessageId,
} from '../../record/message/content-header.ts'
import { type FieldTable, type FieldValue, textOf } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { preconditionFailed } from '../broker-error.ts'
import { compileDeath, type DeathAsked } from '../jobs/death-facts.ts'
import type { MessageState } from '../queue/message-state.ts'
import { compileJsonPath, type JsonPath } from './json-path.ts'
import { traceIdOf, traceparentOf } from './traceparent.ts'

export type Scalar = string | number | boolean | null

/** How a value is compared: `less` and `greater` only with numbers, `contains` only with text. */
export type Comparison = 'exists' | 'equals' | 'contains' | 'less' | 'greater'

export interface Condition {
  readonly is: Comparison
  /** Left out only with `exists`. */
  readonly value?: Scalar | undefined
}

export interface HeaderCondition extends Condition {
  readonly name: string
}

export interface JsonCondition extends Condition {
  /** See `compileJsonPath`; of several values that it leads to one has to fit. */
  readonly path: string
}

/** What is left out does not matter. */
export interface FilterAsked {
  /** Is in the payload, as UTF-8; one in a file of its own is not looked into. */
  readonly text?: string | undefined
  readonly headers?: readonly HeaderCondition[] | undefined
  /** Of a payload that is JSON and not too large. */
  readonly json?: readonly JsonCondition[] | undefined
  /** Patterns, which are found anywhere in the name. */
  readonly exchange?: string | undefined
  readonly routingKey?: string | undefined
  /** The key, as Kafka sees it: the header `x-key`, else the routing key. */
  readonly key?: string | undefined
  /** The properties of AMQP. */
  readonly messageId?: string | undefined
  readonly correlationId?: string | undefined
  /** The header of W3C Trace Context, or only the trace's id that is in it. */
  readonly traceparent?: string | undefined
  readonly states?: readonly MessageState[] | undefined
  /** Why and in which queue it died first or last, as its headers say. */
  readonly deathReason?: string | undefined
  readonly deathQueue?: string | undefined
  /** How it died last, exactly, as groups of dead letters tell it. */
  readonly death?: DeathAsked | undefined
  /** Milliseconds since the Unix epoch: not before, and before. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** A look at one message; `hasBody`: its payload is in memory. */
export interface Looked {
  readonly view: RecordView
  readonly hasBody: boolean
  readonly state: MessageState | undefined
}

type Check = (looked: Looked) => boolean

/** Says whether a message is one of those. */
export type MessageFilter = (looked: Looked) => boolean

/** Throws `precondition_failed` for a pattern, a path or a comparison that makes no sense. */
export function compileFilter(asked: FilterAsked): MessageFilter {
  // The cheap ones first.
  const checks = [
    ...placeChecks(asked),
    ...idChecks(asked),
    ...headerChecks(asked),
    ...payloadChecks(asked),
  ]
  return (looked) => checks.every((check) => check(looked))
}

function* placeChecks({
  states,
  since,
  until,
  exchange,
  routingKey,
  key,
}: FilterAsked): Generator<Check> {
  if (states !== undefined) {
    yield ({ state }) => state === undefined || states.includes(state)
  }
  if (since !== undefined) yield ({ view }) => view.timestamp >= since
  if (until !== undefined) yield ({ view }) => view.timestamp < until
  const named = exchange === undefined ? undefined : patternOf('exchange', exchange)
  const keyed = routingKey === undefined ? undefined : patternOf('routing key', routingKey)
  if (named !== undefined || keyed !== undefined) {
    yield ({ view }) => {
      const address = decodeAddress(view.buffer, view.addressStart)
      return named?.(address.exchange) !== false && keyed?.(address.routingKey) !== false
    }
  }
  if (key !== undefined) {
    const wanted = Buffer.from(limited('key', key))
    yield ({ view }) => keyOfView(view)?.equals(wanted) === true
  }
}

function* idChecks({ messageId, correlationId, traceparent }: FilterAsked): Generator<Check> {
  if (messageId !== undefined) {
    yield ({ view: { buffer, headerStart, headerEnd } }) =>
      readMessageId(buffer, headerStart, headerEnd) === messageId
  }
  if (correlationId !== undefined) {
    yield ({ view: { buffer, headerStart, headerEnd } }) =>
      readCorrelationId(buffer, headerStart, headerEnd) === correlationId
  }
  if (traceparent !== undefined) {
    yield ({ view }) => {
      const found = traceparentOf(view)
      return found === traceparent || traceIdOf(found) === traceparent
    }
  }
}

function* headerChecks(asked: FilterAsked): Generator<Check> {
  const { headers = [], deathReason, deathQueue, death } = asked
  if (headers.length > searchLimits.conditionsMax) throw tooMany('headers')
  if (deathReason !== undefined) yield isDeathText('reason', deathReason)
  if (deathQueue !== undefined) yield isDeathText('queue', deathQueue)
  if (death !== undefined) {
    const isSo = compileDeath(death)
    yield ({ view }) => isSo(view)
  }
  if (headers.length === 0) return
  const tests = headers.map((condition) => ({ name: condition.name, fits: compare(condition) }))
  yield ({ view }) => {
    const table = headersOf(view)
    if (table === undefined) return false
    return tests.every(({ name, fits }) =>
      table.entries.some((entry) => entry.name === name && fits(scalarOf(entry.value))),
    )
  }
}

function* payloadChecks({ text, json = [] }: FilterAsked): Generator<Check> {
  if (json.length > searchLimits.conditionsMax) throw tooMany('json')
  if (text !== undefined) {
    const wanted = Buffer.from(limited('text', text))
    yield ({ view, hasBody }) =>
      hasBody && view.body.subarray(view.bodyStart, view.bodyEnd).includes(wanted)
  }
  if (json.length === 0) return
  const tests = json.map((condition) => ({ path: pathOf(condition), fits: compare(condition) }))
  yield ({ view, hasBody }) => {
    const document = hasBody ? documentOf(view) : undefined
    if (document === undefined) return false
    return tests.every(({ path, fits }) => path(document).some((value) => fits(value)))
  }
}

function isDeathText(what: 'reason' | 'queue', wanted: string): Check {
  const names = [`x-first-death-${what}`, `x-last-death-${what}`]
  return ({ view: { buffer, headerStart, headerEnd } }) =>
    names.some((name) => textOf(findHeader(buffer, headerStart, headerEnd, name)) === wanted)
}

/** Undefined stands for a header's table or array, which only is there or not. */
function compare({ is, value }: Condition): (found: unknown) => boolean {
  if (is === 'exists') return () => true
  if (value === undefined) throw preconditionFailed(`'${is}' needs a value to compare with`)
  if (typeof value === 'string') limited('value', value)
  switch (is) {
    case 'equals':
      return (found) => found === value
    case 'contains':
      if (typeof value !== 'string') throw preconditionFailed("'contains' needs a text")
      return (found) => typeof found === 'string' && found.includes(value)
    case 'less':
    case 'greater': {
      if (typeof value !== 'number') throw preconditionFailed(`'${is}' needs a number`)
      const isLess = is === 'less'
      return (found) => typeof found === 'number' && (isLess ? found < value : found > value)
    }
    default:
      return is satisfies never
  }
}

function scalarOf(field: FieldValue): unknown {
  switch (field.type) {
    case 'table':
    case 'array':
      return undefined
    case 'decimal':
      return field.value.unscaled / 10 ** field.value.scale
    case 'longstr':
    case 'binary':
      return typeof field.value === 'string' ? field.value : field.value.toString('latin1')
    default:
      return typeof field.value === 'bigint' ? Number(field.value) : field.value
  }
}

function headersOf({ buffer, headerStart, headerEnd }: RecordView): FieldTable | undefined {
  return readHeaders(buffer, headerStart, headerEnd)
}

/** Undefined for what is not JSON, or too large to be parsed. */
function documentOf({ body, bodyStart, bodyEnd }: RecordView): unknown {
  if (bodyEnd - bodyStart > searchLimits.jsonSizeMax) return undefined
  try {
    return JSON.parse(body.toString('utf8', bodyStart, bodyEnd)) as unknown
  } catch {
    return undefined
  }
}

function pathOf({ path }: JsonCondition): JsonPath {
  const compiled = compileJsonPath(limited('path', path))
  if (compiled !== undefined) return compiled
  throw preconditionFailed(
    `'${path}' is no path: it is like $.items[0]['unit price'], with [*] for all there is`,
  )
}

function patternOf(what: string, pattern: string): NamePattern {
  try {
    return compileNamePattern(pattern)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw preconditionFailed(`the pattern of the ${what} cannot be used: ${error.message}`)
  }
}

function limited(what: string, text: string): string {
  if (text.length <= searchLimits.textLengthMax) return text
  throw preconditionFailed(
    `the ${what} that is looked for has more than ${searchLimits.textLengthMax} characters`,
  )
}

function tooMany(what: string): Error {
  return preconditionFailed(`${what} has more than ${searchLimits.conditionsMax} conditions`)
}
