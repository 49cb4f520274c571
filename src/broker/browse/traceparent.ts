// The header of W3C Trace Context, which OpenTelemetry sets: version-traceid-parentid-flags.
//
// Source: https://www.w3.org/TR/trace-context/#traceparent-header
import { findHeader } from '../../record/message/content-header.ts'
import type { RecordView } from '../../record/message/record-view.ts'

const headerName = 'traceparent'

/** Undefined when the message has none. */
export function traceparentOf({
  buffer,
  headerStart,
  headerEnd,
}: Pick<RecordView, 'buffer' | 'headerStart' | 'headerEnd'>): string | undefined {
  const field = findHeader(buffer, headerStart, headerEnd, headerName)
  if (field?.type !== 'longstr' && field?.type !== 'binary') return undefined
  // The headers of a record of Kafka are bytes.
  return typeof field.value === 'string' ? field.value : field.value.toString('latin1')
}

/** What all messages and spans of one trace have in common. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1]
}
