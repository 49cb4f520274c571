// The exchange that waits and the queue behind it, declared by both programs in the same way.

export const exchange = 'reminders.later'
export const queue = 'reminders'

export async function declare(channel) {
  await channel.assertExchange(exchange, 'x-delayed-message', {
    durable: true,
    // How the exchange routes once the delay has passed.
    arguments: { 'x-delayed-type': 'direct' },
  })
  await channel.assertQueue(queue, { durable: true })
  await channel.bindQueue(queue, exchange, queue)
}
