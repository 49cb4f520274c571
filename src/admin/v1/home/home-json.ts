// What the home page shows: what is wrong, what happens, and where to connect.
import { z } from 'zod'
import { takenOf } from '../../../broker/statistics/read-counts.ts'
import type { Sample } from '../../../broker/statistics/sample.ts'
import { formatAddress } from '../../../lib/listen.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { BrokerFigures } from '../../broker-status.ts'
import { rateHistorySchema } from '../rate-history-schema.ts'
import { type Finding, findingSchema, type Severity } from './finding.ts'

const count = z.number().int()

export interface RatesJson {
  readonly in: number
  readonly out: number
  readonly ack: number
}

/** Of the last hour, or since the start: each at the end of a step. */
export interface HistoryJson {
  readonly times: readonly number[]
  readonly in: readonly number[]
  readonly out: readonly number[]
  readonly ack: readonly number[]
}

export interface GrowerJson {
  readonly vhost: string
  readonly name: string
  readonly ready: number
  readonly growth: number
  readonly consumers: number
  readonly values: readonly number[]
}

export interface ListenerJson {
  readonly service: string
  readonly protocol: 'AMQP' | 'Kafka' | 'MQTT' | 'STOMP' | 'HTTP' | 'metrics'
  readonly tls: boolean
  readonly host: string
  readonly port: number
  readonly url: string
  /** Whose it is, in a cluster. */
  readonly node?: string
}

export interface HomeJson {
  readonly health: Severity
  readonly findings: readonly Finding[]
  readonly version: string
  readonly node: string
  readonly cluster: string
  readonly state: string
  readonly started: number
  readonly is_empty: boolean
  readonly rates: RatesJson
  readonly history: HistoryJson | null
  readonly growers: readonly GrowerJson[]
  readonly counts: Readonly<Record<CountName, number>>
  readonly protocols: Readonly<Record<string, number>>
  readonly listeners: readonly ListenerJson[]
  readonly nodes: {
    readonly count: number
    readonly gone: number
    readonly cells_out: number
  } | null
}

export type CountName =
  | 'streams'
  | 'queues'
  | 'topics'
  | 'ready'
  | 'unacked'
  | 'consumers'
  | 'dead_letters'
  | 'delayed'
  | 'connections'
  | 'blocked_connections'
  | 'groups'

const rates = { in: z.number(), out: z.number(), ack: z.number() }

export const homeSchema: z.ZodType<HomeJson> = z.object({
  health: z.enum(['bad', 'look', 'fine']).describe('Of the first finding'),
  findings: z.array(findingSchema).describe('Worst first; one that is fine when nothing is wrong'),
  version: z.string(),
  node: z.string(),
  cluster: z.string(),
  state: z.string().describe('starting, ready, frozen, maintenance or stopping'),
  started: z.number().describe('Milliseconds since the Unix epoch'),
  is_empty: z.boolean().describe('There is no queue and no topic that the caller sees'),
  rates: z.object(rates).describe('Messages a second that come in, go out and are acked'),
  history: rateHistorySchema
    .nullable()
    .describe('The same of the last hour; null without the tag monitoring'),
  growers: z.array(
    z.object({
      vhost: z.string(),
      name: z.string(),
      ready: count,
      growth: z.number().describe('Ready messages a second'),
      consumers: count,
      values: z.array(count).describe('Ready messages in the last minutes, oldest first'),
    }),
  ),
  counts: z.object({
    streams: count,
    queues: count,
    topics: count,
    ready: count,
    unacked: count,
    consumers: count,
    dead_letters: count.describe('Messages in queues for dead letters'),
    delayed: count.describe('Messages that wait for their time at exchanges'),
    connections: count,
    blocked_connections: count,
    groups: count,
  }),
  protocols: z.record(z.string(), count).describe('Connections by protocol, for monitoring'),
  listeners: z.array(
    z.object({
      service: z.string(),
      protocol: z.enum(['AMQP', 'Kafka', 'MQTT', 'STOMP', 'HTTP', 'metrics']),
      tls: z.boolean(),
      host: z.string(),
      port: count,
      url: z.string(),
      node: z.string().optional().describe('Whose it is, in a cluster'),
    }),
  ),
  nodes: z
    .object({
      count,
      gone: count.describe('Their heartbeats have stopped, and nobody stopped them'),
      cells_out: count.describe('Cells that nobody has at this moment'),
    })
    .nullable()
    .describe('Of the cluster; null without one'),
  missing: z.array(z.string()).optional().describe('Of a cluster: who did not answer in time'),
}) as z.ZodType<HomeJson>

const schemes: Readonly<
  Record<string, readonly [scheme: string, protocol: ListenerJson['protocol']]>
> = {
  amqp: ['amqp', 'AMQP'],
  'amqp-tls': ['amqps', 'AMQP'],
  kafka: ['kafka', 'Kafka'],
  'kafka-tls': ['kafka+ssl', 'Kafka'],
  http: ['http', 'HTTP'],
  'http-tls': ['https', 'HTTP'],
  metrics: ['http', 'metrics'],
  mqtt: ['mqtt', 'MQTT'],
  'mqtt-tls': ['mqtts', 'MQTT'],
  'mqtt-ws': ['ws', 'MQTT'],
  'mqtt-ws-tls': ['wss', 'MQTT'],
  stomp: ['stomp', 'STOMP'],
  'stomp-tls': ['stomp+ssl', 'STOMP'],
  'stomp-ws': ['ws', 'STOMP'],
  'stomp-ws-tls': ['wss', 'STOMP'],
}

export function listenersJson(addresses: BrokerFigures['addresses']): ListenerJson[] {
  return Object.entries(addresses).flatMap(([service, address]) => {
    const known = schemes[service]
    if (known === undefined) return []
    const [scheme, protocol] = known
    const { host, port } = address
    const url = `${scheme}://${formatAddress(address)}`
    return [{ service, protocol, tls: service.endsWith('-tls'), host, port, url }]
  })
}

/** Of a broker that is younger than some minutes in finer steps. */
export function historyJson(
  fine: readonly Sample[],
  hour: readonly Sample[],
  now: number,
): HistoryJson {
  const [first] = hour
  const isYoung = first === undefined || now - first.time < healthLimits.forecastMsMin
  const samples = spaced(isYoung ? fine : hour)
  const history = {
    times: [] as number[],
    in: [] as number[],
    out: [] as number[],
    ack: [] as number[],
  }
  samples.slice(1).forEach((sample, index) => {
    const before = samples[index]!
    const rates = ratesJson(before, sample)
    history.times.push(sample.time)
    history.in.push(rates.in)
    history.out.push(rates.out)
    history.ack.push(rates.ack)
  })
  return history
}

/** Whoever looks first has a sample taken at once: between two that are close, a rate says little. */
function spaced(samples: readonly Sample[]): Sample[] {
  const kept: Sample[] = []
  for (const sample of samples) {
    const before = kept.at(-1)
    if (before === undefined || sample.time - before.time >= healthLimits.historyStepMsMin) {
      kept.push(sample)
    }
  }
  return kept
}

/** Between two samples of totals. */
export function ratesJson(before: Sample | undefined, after: Sample | undefined): RatesJson {
  if (before === undefined || after === undefined) return { in: 0, out: 0, ack: 0 }
  const seconds = Math.max(0.001, (after.time - before.time) / 1000)
  const rate = (now: number, then: number): number => rounded((now - then) / seconds)
  return {
    in: rate(after.counts['published'] ?? 0, before.counts['published'] ?? 0),
    out: rate(takenIn(after), takenIn(before)),
    ack: rate(after.counts['acked'] ?? 0, before.counts['acked'] ?? 0),
  }
}

function takenIn({ counts }: Sample): number {
  const of = (name: string): number => counts[name] ?? 0
  return takenOf({
    delivered: of('delivered'),
    deliveredNoAck: of('deliveredNoAck'),
    got: of('got'),
    gotNoAck: of('gotNoAck'),
    fetched: of('fetched'),
  })
}

/** To a tenth. */
export function rounded(rate: number): number {
  return Math.max(0, Math.round(rate * 10) / 10)
}
