// Names of the queues that the broker makes for STOMP's subscriptions to topics and exchanges: RabbitMQ's.

export const stompQueuePrefix = 'stomp-subscription-'

/** Whether the broker made a queue for a subscription: behind the prefix is a digest in base64url. */
export function isStompQueueName(name: string): boolean {
  return /^stomp-subscription-[\w-]{22}$/.test(name)
}
