// The pages of the UI by their URLs, with something to show on each.
import type { UiUnderTest } from './open-ui.ts'

/** Every page; those of a stream are of `orders`. */
export const pageUrls: readonly string[] = [
  '/',
  '/streams',
  '/stream?vhost=%2F&name=orders',
  '/stream/messages?vhost=%2F&name=orders',
  '/stream/consumers?vhost=%2F&name=orders',
  '/stream/deaths?vhost=%2F&name=orders.dead',
  '/deaths',
  '/jobs',
  '/schedule',
  '/transactions',
  '/topology',
  '/trace',
  '/connections',
  '/access',
  '/storage',
  '/settings',
  '/start',
  '/demo',
]

/** A few queues and a topic, messages in them, one that died and one that waits. */
export async function makeSomething(ui: UiUnderTest): Promise<void> {
  const deadLetters = {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'orders.dead',
  }
  await ui.ask('PUT', '/queues/%2F/orders', { durable: true, arguments: deadLetters })
  await ui.ask('PUT', '/queues/%2F/orders.dead', { durable: true })
  await ui.ask('PUT', '/queues/%2F/events', {
    durable: true,
    arguments: { 'x-queue-type': 'stream' },
  })
  await ui.ask('PUT', '/exchanges/%2F/shop', { type: 'topic', durable: true })
  await ui.ask('PUT', '/exchanges/%2F/later', {
    type: 'x-delayed-message',
    durable: true,
    arguments: { 'x-delayed-type': 'direct' },
  })
  await ui.ask('POST', '/bindings/%2F/e/shop/q/orders', { routing_key: 'order.#' })
  await ui.ask('POST', '/bindings/%2F/e/later/q/orders', { routing_key: 'orders' })
  await ui.publish('orders', '{"order": 1, "total": 12.5}', 'plain text')
  await ui.publish('events', 'one', 'two', 'three')
  const delayed = {
    routing_key: 'orders',
    payload: 'later',
    properties: { headers: { 'x-delay': 3_600_000 } },
  }
  await ui.ask('POST', '/v1/exchanges/%2F/later/messages', { messages: [delayed] })
  await ui.ask('POST', '/queues/%2F/orders/get', {
    count: 1,
    ackmode: 'reject_requeue_false',
    encoding: 'auto',
  })
}
