// A queue or a stream as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { JsonObject } from '../api/columns.ts'

const count = z.number().int().nonnegative()

export const queueSchema: z.ZodType = z.object({
  vhost: z.string(),
  name: z.string(),
  type: z.string().describe('classic, quorum or stream'),
  durable: z.boolean(),
  auto_delete: z.boolean(),
  exclusive: z.boolean(),
  messages: count.describe('Ready and unacknowledged'),
  messages_ready: count,
  messages_unacknowledged: count,
  consumers: count,
  policy: z.string().nullable(),
  operator_policy: z.string().nullable(),
})

export function queueJson(queue: Destination): JsonObject {
  const { messageCount, unackedCount, policy } = queue
  return {
    vhost: queue.vhost,
    name: queue.name,
    type: queue.type,
    durable: queue.isDurable,
    auto_delete: queue.isAutoDelete,
    exclusive: queue.isExclusive,
    messages: messageCount,
    messages_ready: queue.readyCount,
    messages_unacknowledged: unackedCount,
    consumers: queue.consumerCount,
    policy: policy?.policy ?? null,
    operator_policy: policy?.operatorPolicy ?? null,
  }
}
