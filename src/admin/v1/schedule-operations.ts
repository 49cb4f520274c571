// What is due when, of all virtual hosts: delayed messages, those that expire, and those that are tried again.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import { KnownDeadLetterQueues } from '../../broker/jobs/known-dead-letter-queues.ts'
import type { Queue } from '../../broker/queue/queue.ts'
import { countDue, DueBins } from '../../broker/schedule/count-due.ts'
import { findNextDue, type NextDue } from '../../broker/schedule/next-due.ts'
import { ReadBudget, readDue } from '../../broker/schedule/read-due.ts'
import { delayedOf, expiringOf, type Waiting } from '../../broker/schedule/waiting.ts'
import type { VHost } from '../../broker/vhost.ts'
import type { Steps } from '../../lib/slices.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import type { Caller } from '../api/caller.ts'
import { answerList, listOf, listQuery } from '../api/listing.ts'
import { type Operation, operation } from '../api/operation.ts'
import { visibleVHosts } from '../api/visible-vhosts.ts'
import { gatherJson } from '../cluster/gather-json.ts'
import { gatherList } from '../cluster/gather-list.ts'
import { vhostOfQuery } from '../cluster/ways.ts'
import { messageJson } from '../message-json.ts'
import { type DueJson, mergeDue, mergeNext, type NextDueJson } from './schedule-of-all.ts'

const tag = 'Schedule'
const count = z.number().int()

export type ScheduleKind = 'delayed' | 'expiring' | 'retried'

export interface ScheduledJson {
  readonly kind: ScheduleKind
  readonly vhost: string
  readonly name: string
  readonly messages: number
  readonly next: number | null
  readonly next_is_exact: boolean
  readonly after_ms: number | null
  readonly to_exchange: string | null
  readonly to_routing_key: string | null
  readonly sources: readonly string[]
}

const scheduledSchema: z.ZodType<ScheduledJson> = z.object({
  kind: z
    .enum(['delayed', 'expiring', 'retried'])
    .describe('At an exchange that delays; in a queue, where it expires; dead, to be tried again'),
  vhost: z.string(),
  name: z.string().describe('Of the exchange or queue'),
  messages: count,
  next: z.number().nullable().describe('When the next is due: milliseconds since the Unix epoch'),
  next_is_exact: z.boolean().describe('false: not earlier'),
  after_ms: z.number().nullable().describe('How long a message may be in the queue'),
  to_exchange: z.string().nullable().describe('Where it goes from the queue; null: it is dropped'),
  to_routing_key: z.string().nullable().describe('null: as it is'),
  sources: z.array(z.string()).describe('Of those that are tried again: where they died'),
})

const binSchema = z.object({ from: count, delayed: count, expiring: count, retried: count })

const dueSchema: z.ZodType<DueJson> = z.object({
  from: count.describe('Milliseconds since the Unix epoch'),
  bin_ms: count,
  bins: z.array(binSchema),
  overdue: count.describe('Due before the first bin'),
  later: count.describe('Due after the last one'),
  unknown: count.describe('Nobody has looked at them since the start'),
  is_exact: z
    .boolean()
    .describe('false: some are spread evenly over the time in which they are due'),
})

const within = z.coerce.number().int().min(1).max(scheduleLimits.withinMax).default(3600)
const bins = z.coerce.number().int().min(1).max(scheduleLimits.binsMax).default(60)
const only = {
  vhost: z.string().optional().describe('Only those of this virtual host'),
  name: z.string().optional().describe('Only those of this exchange or queue'),
}

export function scheduleOperations(broker: Broker): Operation[] {
  const places = new Places(broker)
  return [listOperation(broker, places), dueOperation(broker, places), nextOperation(broker)]
}

function listOperation(broker: Broker, places: Places): Operation {
  return operation({
    method: 'get',
    path: '/v1/schedule',
    where: gatherList('vhosts', [{ column: 'next', absent: Infinity }]),
    tag,
    summary: 'Exchanges and queues with messages that wait for a time',
    access: 'management',
    query: listQuery,
    answers: { 200: listOf(scheduledSchema) },
    async handle({ query, caller }) {
      const found = await places.find(visibleVHosts(broker, caller))
      const items = await broker.slices.run(withNext(broker, found))
      const nameOf = ({ name }: ScheduledJson): string => name
      const soonest = (item: ScheduledJson): number => item.next ?? Infinity
      return answerList(broker.slices, query, {
        items,
        json: (item) => ({ ...item }),
        nameOf,
        compare: (a, b) => soonest(a) - soonest(b) || 0,
      })
    },
  })
}

function dueOperation(broker: Broker, places: Places): Operation {
  return operation({
    method: 'get',
    path: '/v1/schedule/due',
    where: vhostOfQuery(gatherJson('vhosts', mergeDue)),
    tag,
    summary: 'How many messages are due when',
    access: 'management',
    query: z.object({ within: within.describe('Seconds from now on'), bins, ...only }),
    answers: { 200: dueSchema },
    async handle({ query, caller }): Promise<DueJson> {
      const vhosts = visibleVHosts(broker, caller)
      const found = await places.find(
        vhosts.filter(({ name }) => query.vhost === undefined || name === query.vhost),
      )
      const wanted = found.filter(({ name }) => query.name === undefined || name === query.name)
      const asked = binsAsked(broker.clock.now(), query)
      const { store, clock } = broker
      const context = { store, clock, budget: new ReadBudget() }
      const of = {
        delayed: new DueBins(asked),
        expiring: new DueBins(asked),
        retried: new DueBins(asked),
      }
      for (const place of wanted) {
        const waits = waitsOf(place, clock.now())
        await broker.slices.run(countDue(waits, of[place.kind], context))
      }
      return dueJson(of, asked)
    },
  })
}

function nextOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: '/v1/schedule/next',
    where: vhostOfQuery(gatherJson('vhosts', mergeNext)),
    tag,
    summary: 'Delayed messages that are due next, of all exchanges that the caller may read',
    access: 'management',
    query: z.object({
      count: z.coerce.number().int().min(1).max(scheduleLimits.nextMax).default(50),
      ...only,
    }),
    answers: {
      200: z.object({
        messages: z.array(z.record(z.string(), z.unknown())),
        is_exact: z.boolean().describe('false: there are too many to know which are the next'),
      }),
    },
    async handle({ query, caller }): Promise<NextDueJson> {
      const waits = visibleVHosts(broker, caller).flatMap((vhost) => {
        const isWanted = query.vhost === undefined || vhost.name === query.vhost
        return isWanted ? readableIn(vhost, query.name, caller) : []
      })
      const { store, clock } = broker
      const context = { store, clock, count: query.count }
      const { messages, isExact } = await broker.slices.run(findNextDue(waits, context))
      return { messages: messages.map(nextJson), is_exact: isExact }
    },
  })
}

type Place =
  | {
      readonly kind: 'delayed'
      readonly vhost: string
      readonly name: string
      readonly delay: NonNullable<ReturnType<VHost<Destination>['findExchange']>>['delay'] & object
    }
  | {
      readonly kind: 'expiring' | 'retried'
      readonly vhost: string
      readonly name: string
      readonly queue: Queue
      readonly sources: readonly string[]
    }

/** Where messages wait for a time. */
class Places {
  readonly #broker: Broker
  readonly #known: KnownDeadLetterQueues

  constructor(broker: Broker) {
    this.#broker = broker
    this.#known = new KnownDeadLetterQueues(broker)
  }

  async find(vhosts: readonly VHost<Destination>[]): Promise<Place[]> {
    const all: Place[] = []
    for (const vhost of vhosts) {
      const retries = new Map<unknown, readonly string[]>()
      for (const { queue, isRetry, sources } of await this.#known.in(vhost)) {
        if (isRetry) retries.set(queue, sources)
      }
      await this.#broker.slices.run(addPlaces(all, vhost, retries))
    }
    return all
  }
}

function* addPlaces(
  all: Place[],
  vhost: VHost<Destination>,
  retries: ReadonlyMap<unknown, readonly string[]>,
): Steps<void> {
  let looked = 0
  for (const { name, delay } of vhost.exchanges()) {
    if (++looked % scheduleLimits.placesPerStep === 0) yield
    if (delay !== undefined) all.push({ kind: 'delayed', vhost: vhost.name, name, delay })
  }
  for (const queue of vhost.queues()) {
    if (++looked % scheduleLimits.placesPerStep === 0) yield
    if (queue.kind !== 'queue') continue
    const sources = retries.get(queue)
    const isDue = queue.ends.nextExpiryAt !== Infinity && queue.readyCount > 0
    if (!isDue && sources === undefined) continue
    const kind = sources === undefined ? 'expiring' : 'retried'
    all.push({ kind, vhost: vhost.name, name: queue.name, queue, sources: sources ?? [] })
  }
}

function waitsOf(place: Place, now: number): Waiting[] {
  return place.kind === 'delayed' ? delayedOf(place.delay) : expiringOf(place.queue, now)
}

function* withNext(broker: Broker, places: readonly Place[]): Steps<ScheduledJson[]> {
  const { store, clock } = broker
  const budget = new ReadBudget()
  const all: ScheduledJson[] = []
  for (const place of places) {
    if (all.length % scheduleLimits.placesPerStep === 0) yield
    if (place.kind !== 'delayed') {
      all.push(queueJson(place))
      continue
    }
    const { kind, vhost, name, delay } = place
    const [first] = delayedOf(delay)
    let next = Infinity
    const isRead =
      first !== undefined &&
      first.from !== -Infinity &&
      first.count <= budget.messages &&
      (yield* readDue(first, { store, clock, budget }, (at) => (next = Math.min(next, at))))
    const from = isRead && next !== Infinity ? next : first?.from
    all.push({
      kind,
      vhost,
      name,
      messages: delay.messageCount,
      next: from === undefined || from === -Infinity ? null : from,
      next_is_exact: isRead,
      after_ms: null,
      to_exchange: null,
      to_routing_key: null,
      sources: [],
    })
  }
  return all
}

function queueJson(place: Exclude<Place, { kind: 'delayed' }>): ScheduledJson {
  const { kind, vhost, name, queue, sources } = place
  const { deadLetter, messageTtlMs } = queue.settings
  const { nextExpiryAt } = queue.ends
  return {
    kind,
    vhost,
    name,
    messages: queue.readyCount,
    next: nextExpiryAt === Infinity || queue.readyCount === 0 ? null : nextExpiryAt,
    next_is_exact: true,
    after_ms: messageTtlMs ?? null,
    to_exchange: deadLetter?.exchange ?? null,
    to_routing_key: deadLetter?.routingKey ?? null,
    sources,
  }
}

interface Asked {
  readonly from: number
  readonly binMs: number
  readonly count: number
}

/** Bins begin at whole times, so that a bar stays the same bar while time goes on. */
function binsAsked(now: number, query: { readonly within: number; readonly bins: number }): Asked {
  const binMs = Math.max(1, Math.ceil((query.within * 1000) / query.bins))
  return { from: Math.floor(now / binMs) * binMs, binMs, count: query.bins }
}

function dueJson(of: Readonly<Record<ScheduleKind, DueBins>>, asked: Asked): DueJson {
  const { delayed, expiring, retried } = of
  const each = [delayed, expiring, retried]
  const sum = (key: 'overdue' | 'later' | 'unknown'): number =>
    each.reduce((all, bin) => all + bin[key], 0)
  return {
    from: asked.from,
    bin_ms: asked.binMs,
    bins: delayed.bins.map((messages, index) => ({
      from: asked.from + index * asked.binMs,
      delayed: messages,
      expiring: expiring.bins[index]!,
      retried: retried.bins[index]!,
    })),
    overdue: sum('overdue'),
    later: sum('later'),
    unknown: sum('unknown'),
    is_exact: each.every(({ isExact }) => isExact),
  }
}

function readableIn(
  vhost: VHost<Destination>,
  wanted: string | undefined,
  caller: Caller,
): (Waiting & { readonly vhost: string; readonly exchange: string })[] {
  const rights = caller.rightsIn(vhost.name)
  return [...vhost.exchanges()].flatMap(({ name, delay }) => {
    const isWanted = delay !== undefined && (wanted === undefined || name === wanted)
    const isReadable = rights.isUnrestricted || rights.may('read', name)
    if (!isWanted || !isReadable) return []
    return delayedOf(delay).map((waiting) => ({ ...waiting, vhost: vhost.name, exchange: name }))
  })
}

/** As in the list of one exchange; there the exchange to which it was published is the same. */
function nextJson({ vhost, exchange, dueAt, logId, message }: NextDue): Record<string, unknown> {
  const { offset, ...rest } = messageJson(message)
  const place = `${logId}.${String(offset)}`
  return { vhost, at_exchange: exchange, place, due: dueAt, ...rest }
}
