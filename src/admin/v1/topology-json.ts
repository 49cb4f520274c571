// The picture of a virtual host as JSON.
import { z } from 'zod'
import type { Destination } from '../../broker/destination.ts'
import type { Exchange } from '../../broker/exchange/exchange.ts'
import { waitsForNobody } from '../../broker/session/session-queue-names.ts'
import { argumentsToJson } from '../../definitions/arguments-json.ts'
import { propertiesKey } from '../rabbitmq/properties-key.ts'
import type { Edge } from '../topology/draw-edges.ts'
import { exchangeRates, queueRates } from '../topology/rates.ts'
import type { Survey } from '../topology/survey.ts'
import { idOf, linkKinds, type Reader, type Thing } from '../topology/thing.ts'

const flags = [
  'auto_delete',
  'deduplicates',
  'exclusive',
  'full',
  'internal',
  'keeps_acked',
  'missing',
  'no_consumers',
  'transient',
  'unbound',
  'unroutable',
] as const
export type TopologyFlag = (typeof flags)[number]

export interface TopologyNodeJson {
  readonly id: string
  readonly kind: 'exchange' | 'queue' | 'topic' | 'client' | 'group'
  readonly name: string
  readonly type: string
  readonly flags: readonly TopologyFlag[]
  readonly in: number
  readonly out: number
  readonly messages: number
  readonly ready: number
  readonly consumers: number
  readonly unroutable: number
  readonly delayed: number
  readonly hidden: number
}

export interface TopologyBindingJson {
  readonly routing_key: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly properties_key: string
}

export interface TopologyEdgeJson {
  readonly kind: (typeof linkKinds)[number]
  readonly from: string
  readonly to: string
  readonly count: number
  readonly bindings: readonly TopologyBindingJson[]
  readonly routing_key: string | null
  readonly rate: number | null
  readonly lag: number | null
}

const count = z.number().int().nonnegative()

export const nodeSchema: z.ZodType<TopologyNodeJson> = z.object({
  id: z
    .string()
    .describe('`exchange:`, `queue:` (of topics, too), `client:` or `group:`, and the name'),
  kind: z.enum(['exchange', 'queue', 'topic', 'client', 'group']),
  name: z.string(),
  type: z.string().describe('Of an exchange or a queue; of a client its protocol'),
  flags: z
    .array(z.enum(flags))
    .describe('`unbound`: an exchange that leads nowhere, or a queue that only its name leads to'),
  in: z.number().describe('Messages a second that come in'),
  out: z.number().describe('Messages a second that go on: routed, delivered, got or fetched'),
  messages: count.describe('In a queue or topic; what a group has not read'),
  ready: count,
  consumers: count.describe('Of a queue; members of a group'),
  unroutable: count.describe(
    'Messages that an exchange found no queue for, since the broker started',
  ),
  delayed: count.describe('Messages that wait at an exchange'),
  hidden: count.describe('Links to things that are not in the answer'),
})

const bindingSchema = z.object({
  routing_key: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  properties_key: z.string(),
})

export const edgeSchema: z.ZodType<TopologyEdgeJson> = z.object({
  kind: z
    .enum(linkKinds)
    .describe('`default`: the default exchange leads to each queue by its name'),
  from: z.string(),
  to: z.string(),
  count: count.describe('Bindings, or consumers'),
  bindings: z.array(bindingSchema).describe('The first ten of them'),
  routing_key: z.string().nullable().describe('That dead letters get'),
  rate: z.number().nullable().describe('Messages a second; null where several ways bring some'),
  lag: count.nullable().describe('Messages that a group has not read'),
})

export function nodeJson(thing: Thing, survey: Survey, hidden: number): TopologyNodeJson {
  const { name } = thing
  const basic = { ...nothing, id: idOf(thing.kind, name), name, hidden }
  switch (thing.kind) {
    case 'exchange':
      return { ...basic, kind: 'exchange', ...exchangeFacts(thing.exchange, survey) }
    case 'missing':
      return { ...basic, kind: 'exchange', type: '', flags: ['missing'] }
    case 'queue':
      return { ...basic, kind: thing.queue.kind, ...queueFacts(thing.queue, survey) }
    default:
      return { ...basic, kind: thing.kind, ...readerFacts(thing) }
  }
}

const nothing = {
  flags: [],
  in: 0,
  out: 0,
  messages: 0,
  ready: 0,
  consumers: 0,
  unroutable: 0,
  delayed: 0,
} satisfies Partial<TopologyNodeJson>

type Facts = Partial<TopologyNodeJson> & Pick<TopologyNodeJson, 'type'>

function exchangeFacts(exchange: Exchange<Destination>, survey: Survey): Facts {
  const { name, type, counters, alternate, delay } = exchange
  const unroutable = counters.dropped + counters.returned
  const isUnbound = name !== '' && !survey.isBound(exchange) && alternate === undefined
  return {
    type,
    ...exchangeRates(exchange, survey.statistics),
    unroutable,
    delayed: delay?.messageCount ?? 0,
    flags: flagsOf({
      unroutable: unroutable > 0,
      unbound: isUnbound,
      internal: exchange.isInternal,
      auto_delete: exchange.isAutoDelete,
      deduplicates: exchange.ids !== undefined,
      transient: !exchange.isDurable,
    }),
  }
}

function queueFacts(queue: Destination, { statistics, byNameOnly, readersOf }: Survey): Facts {
  const { name, type } = queue
  const isQueue = queue.kind === 'queue'
  return {
    type,
    ...queueRates(queue, statistics),
    messages: queue.messageCount,
    ready: queue.readyCount,
    consumers: queue.consumerCount,
    flags: flagsOf({
      unbound: byNameOnly.has(name),
      no_consumers:
        isQueue && queue.consumerCount === 0 && !readersOf.has(name) && !waitsForNobody(name),
      full: queue.mayRefuse && !queue.hasRoomFor({ count: 1, size: 0 }),
      exclusive: queue.isExclusive,
      auto_delete: queue.isAutoDelete,
      keeps_acked: isQueue && queue.retained !== undefined,
      transient: !queue.isDurable,
    }),
  }
}

function readerFacts(reader: Reader): Facts {
  const sum = [...reader.queues.values()].reduce((total, each) => total + each, 0)
  if (reader.kind === 'client') return { type: reader.protocol, consumers: sum }
  return {
    type: 'Kafka',
    messages: sum,
    consumers: reader.members,
    flags: reader.members === 0 ? ['no_consumers'] : [],
  }
}

function flagsOf(held: Partial<Record<TopologyFlag, boolean>>): TopologyFlag[] {
  return flags.filter((flag) => held[flag] === true)
}

export function edgeJson(edge: Edge, rate: number | undefined): TopologyEdgeJson {
  const { kind, from, to, links, count: linkCount } = edge
  const [first] = links
  return {
    kind,
    from,
    to,
    count: first?.consumers ?? linkCount,
    bindings: links.flatMap(({ binding }) =>
      binding === undefined
        ? []
        : [
            {
              routing_key: binding.routingKey,
              arguments: argumentsToJson(binding.arguments),
              properties_key: propertiesKey(binding.routingKey, binding.arguments),
            },
          ],
    ),
    routing_key: first?.routingKey ?? null,
    rate: rate ?? null,
    lag: first?.lag ?? null,
  }
}
