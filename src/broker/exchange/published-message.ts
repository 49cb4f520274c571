import { readHeaders } from '../../record/message/content-header.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { RoutedMessage } from './routed-message.ts'

/** A message that came in, as exchanges see it: its headers are decoded once, if one looks at them. */
export class PublishedMessage implements RoutedMessage {
  readonly routingKeys: readonly string[]
  readonly #source: RecordSource
  #headers: FieldTable | 'undecoded' | undefined = 'undecoded'

  /** Good for as long as the source stays as it is. */
  constructor(routingKeys: readonly string[], source: RecordSource) {
    this.routingKeys = routingKeys
    this.#source = source
  }

  get headers(): FieldTable | undefined {
    if (this.#headers === 'undecoded') {
      const { header, headerStart, headerEnd } = this.#source
      this.#headers = readHeaders(header, headerStart, headerEnd)
    }
    return this.#headers
  }
}
