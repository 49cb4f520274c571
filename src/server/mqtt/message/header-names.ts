// Headers of messages that MQTT's clients publish: what AMQP's properties cannot say, and only where there is such a
// thing. The topic, QoS 2 and retain are the broker's own (`record/message/published-topic.ts`).
import { qosHeader, retainHeader, topicHeader } from '../../../record/message/published-topic.ts'

type MqttHeader =
  | 'topic'
  | 'qos'
  | 'retain'
  | 'responseKey'
  | 'responseTopic'
  | 'correlationData'
  | 'payloadFormat'
  | 'contentType'
  | 'messageExpiry'
  | 'userProperties'

export const mqttHeader: Readonly<Record<MqttHeader, string>> = {
  topic: topicHeader,
  qos: qosHeader,
  retain: retainHeader,
  /** The routing key of the response topic, as RabbitMQ has it. */
  responseKey: 'x-reply-to-topic',
  /** The response topic itself, where that key does not lead back to it. */
  responseTopic: 'mqtt.response-topic',
  /** Correlation data that is no text of AMQP's property. */
  correlationData: 'x-correlation-id',
  /** 1: the payload is text. */
  payloadFormat: 'x-mqtt-payload-format',
  /** A content type that is too long for AMQP's property. */
  contentType: 'x-mqtt-content-type',
  /** Seconds, where AMQP's expiration does not reach so far. */
  messageExpiry: 'x-mqtt-message-expiry',
  /** All user properties, name, value, name, value …, where headers alone would change them. */
  userProperties: 'x-mqtt-user-properties',
}

const own: ReadonlySet<string> = new Set(Object.values(mqttHeader))

/** What the broker acts on or writes itself, which a client of MQTT cannot say with a user property of the name. */
const reserved: ReadonlySet<string> = new Set(['CC', 'BCC', 'x-death'])

/** Whether a header is one of those above and no user property. */
export function isOwnHeader(name: string): boolean {
  return own.has(name)
}

/** Whether a user property can be a header of its name: that is so short, and nobody takes it for something else. */
export function canBeHeader(name: string): boolean {
  return !own.has(name) && !reserved.has(name) && Buffer.byteLength(name) <= 255
}
