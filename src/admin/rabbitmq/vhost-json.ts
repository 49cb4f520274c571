// A virtual host as RabbitMQ's management shows it.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { JsonObject } from '../api/columns.ts'
import { nodeName } from './node-name.ts'

const count = z.int().nonnegative()

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
  messages: count.describe('In all of its queues, ready and unacknowledged'),
  messages_ready: count,
  messages_unacknowledged: count,
})

/** A virtual host, and how many messages are in it. */
export interface CountedVHost {
  readonly vhost: VHost<Destination>
  readonly ready: number
  readonly unacked: number
}

/** Others have their turn meanwhile: there may be a hundred thousand queues. */
export function* countVHosts(vhosts: readonly VHost<Destination>[]): Steps<CountedVHost[]> {
  const counted: CountedVHost[] = []
  for (const vhost of vhosts) {
    let [ready, unacked, looked] = [0, 0, 0]
    for (const queue of vhost.queues()) {
      ready += queue.readyCount
      unacked += queue.unackedCount
      if (++looked % adminLimits.listedAtOnceMax === 0) yield
    }
    counted.push({ vhost, ready, unacked })
    yield
  }
  return counted
}

export function vhostJson({ vhost, ready, unacked }: CountedVHost): JsonObject {
  const { name, metadata: kept = {} } = vhost
  const { description = '', tags = [], defaultQueueType = 'classic', isProtected = false } = kept
  const shown = { description, tags, default_queue_type: defaultQueueType }
  return {
    name,
    ...shown,
    protected_from_deletion: isProtected,
    metadata: shown,
    tracing: false,
    cluster_state: { [nodeName]: 'running' },
    messages: ready + unacked,
    messages_ready: ready,
    messages_unacknowledged: unacked,
  }
}
