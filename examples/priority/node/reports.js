// The queue, declared by both programs in the same way.

export const queue = 'report_orders'

export async function declare(channel) {
  await channel.assertQueue(queue, {
    durable: true,
    // Higher ones count as 3, and messages without a priority as 0.
    arguments: { 'x-max-priority': 3 },
  })
}
