// Types of exchanges as RabbitMQ's management shows them.
import { z } from 'zod'
import { exchangeTypes } from '../../broker/exchange/create-matcher.ts'

const descriptions: ReadonlyMap<string, string> = new Map([
  ['direct', 'To queues that are bound with the routing key'],
  ['fanout', 'To all queues that are bound'],
  ['headers', 'To queues that are bound with headers of the message'],
  ['topic', 'To queues that are bound with patterns of the routing key'],
  ['x-consistent-hash', 'To one queue, by a hash, each its share'],
  ['x-local-random', 'To one queue by chance'],
  ['x-message-deduplication', 'To all queues that are bound, each message once'],
  ['x-modulus-hash', 'To one queue, by a hash of the routing key'],
  ['x-random', 'To one queue by chance'],
  ['x-recent-history', 'To all queues that are bound; who binds gets the last messages'],
])

export const exchangeTypesSchema: z.ZodType = z.array(
  z.object({ name: z.string(), description: z.string(), enabled: z.boolean() }),
)

export function exchangeTypesJson(): unknown[] {
  return exchangeTypes.map((name) => {
    return { name, description: descriptions.get(name) ?? '', enabled: true }
  })
}
