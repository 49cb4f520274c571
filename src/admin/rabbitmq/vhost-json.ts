// A virtual host as RabbitMQ's management shows it.
import { z } from 'zod'
import type { JsonObject } from '../api/columns.ts'
import {
  lengthStats,
  octetStats,
  statsJson,
  statsSchema,
  statsShape,
  sumOf,
  vhostStats,
} from './message-stats.ts'
import type { SummedVHost } from './vhost-sums.ts'

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
  cluster_state: z.record(z.string(), z.string()).describe('running, by node'),
  ...optional(statsShape(lengthStats)),
  ...optional(statsShape(octetStats)),
  message_stats: statsSchema(vhostStats)
    .optional()
    .describe(
      'Sums of the queues, exchanges and connections that there are now; so are the others',
    ),
})

export function vhostJson(
  { vhost, counts, rates }: SummedVHost,
  { hasStatistics, node }: { readonly hasStatistics: boolean; readonly node: string },
): JsonObject {
  const { name, metadata: kept = {} } = vhost
  const { description = '', tags = [], defaultQueueType = 'classic', isProtected = false } = kept
  const hasCounted = Object.values(vhostStats).some((names) => sumOf(names, counts) > 0)
  const shown = { description, tags, default_queue_type: defaultQueueType }
  return {
    name,
    ...shown,
    protected_from_deletion: isProtected,
    metadata: shown,
    tracing: false,
    cluster_state: { [node]: 'running' },
    ...(hasStatistics && {
      ...statsJson(lengthStats, counts, rates),
      ...statsJson(octetStats, counts, rates),
      ...(hasCounted && { message_stats: statsJson(vhostStats, counts, rates) }),
    }),
  }
}

function optional(shape: Readonly<Record<string, z.ZodType>>): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(shape).map(([name, type]) => [name, type.optional()]))
}
