// A virtual host as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { JsonObject } from '../api/columns.ts'

const metadata = {
  description: z.string(),
  tags: z.array(z.string()),
  default_queue_type: z.string().describe('Of queues that are declared without one'),
}

export const vhostSchema: z.ZodType = z.object({
  name: z.string(),
  ...metadata,
  protected_from_deletion: z.boolean(),
  metadata: z.object(metadata),
  tracing: z.boolean(),
})

export function vhostJson({ name, metadata: kept = {} }: VHost<Destination>): JsonObject {
  const { description = '', tags = [], defaultQueueType = 'classic', isProtected = false } = kept
  const shown = { description, tags, default_queue_type: defaultQueueType }
  const rest = { protected_from_deletion: isProtected, metadata: shown, tracing: false }
  return { name, ...shown, ...rest }
}
