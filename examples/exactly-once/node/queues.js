// The queues and the topic that all programs declare in the same way.

export const orders = 'new_orders'
export const topic = 'priced_orders'
/** Reads the topic as a work queue does: the records are acked one by one and stay in the topic. */
export const topicForPacking = 'priced_orders.packing'
export const parcels = 'parcels'

export async function declare(channel) {
  const durable = { durable: true }
  await channel.queueDeclare(orders, durable)
  await channel.queueDeclare(topic, durable, { 'x-queue-type': 'stream', 'x-partitions': 3 })
  await channel.queueDeclare(topicForPacking, durable, {
    'x-source': topic,
    'x-source-offset': 'first',
  })
  await channel.queueDeclare(parcels, durable)
}
