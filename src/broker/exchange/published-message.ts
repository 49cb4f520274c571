import {
  readCorrelationId,
  readHeaders,
  readMessageId,
  readTimestamp,
} from '../../record/message/content-header.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { HashedProperty, RoutedMessage } from './routed-message.ts'

type HeaderSource = Pick<RecordSource, 'header' | 'headerStart' | 'headerEnd'> &
  Partial<Pick<RecordSource, 'topic' | 'origin'>>

/** A message that came in, as exchanges see it: its headers are decoded once, if one looks at them. */
export class PublishedMessage implements RoutedMessage {
  readonly routingKeys: readonly string[]
  readonly #source: HeaderSource
  #headers: FieldTable | 'undecoded' | undefined = 'undecoded'

  /** Good for as long as the source stays as it is. */
  constructor(routingKeys: readonly string[], source: HeaderSource) {
    this.routingKeys = routingKeys
    this.#source = source
  }

  get topic(): string | undefined {
    return this.#source.topic
  }

  get origin(): object | undefined {
    return this.#source.origin
  }

  get headers(): FieldTable | undefined {
    if (this.#headers === 'undecoded') {
      const { header, headerStart, headerEnd } = this.#source
      this.#headers = readHeaders(header, headerStart, headerEnd)
    }
    return this.#headers
  }

  findProperty(name: HashedProperty): string | undefined {
    const { header, headerStart, headerEnd } = this.#source
    switch (name) {
      case 'correlation_id':
        return readCorrelationId(header, headerStart, headerEnd)
      case 'message_id':
        return readMessageId(header, headerStart, headerEnd)
      default:
        return readTimestamp(header, headerStart, headerEnd)?.toString()
    }
  }
}
