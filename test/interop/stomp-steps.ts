// What every STOMP client must see, step by step. Proven against RabbitMQ 3.10 with rabbitmq_stomp.

import type { Steps } from './step-table.ts'

/** Steps of a STOMP client. */
export const stompSteps: Steps = {
  connect: { version: '1.2' },
  'send with receipt': { receipts: 100 },
  'subscribe and receive': { received: 100, inOrder: true },
  'ack of one': { left: ['1', '3'] },
  'cumulative ack': { left: ['3'] },
  'nack and requeue': { first: 'false', again: 'true' },
  'escaped headers': { value: 'a:b\nc\\d ä' },
  properties: {
    contentType: 'text/plain',
    correlationId: 'c-1',
    priority: '3',
    persistent: 'true',
  },
  'binary body': { same: true },
  'large body': { bytes: 921_600, same: true },
  'topic destination': { received: ['order.created', 'order.paid'] },
  'exchange destination': { received: ['to all'] },
  'missing queue': { message: 'not_found' },
  'committed transaction': { before: 0, received: ['1', '2'] },
  'aborted transaction': { received: ['end'] },
  'reply to a temporary queue': { reply: 'pong' },
  'durable subscription': { received: ['1', '2', '3'] },
  prefetch: { unacked: 2, next: '3' },
  unsubscribe: { received: ['before'] },
  'heart-beats': { alive: true },
  'refused login': { message: 'Bad CONNECT' },
}
