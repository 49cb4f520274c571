// How messages and Kafka records correspond: the names. `docs/crossing.md` is this table in prose, and
// a test holds them together. Names are byte strings in Latin-1, so that any bytes pass.
import {
  deliverAfterHeader,
  deliverAtHeader,
  expirationHeader,
  messagePriorityHeader,
  priorityHeader,
  ttlHeader,
} from '../record/delivery-headers.ts'
import {
  PROPERTY_APP_ID,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CONTENT_ENCODING,
  PROPERTY_CONTENT_TYPE,
  PROPERTY_CORRELATION_ID,
  PROPERTY_DELIVERY_MODE,
  PROPERTY_EXPIRATION,
  PROPERTY_MESSAGE_ID,
  PROPERTY_PRIORITY,
  PROPERTY_REPLY_TO,
  PROPERTY_TIMESTAMP,
  PROPERTY_TYPE,
  PROPERTY_USER_ID,
} from '../record/message/properties.gen.ts'

/** How a property's value stands in a Kafka header: its bytes, or a number as decimal text. */
export type PropertyForm = 'bytes' | 'u8' | 'u64'

export interface MappedProperty {
  readonly flag: number
  /** The Kafka header. */
  readonly header: string
  readonly form: PropertyForm
  /** False: what a Kafka producer claims is not believed; the header arrives as a header. */
  readonly isTaken: boolean
}

function row(flag: number, header: string, form: PropertyForm, isTaken = true): MappedProperty {
  return { flag, header, form, isTaken }
}

/** All properties but `headers`, in the order of the wire. */
export const mappedProperties: readonly MappedProperty[] = [
  row(PROPERTY_CONTENT_TYPE, 'amqp.content-type', 'bytes'),
  row(PROPERTY_CONTENT_ENCODING, 'amqp.content-encoding', 'bytes'),
  row(PROPERTY_DELIVERY_MODE, 'amqp.delivery-mode', 'u8'),
  row(PROPERTY_PRIORITY, messagePriorityHeader, 'u8'),
  row(PROPERTY_CORRELATION_ID, 'amqp.correlation-id', 'bytes'),
  row(PROPERTY_REPLY_TO, 'amqp.reply-to', 'bytes'),
  row(PROPERTY_EXPIRATION, expirationHeader, 'bytes'),
  row(PROPERTY_MESSAGE_ID, 'amqp.message-id', 'bytes'),
  row(PROPERTY_TIMESTAMP, 'amqp.timestamp', 'u64'),
  row(PROPERTY_TYPE, 'amqp.type', 'bytes'),
  // The broker vouches for the user of an AMQP publisher; a record's header proves nothing.
  row(PROPERTY_USER_ID, 'amqp.user-id', 'bytes', false),
  row(PROPERTY_APP_ID, 'amqp.app-id', 'bytes'),
  row(PROPERTY_CLUSTER_ID, 'amqp.cluster-id', 'bytes'),
]

/** Kafka headers for the rest of a message. */
export const kafkaHeader = {
  exchange: 'amqp.exchange',
  routingKey: 'amqp.routing-key',
  /** Type of the `x-key` header, when its bytes alone do not say it. */
  keyType: 'amqp.key-type',
  /** Types of all headers whose bytes alone do not say them: JSON, name → type or list of types. */
  headerTypes: 'amqp.header-types',
} as const

/** AMQP headers for what a record has and a message has not. */
export const messageHeader = {
  key: 'x-key',
  /** `true` with an empty body: the record's value is null. */
  tombstone: 'x-tombstone',
  /** The record's timestamp in milliseconds; only on records that come from Kafka. */
  timestamp: 'x-timestamp-ms',
  /** How many headers did not fit; only when some did not. */
  omitted: 'x-omitted-headers',
} as const

/** Kafka headers with a meaning in this table. */
export const reservedKafkaNames: ReadonlySet<string> = new Set([
  ...mappedProperties.map(({ header }) => header),
  ...Object.values(kafkaHeader),
  deliverAfterHeader,
  deliverAtHeader,
  priorityHeader,
  ttlHeader,
])

/** AMQP headers with a meaning in this table. */
export const reservedMessageNames: ReadonlySet<string> = new Set([
  messageHeader.key,
  messageHeader.tombstone,
  messageHeader.timestamp,
])

/** Before the name of an AMQP header that would be mistaken for something else in Kafka. */
export const messageNamePrefix = 'amqp.header.'
/** Before the name of a Kafka header that would be mistaken for something else in AMQP. */
export const kafkaNamePrefix = 'kafka.header.'
