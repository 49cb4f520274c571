// The queue that both programs declare in the same way.

export const queue = 'invoices'

const day = 24 * 60 * 60 * 1000

export async function declare(channel) {
  await channel.assertQueue(queue, {
    durable: true,
    // Acked messages stay this long, and can be made ready again.
    arguments: { 'x-retention-ms': 7 * day },
  })
}
