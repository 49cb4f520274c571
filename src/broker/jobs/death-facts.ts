// Why and where a message died, as its headers say: the broker's own `x-death`, and what frameworks write that
// publish a failed message again. Groups of dead letters are told apart by it, and filters ask for it, so that
// a group is exactly what its filter finds.
import { deathLimits } from '../../limits/jobs.ts'
import { readHeaders } from '../../record/message/content-header.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { failedTopicHeaders, originIn } from './death-origin.ts'

/** What messages of one group have in common. */
export interface DeathKind {
  /** Of the last death; undefined when the broker had no part in it. */
  readonly reason: string | undefined
  /** Where it died: a queue, or a topic of Kafka. */
  readonly queue: string | undefined
  /** To which it was published before that. */
  readonly exchange: string | undefined
  /** Class of the exception that a framework tells. */
  readonly exceptionType: string | undefined
  /** First line of its text; what differs from message to message stands there as `#`. */
  readonly exception: string | undefined
}

export interface DeathFacts extends DeathKind {
  /** The first that it had there; undefined when nobody says. */
  readonly routingKey: string | undefined
  /** Milliseconds since the Unix epoch; undefined when nobody says. */
  readonly time: number | undefined
}

/** What is given must be so; null stands for what the headers do not say. */
export type DeathAsked = { readonly [Key in keyof DeathKind]?: string | null | undefined } & {
  readonly routingKey?: string | null | undefined
}

// Spring AMQP, Spring Cloud Stream, Spring Kafka, Kafka Connect, MassTransit, NServiceBus, and what people call
// it themselves.
const messageHeaders = [
  'x-exception-message',
  'kafka_dlt-exception-message',
  '__connect.errors.exception.message',
  'MT-Fault-Message',
  'NServiceBus.ExceptionInfo.Message',
  '__streams.errors.message',
  '__dlq.errors.message',
  'x-exception-stacktrace',
  'kafka_dlt-exception-stacktrace',
  '__connect.errors.exception.stacktrace',
  'x-exception',
  'exception',
  'error',
]
const typeHeaders = [
  'x-exception-fqcn',
  'kafka_dlt-exception-cause-fqcn',
  'kafka_dlt-exception-fqcn',
  '__connect.errors.exception.class.name',
  '__streams.errors.exception',
  'MT-Fault-ExceptionType',
  'NServiceBus.ExceptionInfo.ExceptionType',
]
const queueHeaders = [
  ...failedTopicHeaders,
  'x-original-topic',
  'NServiceBus.FailedQ',
  'MT-Fault-InputAddress',
]

/** Undefined for a message that has not died, as far as its headers tell. */
export function deathFactsOf(view: RecordView): DeathFacts | undefined {
  const headers = readHeaders(view.buffer, view.headerStart, view.headerEnd)
  if (headers === undefined) return undefined
  const origin = originIn(headers, 'last')
  const text = firstOf(headers, messageHeaders)
  const type = firstOf(headers, typeHeaders)
  if (origin === undefined && text === undefined && type === undefined) return undefined
  const { exception, exceptionType } = exceptionOf(text, type)
  if (origin === undefined) {
    return {
      reason: undefined,
      queue: lastPartOf(firstOf(headers, queueHeaders)),
      exchange: headers.findText('x-original-exchange'),
      routingKey: headers.findText('x-original-routingKey'),
      exceptionType,
      exception,
      time: undefined,
    }
  }
  const { reason, queue, exchange, routingKeys, time } = origin
  const [routingKey] = routingKeys
  const at = time === undefined ? undefined : time * 1000
  return { reason, queue, exchange, routingKey, exceptionType, exception, time: at }
}

const keys = ['reason', 'queue', 'exchange', 'exceptionType', 'exception', 'routingKey'] as const

/** A check whether a message died so. */
export function compileDeath(asked: DeathAsked): (view: RecordView) => boolean {
  const wanted = keys.filter((key) => asked[key] !== undefined)
  return (view) => {
    const facts = deathFactsOf(view)
    return facts !== undefined && wanted.every((key) => (facts[key] ?? null) === asked[key])
  }
}

function exceptionOf(
  text: string | undefined,
  type: string | undefined,
): Pick<DeathKind, 'exception' | 'exceptionType'> {
  const max = deathLimits.exceptionLengthMax
  const line =
    text
      ?.slice(0, max * 4)
      .trimStart()
      .split(/\r?\n/, 1)[0] ?? ''
  // The first line of a stack trace begins with the class.
  const [, lineType, rest] = /^([\w$.]*(?:Exception|Error))(?:: ?(.*))?$/.exec(line) ?? []
  const exceptionType = type ?? lineType
  const own = lineType !== undefined && lineType === exceptionType ? (rest ?? '') : line
  const exception = patternOf(own).slice(0, max)
  return {
    exceptionType: exceptionType?.slice(0, max),
    exception: exception === '' ? undefined : exception,
  }
}

/** Ids and longer numbers, which would make each message a group of its own, become `#`. */
function patternOf(line: string): string {
  return line
    .replaceAll(/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '#')
    .replaceAll(/\b(?=[a-f]*\d)[\da-f]{8,}\b/gi, '#')
    .replaceAll(/\d{4,}/g, '#')
}

/** Of an address like `rabbitmq://host/orders`. */
function lastPartOf(address: string | undefined): string | undefined {
  return address?.includes('://') === true ? address.slice(address.lastIndexOf('/') + 1) : address
}

function firstOf(headers: FieldTable, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = headers.findText(name)
    if (text !== undefined && text !== '') return text
  }
  return undefined
}
