// A message as those see it who only look.
import { brokerLimits } from '../../limits/broker.ts'
import { decodeAddress } from '../../record/message/address.ts'
import { decodeContentHeader } from '../../record/message/content-header.ts'
import type { BasicProperties } from '../../record/message/properties.gen.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { MessageState } from '../queue/message-state.ts'

export interface BrowsedMessage {
  /** Which of several logs it is in. */
  readonly partition: number | undefined
  readonly offset: number
  /** When it came in, or of a record of Kafka what its producer says, in milliseconds since the Unix epoch. */
  readonly timestamp: number
  /** Undefined for a record of a topic, which is where it is. */
  readonly state: MessageState | undefined
  readonly exchange: string
  readonly routingKey: string
  /** Undefined when they are too large to be shown. */
  readonly properties: BasicProperties | undefined
  /** Its start; undefined when it is in a file of its own that is gone or cannot be read. */
  readonly payload: Buffer | undefined
  /** Of the whole payload. */
  readonly payloadSize: number
}

interface ShownSizes {
  readonly payloadSizeMax: number
  /** Larger properties are not shown at all. */
  readonly propertiesSizeMax?: number | undefined
}

/** Copies what is shown of the record in `view`; `hasBody`: its payload is in memory. */
export function browsedMessage(
  view: RecordView,
  place: Pick<BrowsedMessage, 'partition' | 'state'>,
  {
    hasBody,
    payloadSizeMax,
    propertiesSizeMax = brokerLimits.browsePropertiesSizeMax,
  }: ShownSizes & { readonly hasBody: boolean },
): BrowsedMessage {
  const { buffer, headerStart, headerEnd, body, bodyStart, bodyEnd } = view
  const { exchange, routingKey } = decodeAddress(buffer, view.addressStart)
  const isShown = headerEnd - headerStart <= propertiesSizeMax
  const payloadEnd = Math.min(bodyEnd, bodyStart + payloadSizeMax)
  return {
    ...place,
    offset: view.offset,
    timestamp: view.timestamp,
    exchange,
    routingKey,
    properties: isShown
      ? decodeContentHeader(buffer, headerStart, headerEnd).properties
      : undefined,
    payload: hasBody ? Buffer.from(body.subarray(bodyStart, payloadEnd)) : undefined,
    payloadSize: bodyEnd - bodyStart,
  }
}

/** What it takes of a page. */
export function shownSize({ headerStart, headerEnd }: RecordView, message: BrowsedMessage): number {
  const propertiesSize = message.properties === undefined ? 0 : headerEnd - headerStart
  return brokerLimits.browsedMessageSize + propertiesSize + (message.payload?.length ?? 0)
}
