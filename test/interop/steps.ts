// What every client must see, step by step. A client program prints one JSON line per step; its
// result must equal the one here. What a client has no means for stands in clients.ts.

import type { ClientProtocol } from './client.ts'
import { mqtt5Steps, mqttSteps } from './mqtt-steps.ts'
import type { Steps } from './step-table.ts'
import { stompSteps } from './stomp-steps.ts'

/** Steps of a Kafka client. Proven against Kafka 4.3. */
const kafkaSteps: Steps = {
  'create topic': { partitions: 3 },
  'unknown topic': { code: 3 },
  'auto-create topic': { partitions: 1 },
  'produce uncompressed': { records: 12 },
  'produce gzip': { records: 12 },
  'produce snappy': { records: 12 },
  'produce lz4': { records: 12 },
  'produce zstd': { records: 12 },
  'idempotent producer': { records: 20 },
  'too large record': { code: 10 },
  'consume in a group': { missing: 0, again: 0, keysInOrder: true },
  'resume after commit': { first: 'r-10', records: 10 },
  'share partitions': { partitions: [1, 2] },
  'take over partitions': { partitions: 3 },
  'wrong generation': { code: 22 },
  headers: { text: 'text', binary: '00ff80', empty: '' },
  'null header': { value: null },
  'repeated header': { values: ['1', '2'] },
  tombstone: { key: 'gone', value: null },
  'null key': { key: null, value: 'keyless' },
  'large record': { bytes: 921_600, same: true },
  timestamps: { first: 1_700_000_000_000, last: 1_700_000_009_000 },
  'offset for a time': { at: 5, beyond: null },
  'log ends': { low: 0, high: 10 },
  'list topics': { found: true },
  'describe topic': { partitions: 3, replicas: 1 },
  'describe configs': { 'retention.ms': '3600000', 'cleanup.policy': 'delete' },
  'alter configs': { 'retention.ms': '7200000' },
  'add partitions': { partitions: 5 },
  'list groups': { found: true },
  'describe group': { state: 'Empty', members: 0 },
  'group offsets': { offset: 20 },
  'set group offsets': { offset: 5 },
  'delete records': { low: 5 },
  'delete group': { found: false },
  'delete topic': { found: false },
}

/** Steps of an AMQP 0-9-1 client. Proven against RabbitMQ 3.10. */
const amqpSteps: Steps = {
  declare: { messages: 0, consumers: 0 },
  'publish confirmed': { confirmed: 100, messages: 100 },
  'consume and ack': { received: 100, inOrder: true, left: 0 },
  'nack and requeue': { first: false, again: true },
  reject: { left: 0 },
  headers: { text: 'ä', long: 5_000_000_000, flag: true, list: [1, 'b'], table: { inner: 'x' } },
  properties: { contentType: 'text/plain', correlationId: 'c-1', messageId: 'm-1', priority: 3 },
  'mandatory return': { code: 312, text: 'NO_ROUTE' },
  'large body': { bytes: 4_194_304, same: true },
  'topic exchange': { received: ['order.created', 'order.paid'] },
  prefetch: { unacked: 3 },
  'missing queue': { code: 404 },
  'delete queue': { messages: 2 },
}

/** By protocol. */
export const stepsOf: Readonly<Record<ClientProtocol, Steps>> = {
  kafka: kafkaSteps,
  amqp: amqpSteps,
  mqtt: { ...mqttSteps, ...mqtt5Steps },
  stomp: stompSteps,
}
