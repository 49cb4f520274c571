// Counters and rates with the words of RabbitMQ's `message_stats`: `publish` and `publish_details.rate`.
import { z } from 'zod'
import { type Counts, noRates, type Rates, type Sample } from '../../broker/statistics/sample.ts'
import type { JsonObject } from '../api/columns.ts'

/** RabbitMQ's name → counters that it is the sum of. */
export type StatNames = Readonly<Record<string, readonly string[]>>

const deliveries: StatNames = {
  deliver: ['delivered'],
  deliver_no_ack: ['deliveredNoAck'],
  get: ['got'],
  get_no_ack: ['gotNoAck'],
  get_empty: ['gotEmpty'],
  redeliver: ['redelivered'],
  ack: ['acked'],
  deliver_get: ['delivered', 'deliveredNoAck', 'got', 'gotNoAck'],
}

export const queueStats: StatNames = { publish: ['published'], ...deliveries }

/** Of a channel, and of all messages. */
export const clientStats: StatNames = {
  ...queueStats,
  confirm: ['confirmed'],
  return_unroutable: ['returned'],
  drop_unroutable: ['dropped'],
}

export const exchangeStats: StatNames = {
  publish_in: ['publishedIn'],
  publish_out: ['publishedOut'],
}

export const lengthStats: StatNames = {
  messages: ['ready', 'unacked'],
  messages_ready: ['ready'],
  messages_unacknowledged: ['unacked'],
}

export const octetStats: StatNames = { recv_oct: ['received'], send_oct: ['sent'] }

/** Of a virtual host: what is published to its exchanges may come into several queues. */
export const vhostStats: StatNames = {
  ...deliveries,
  publish: ['publishedIn'],
  confirm: ['confirmed'],
  return_unroutable: ['returned'],
  drop_unroutable: ['dropped'],
}

export const churnStats: StatNames = {
  connection_created: ['connectionsOpened'],
  connection_closed: ['connectionsClosed'],
  channel_created: ['channelsOpened'],
  channel_closed: ['channelsClosed'],
  queue_declared: ['queuesDeclared'],
  queue_created: ['queuesCreated'],
  queue_deleted: ['queuesDeleted'],
}

/** A commit of the log is one write and one sync. */
export const diskStats: StatNames = {
  io_write_count: ['commits'],
  io_write_bytes: ['committedSize'],
  io_sync_count: ['commits'],
}

/** A history as it is asked for: samples at times with so much between them. */
export interface Range {
  readonly samples: readonly Sample[]
  readonly ageMs: number
  readonly stepMs: number
  readonly now: number
}

/** What RabbitMQ has for each: the count, and how fast it changes. */
export function statsJson(
  names: StatNames,
  counts: Counts,
  rates: Rates = noRates,
  range?: Range,
): JsonObject {
  const stats: Record<string, unknown> = {}
  for (const name in names) stats[name] = sumOf(names[name]!, counts)
  return { ...stats, ...detailsJson(names, rates, range) }
}

/** The same without the counts themselves. */
export function detailsJson(names: StatNames, rates: Rates, range?: Range): JsonObject {
  const stats: Record<string, unknown> = {}
  for (const name in names) {
    let rate = 0
    for (const counter of names[name]!) rate += rates.of(counter)
    stats[`${name}_details`] = {
      rate,
      ...(range !== undefined && historyJson(names[name]!, range)),
    }
  }
  return stats
}

export function sumOf(counters: readonly string[], counts: Counts): number {
  let sum = 0
  for (const counter of counters) sum += counts[counter] ?? 0
  return sum
}

/** Newest first, as far back as there is something. */
function historyJson(counters: readonly string[], { samples, ...asked }: Range): JsonObject {
  const { ageMs, stepMs, now } = asked
  const last = now - (now % stepMs)
  const shown: { readonly sample: number; readonly timestamp: number }[] = []
  let index = samples.length - 1
  for (let timestamp = last; timestamp >= last - ageMs; timestamp -= stepMs) {
    while (index >= 0 && samples[index]!.time > timestamp) index--
    if (index < 0) break
    shown.push({ sample: sumOf(counters, samples[index]!.counts), timestamp })
  }
  const [newest] = shown
  const oldest = shown.at(-1)
  if (newest === undefined || oldest === undefined) return { samples: [], avg_rate: 0, avg: 0 }
  const seconds = (newest.timestamp - oldest.timestamp) / 1000
  const total = shown.reduce((sum, { sample }) => sum + sample, 0)
  return {
    samples: shown,
    avg_rate: seconds === 0 ? 0 : (newest.sample - oldest.sample) / seconds,
    avg: total / shown.length,
  }
}

const detailSchema = z.object({
  rate: z.number().describe('Per second'),
  samples: z.array(z.object({ sample: z.number(), timestamp: z.number() })).optional(),
  avg_rate: z.number().optional(),
  avg: z.number().optional(),
})

/** What each of two things does with the other is counted by a RabbitMQ with `rates_mode` detailed only. */
export const noPairs: z.ZodOptional<z.ZodType> = z
  .array(z.never())
  .describe('Not counted, as with RabbitMQ’s rates mode basic')
  .optional()

/** A schema for what `statsJson` makes of these names. */
export function statsSchema(names: StatNames): z.ZodType {
  return z.object(statsShape(names))
}

export function statsShape(names: StatNames): Record<string, z.ZodType> {
  const count = z.number().int().nonnegative()
  return {
    ...Object.fromEntries(Object.keys(names).map((name) => [name, count])),
    ...detailsShape(names),
  }
}

export function detailsShape(names: StatNames): Record<string, z.ZodOptional<z.ZodType>> {
  return Object.fromEntries(
    Object.keys(names).map((name) => [`${name}_details`, detailSchema.optional()]),
  )
}
