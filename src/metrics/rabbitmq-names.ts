// What RabbitMQ's metrics call what this broker has.
import type { ClientProtocol } from '../auth/principal.ts'
import type { QueueType } from '../broker/queue-arguments.ts'

export const rabbitProtocols: Readonly<Record<ClientProtocol, string>> = {
  'AMQP 0-9-1': 'amqp091',
  Kafka: 'kafka',
  MQTT: 'mqtt',
  STOMP: 'stomp',
  HTTP: 'http',
}

export const rabbitQueueTypes: Readonly<Record<QueueType, string>> = {
  classic: 'rabbit_classic_queue',
  quorum: 'rabbit_quorum_queue',
  stream: 'rabbit_stream_queue',
}

/** Where answers to requests (direct reply-to) come from, since RabbitMQ 4.2. */
export const volatileQueueType = 'rabbit_volatile_queue'

/** By the version that clients of MQTT speak. */
export const rabbitMqttVersions: Readonly<Record<string, string>> = {
  'MQTT 3.1': 'mqtt310',
  'MQTT 3.1.1': 'mqtt311',
  'MQTT 5.0': 'mqtt50',
}

/** What RabbitMQ calls connections of MQTT for messages of QoS 0, which go past all queues. */
export const qos0QueueType = 'rabbit_mqtt_qos0_queue'
