// The queues that all three programs declare in the same way.

export const queue = 'payments'
export const deadQueue = 'payments.dead'

const firstRetryMs = Number(process.env.FIRST_RETRY_MS ?? 1000)

export async function declare(channel) {
  // A classic queue: a quorum queue would drop a dead letter that was looked at too often.
  await channel.assertQueue(deadQueue, { durable: true })
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      // Only quorum queues count how often a message came back.
      'x-queue-type': 'quorum',
      // The broker waits before each retry: 1 s, 2 s, 3 s, …, a minute at most.
      'x-delayed-retry-type': 'all',
      'x-delayed-retry-min': firstRetryMs,
      'x-delayed-retry-max': 60 * firstRetryMs,
      // The first try and three more.
      'x-delivery-limit': 3,
      // The default exchange leads to the queue that the routing key names.
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': deadQueue,
    },
  })
}
