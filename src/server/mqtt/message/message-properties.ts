// Properties of a PUBLISH of MQTT 5 ⇄ a content header of AMQP. What goes there and comes back is the same; what AMQP's
// clients put there becomes as much of MQTT as there is a word for (RabbitMQ's mc_mqtt has the same table).
import { isUtf8 } from 'node:buffer'
import type { Properties, UserProperties } from '../../../codec/mqtt/properties.ts'
import { isText, isTopicName } from '../../../codec/mqtt/text-bytes.ts'
import { brokerLimits } from '../../../limits/broker.ts'
import {
  type FieldEntry,
  FieldTable,
  type FieldValue,
  textOf,
} from '../../../record/message/field-table.ts'
import type { BasicProperties } from '../../../record/message/properties.gen.ts'
import { isKeyExact, keyOfTopic, topicOfKey } from '../../../record/message/published-topic.ts'
import { canBeHeader, isOwnHeader, mqttHeader } from './header-names.ts'

/** Of texts in AMQP's properties, in bytes. */
const shortTextSizeMax = 255
/** Of texts and data in MQTT's, in bytes. */
const textSizeMax = 65_535

/** What a message was published with besides its properties. */
export interface PublishFacts {
  readonly qos: number
  readonly isRetained: boolean
  /** Its topic, where the routing key does not lead back to it. */
  readonly topic: string | undefined
}

/** What a content header has to say for a PUBLISH. */
export function toBasicProperties(
  { qos, isRetained, topic }: PublishFacts,
  properties: Readonly<Properties>,
): BasicProperties {
  const headers: FieldEntry[] = []
  if (topic !== undefined) add(headers, mqttHeader.topic, longText(topic))
  if (qos === 2) add(headers, mqttHeader.qos, { type: 'unsignedbyte', value: 2 })
  if (isRetained) add(headers, mqttHeader.retain, { type: 'bool', value: true })
  const basic = {
    deliveryMode: qos === 0 ? 1 : 2,
    ...contentTypeOf(properties, headers),
    ...correlationOf(properties, headers),
    ...expirationOf(properties, headers),
  }
  addResponseTopic(properties, headers)
  if (properties.payloadFormat === 1) {
    add(headers, mqttHeader.payloadFormat, { type: 'unsignedbyte', value: 1 })
  }
  addUserProperties(properties.userProperties ?? [], headers)
  return headers.length === 0 ? basic : { ...basic, headers: new FieldTable(headers) }
}

function contentTypeOf(
  { contentType }: Readonly<Properties>,
  headers: FieldEntry[],
): Pick<BasicProperties, 'contentType'> {
  if (contentType === undefined) return {}
  if (Buffer.byteLength(contentType) <= shortTextSizeMax) return { contentType }
  add(headers, mqttHeader.contentType, longText(contentType))
  return {}
}

function correlationOf(
  { correlationData: data }: Readonly<Properties>,
  headers: FieldEntry[],
): Pick<BasicProperties, 'correlationId'> {
  if (data === undefined) return {}
  if (data.length <= shortTextSizeMax && isUtf8(data) && !data.includes(0)) {
    return { correlationId: data.toString() }
  }
  // Bytes of a packet are good only during the call.
  add(headers, mqttHeader.correlationData, { type: 'longstr', value: Buffer.from(data) })
  return {}
}

function expirationOf(
  { messageExpiry: seconds }: Readonly<Properties>,
  headers: FieldEntry[],
): Pick<BasicProperties, 'expiration'> {
  if (seconds === undefined) return {}
  if (seconds * 1000 <= brokerLimits.expirationMsMax) return { expiration: String(seconds * 1000) }
  add(headers, mqttHeader.messageExpiry, { type: 'unsignedint', value: seconds })
  return {}
}

function addResponseTopic({ responseTopic }: Readonly<Properties>, headers: FieldEntry[]): void {
  if (responseTopic === undefined) return
  add(headers, mqttHeader.responseKey, longText(keyOfTopic(responseTopic)))
  if (!isKeyExact(responseTopic)) add(headers, mqttHeader.responseTopic, longText(responseTopic))
}

/** As headers, the first of each name, for those who know only these. */
function addUserProperties(pairs: UserProperties, headers: FieldEntry[]): void {
  const names = new Set<string>()
  let isExact = true
  for (let at = 0; at < pairs.length; at += 2) {
    const [name = '', value = ''] = [pairs[at], pairs[at + 1]]
    if (names.has(name) || !canBeHeader(name)) isExact = false
    else add(headers, name, longText(value))
    names.add(name)
  }
  if (isExact) return
  const value = pairs.map((text) => longText(text))
  add(headers, mqttHeader.userProperties, { type: 'array', value })
}

/** What a PUBLISH of MQTT 5 says for a content header, but for how long it is good. */
export function toMqttProperties(basic: BasicProperties): Properties {
  const headers = basic.headers?.entries ?? []
  const properties: Properties = {}
  if (numberIn(headers, mqttHeader.payloadFormat) === 1) properties.payloadFormat = 1
  const contentType = basic.contentType ?? textOf(find(headers, mqttHeader.contentType))
  if (contentType !== undefined && isMqttText(contentType)) properties.contentType = contentType
  const responseTopic = responseTopicIn(headers)
  if (responseTopic !== undefined) properties.responseTopic = responseTopic
  const data = correlationDataOf(basic, headers)
  if (data !== undefined) properties.correlationData = data
  const pairs = userPropertiesIn(headers)
  if (pairs.length > 0) properties.userProperties = pairs
  return properties
}

/** Milliseconds for which the message is good from its time on; undefined for ever. */
export function lifetimeMsOf(basic: BasicProperties): number | undefined {
  if (basic.expiration !== undefined) return Number(basic.expiration)
  const seconds = numberIn(basic.headers?.entries ?? [], mqttHeader.messageExpiry)
  return seconds === undefined ? undefined : seconds * 1000
}

function responseTopicIn(headers: readonly FieldEntry[]): string | undefined {
  const key = textOf(find(headers, mqttHeader.responseKey))
  const topic = textOf(find(headers, mqttHeader.responseTopic)) ?? (key && topicOfKey(key))
  if (topic === undefined || topic === '') return undefined
  const bytes = Buffer.from(topic)
  return bytes.length <= textSizeMax && isTopicName(bytes, 0, bytes.length) ? topic : undefined
}

function correlationDataOf(
  { correlationId }: BasicProperties,
  headers: readonly FieldEntry[],
): Buffer | undefined {
  if (correlationId !== undefined) return Buffer.from(correlationId)
  const field = find(headers, mqttHeader.correlationData)
  if (field?.type !== 'longstr' && field?.type !== 'binary') return undefined
  const data = Buffer.from(field.value)
  return data.length <= textSizeMax ? data : undefined
}

function userPropertiesIn(headers: readonly FieldEntry[]): UserProperties {
  const exact = find(headers, mqttHeader.userProperties)
  if (exact?.type === 'array' && exact.value.length % 2 === 0) {
    const pairs = exact.value.map((field) => textOf(field))
    if (pairs.every((text) => text !== undefined && isMqttText(text))) return pairs as string[]
  }
  const pairs: UserProperties = []
  for (const { name, value } of headers) {
    if (isOwnHeader(name)) continue
    const text = scalarText(value)
    if (text !== undefined && isMqttText(name) && isMqttText(text)) pairs.push(name, text)
  }
  return pairs
}

/** Of values that are one: lists, tables, nothing and bytes that are no text have no word in MQTT. */
function scalarText(field: FieldValue): string | undefined {
  switch (field.type) {
    case 'longstr':
      return typeof field.value === 'string' ? field.value : undefined
    case 'binary':
      return isUtf8(field.value) ? field.value.toString() : undefined
    case 'decimal':
      return String(field.value.unscaled / 10 ** field.value.scale)
    case 'array':
    case 'table':
    case 'void':
      return undefined
    default:
      return String(field.value)
  }
}

function isMqttText(text: string): boolean {
  if (!text.isWellFormed()) return false
  const bytes = Buffer.from(text)
  return bytes.length <= textSizeMax && isText(bytes, 0, bytes.length)
}

function numberIn(headers: readonly FieldEntry[], name: string): number | undefined {
  const value = find(headers, name)?.value
  return typeof value === 'number' ? value : undefined
}

function find(headers: readonly FieldEntry[], wanted: string): FieldValue | undefined {
  return headers.find(({ name }) => name === wanted)?.value
}

function add(headers: FieldEntry[], name: string, value: FieldValue): void {
  headers.push({ name, value })
}

function longText(value: string): FieldValue {
  return { type: 'longstr', value }
}
