// What is shown of one queue that would take too long for each of many: who consumes it, and whose it is.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import { resultOf, type Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'
import type { ManagementParts } from '../answers.ts'
import type { JsonObject } from '../api/columns.ts'
import { consumerJson, consumerSchema } from './channel-json.ts'
import { connectionDetails } from './connection-json.ts'
import { channelsOf, consumersOf, listedClients, ownerOf } from './listed-client.ts'
import { detailsJson, lengthStats, noPairs, queueStats } from './message-stats.ts'
import { queueSchema } from './queue-json.ts'
import { memoryOf } from './queue-sizes.ts'
import { rangeOf, type RangeQuery } from './range-query.ts'

export const detailedQueueSchema: z.ZodType = queueSchema.extend({
  consumer_details: z.array(consumerSchema).optional(),
  deliveries: noPairs,
  incoming: noPairs,
  head_message_timestamp: z
    .number()
    .int()
    .nullable()
    .optional()
    .describe('What its first message says when it was sent, in seconds since 1970'),
  owner_pid_details: z
    .object({ name: z.string(), peer_host: z.string(), peer_port: z.number().int() })
    .optional()
    .describe('The connection that an exclusive queue belongs to'),
})

export function* queueDetails(
  queue: Destination,
  { broker, clients }: Pick<ManagementParts, 'broker' | 'clients'>,
): Steps<JsonObject> {
  const consumers: JsonObject[] = []
  let looked = 0
  for (const on of queue.consumerCount + queue.unackedCount === 0
    ? []
    : channelsOf(listedClients(clients, queue.vhost))) {
    for (const listed of consumersOf([on])) {
      if (listed.consumer.queueName === queue.name) consumers.push(consumerJson(listed))
    }
    if (++looked % adminLimits.listedAtOnceMax === 0) yield
  }
  const owner = queue.owner === undefined ? undefined : ownerOf(clients, queue.owner)
  const head = queue.messageCount === 0 ? undefined : yield* resultOf(headTimestamp(broker, queue))
  return {
    consumer_details: consumers,
    deliveries: [],
    incoming: [],
    memory: memoryOf(queue),
    head_message_timestamp: head ?? null,
    ...(owner !== undefined && { owner_pid_details: connectionDetails(owner) }),
  }
}

/** Undefined where its first message has no timestamp, or cannot be read. */
async function headTimestamp(broker: Broker, queue: Destination): Promise<number | undefined> {
  const asked = { start: { kind: 'head' }, after: undefined, count: 1 } as const
  const page = await broker
    .browse(queue, { ...asked, payloadSizeMax: 0, partition: undefined })
    .catch(() => undefined)
  const timestamp = page?.messages[0]?.properties?.timestamp
  return timestamp === undefined ? undefined : Number(timestamp)
}

interface HistoryAsked {
  readonly query: RangeQuery
  readonly statistics: Statistics
  readonly now: number
}

/** The parts of `object` that show a history, where one is asked for. */
export function queueHistory(
  queue: Destination,
  object: JsonObject,
  { query, statistics, now }: HistoryAsked,
): JsonObject {
  const asked = { samples: () => statistics.historyOf(queue), now }
  const rates = statistics.ratesOf(queue)
  const messages = rangeOf(query, 'msg_rates', asked)
  const lengths = rangeOf(query, 'lengths', asked)
  const stats = object['message_stats'] as JsonObject | undefined
  return {
    ...(lengths !== undefined && detailsJson(lengthStats, rates, lengths)),
    ...(messages !== undefined &&
      stats !== undefined && {
        message_stats: { ...stats, ...detailsJson(queueStats, rates, messages) },
      }),
  }
}
