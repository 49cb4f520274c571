// Which messages of a stream a consumer wants: those whose header x-stream-filter-value is one of its
// x-stream-filter (a text or an array of texts) and, with x-stream-match-unfiltered, those without one.
// RabbitMQ passes over whole chunks and leaves the rest to the client (rabbit_stream_queue.erl,
// filter_spec); here nothing else is delivered.
import { findHeader } from '../../record/message/content-header.ts'
import { type FieldTable, type FieldValue } from '../../record/message/field-table.ts'
import type { RecordFilter } from './stream-context.ts'

const valueName = 'x-stream-filter-value'

/** Undefined when the consumer wants everything. Values that are not text are not looked at. */
export function streamFilterOf(args: FieldTable): RecordFilter | undefined {
  const values = valuesOf(args.get('x-stream-filter'))
  if (values === undefined) return undefined
  const takesUnfiltered = args.get('x-stream-match-unfiltered')?.value === true
  return ({ buffer, headerStart, headerEnd }) => {
    const value = findHeader(buffer, headerStart, headerEnd, valueName)
    return value?.type === 'longstr' ? values.has(value.value) : takesUnfiltered
  }
}

function valuesOf(filter: FieldValue | undefined): ReadonlySet<unknown> | undefined {
  if (filter?.type === 'longstr') return new Set([filter.value])
  if (filter?.type !== 'array') return undefined
  return new Set(filter.value.flatMap(({ type, value }) => (type === 'longstr' ? [value] : [])))
}
