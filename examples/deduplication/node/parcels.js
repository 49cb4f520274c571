// What both programs declare in the same way.

export const exchange = 'parcels'
export const queue = 'parcels.to-send'

export async function declare(channel) {
  await channel.assertExchange(exchange, 'x-message-deduplication', {
    durable: true,
    arguments: {
      // How many ids are remembered. More than can be sent before the first one is sent again.
      'x-cache-size': 100_000,
      // And for how long: an hour.
      'x-cache-ttl': 60 * 60 * 1000,
    },
  })
  await channel.assertQueue(queue, { durable: true })
  await channel.bindQueue(queue, exchange, '')
}
