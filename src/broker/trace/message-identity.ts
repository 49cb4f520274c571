// By what a message is known, whatever protocol it came by.
import { traceLimits } from '../../limits/trace.ts'
import { readCorrelationId, readMessageId } from '../../record/message/content-header.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import { traceparentOf } from '../browse/traceparent.ts'
import type { MessageIdentity } from './trace-event.ts'

export function identityOf(view: RecordView): MessageIdentity {
  const { buffer, headerStart, headerEnd, bodyStart, bodyEnd } = view
  return {
    messageId: readMessageId(buffer, headerStart, headerEnd),
    correlationId: readCorrelationId(buffer, headerStart, headerEnd),
    traceparent: traceparentOf(view)?.slice(0, traceLimits.textLengthMax),
    size: bodyEnd - bodyStart,
  }
}
