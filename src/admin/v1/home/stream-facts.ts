// What there is in a virtual host, in sums and in the few streams that are worth a look.
import type { Destination } from '../../../broker/destination.ts'
import type { DynamicSettings } from '../../../broker/dynamic-settings.ts'
import { findDeadLetterQueues, waitingIn } from '../../../broker/jobs/dead-letter-queues.ts'
import type { Queue } from '../../../broker/queue/queue.ts'
import { waitsForNobody } from '../../../broker/session/session-queue-names.ts'
import { takenOf } from '../../../broker/statistics/read-counts.ts'
import type { VHost } from '../../../broker/vhost.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Growth, GrowthNotes } from './growth-notes.ts'
import { TopList } from './top-list.ts'

/** A queue that is worth a look. */
export interface QueueFact {
  readonly queue: Queue
  readonly ready: number
  readonly consumers: number
  /** Undefined where it is not known yet. */
  readonly growth: Growth | undefined
  /** When its last consumer left; 0: it has had none since the start. */
  readonly leftAt: number
  /** When its oldest message came in; undefined where nobody looked. */
  oldest: number | undefined
}

export interface VHostFacts {
  readonly name: string
  queues: number
  topics: number
  consumers: number
  ready: number
  unacked: number
  /** Messages in queues that others send their dead letters to. */
  deadLetters: number
  /** Messages that wait for their time at exchanges. */
  delayed: number
  /** Counted since the start, of the queues that there are. */
  published: number
  taken: number
  acked: number
  /** Of these messages a second. */
  readonly rates: { in: number; out: number; ack: number }
  readonly growing: TopList<QueueFact>
  readonly unconsumed: TopList<QueueFact>
  /** They never had a consumer, and nobody knows yet for how long their messages have waited. */
  readonly unsure: TopList<QueueFact>
  readonly behind: TopList<QueueFact>
  /** They have no room, and refuse messages. */
  readonly full: TopList<QueueFact>
  /** Dead letters that found no queue are kept in them. */
  readonly keeping: TopList<QueueFact>
}

export interface StreamsLooked {
  /** Of ready messages. */
  readonly notes: GrowthNotes<Destination>
  readonly now: number
  /** Of groups, which have dead letters, too. */
  readonly settings: DynamicSettings
  /** Two samples say that nothing happens to it: what came in came all at once. */
  readonly isIdle: (queue: Queue) => boolean
}

export function* lookAtVHost(vhost: VHost<Destination>, looked: StreamsLooked): Steps<VHostFacts> {
  const facts = noFacts(vhost.name)
  const dead = new Set<Destination>()
  for (const found of yield* findDeadLetterQueues(vhost, looked)) {
    dead.add(found.queue)
    facts.deadLetters += waitingIn(found)
  }
  let count = 0
  for (const { delay } of vhost.exchanges()) {
    if (++count % healthLimits.lookedAtOnce === 0) yield
    facts.delayed += delay?.messageCount ?? 0
  }
  for (const stream of vhost.queues()) {
    if (++count % healthLimits.lookedAtOnce === 0) yield
    addSums(facts, stream)
    if (stream.kind === 'queue') sortIn(facts, stream, { ...looked, isForDead: dead.has(stream) })
  }
  return facts
}

export function noFacts(name: string): VHostFacts {
  const list = (weightOf: (fact: QueueFact) => number): TopList<QueueFact> =>
    new TopList(healthLimits.namedMax, weightOf)
  return {
    name,
    queues: 0,
    topics: 0,
    consumers: 0,
    ready: 0,
    unacked: 0,
    deadLetters: 0,
    delayed: 0,
    published: 0,
    taken: 0,
    acked: 0,
    rates: { in: 0, out: 0, ack: 0 },
    growing: list(({ growth }) => growth?.rate ?? 0),
    unconsumed: list(({ ready }) => ready),
    unsure: list(({ ready }) => ready),
    behind: list(({ ready }) => ready),
    full: list(({ ready }) => ready),
    keeping: list(({ queue }) => queue.ends.deadLetters?.keptCount ?? 0),
  }
}

/** Adds what there is in another virtual host. */
export function addFacts(sum: VHostFacts, facts: VHostFacts): void {
  for (const name of sums) sum[name] += facts[name]
  for (const name of lists) sum[name].addAll(facts[name])
  for (const name of ['in', 'out', 'ack'] as const) sum.rates[name] += facts.rates[name]
}

const lists = ['growing', 'unconsumed', 'behind', 'full', 'keeping'] as const
const sums = [
  'queues',
  'topics',
  'consumers',
  'ready',
  'unacked',
  'deadLetters',
  'delayed',
  'published',
  'taken',
  'acked',
] as const

function addSums(facts: VHostFacts, stream: Destination): void {
  if (stream.kind === 'topic') facts.topics++
  else facts.queues++
  facts.consumers += stream.consumerCount
  facts.ready += stream.readyCount
  facts.unacked += stream.unackedCount
  const { usedCounters } = stream
  if (usedCounters === undefined) return
  facts.published += usedCounters.published
  facts.taken += takenOf(usedCounters)
  facts.acked += usedCounters.acked
}

interface QueueLooked extends StreamsLooked {
  /** Others send their dead letters to it: nobody has to read them. */
  readonly isForDead: boolean
}

function sortIn(
  facts: VHostFacts,
  queue: Queue,
  { notes, now, isIdle, isForDead }: QueueLooked,
): void {
  const { readyCount: ready, consumerCount: consumers, consumerLeftAt: leftAt } = queue
  const growth = notes.note(queue, ready, now)
  const fact: QueueFact = { queue, ready, consumers, growth, leftAt, oldest: undefined }
  if ((queue.ends.deadLetters?.keptCount ?? 0) > 0) facts.keeping.add(fact)
  if (ready === 0 || waitsForNobody(queue.name)) return
  if (isGrowing(fact) && !isIdle(queue)) facts.growing.add(fact)
  if (consumers === 0 && !isForDead) sortInMissed(facts, fact, now)
  if (consumers > 0 && ready >= healthLimits.behindMin) facts.behind.add(fact)
  if (queue.mayRefuse && !queue.hasRoomFor({ count: 1, size: 0 })) facts.full.add(fact)
}

/** A queue without a consumer. */
function sortInMissed(facts: VHostFacts, fact: QueueFact, now: number): void {
  if (!isMissed(fact)) return
  if (hasWaited(fact, now)) facts.unconsumed.add(fact)
  else if (fact.leftAt === 0) facts.unsure.add(fact)
}

function isGrowing({ ready, growth }: QueueFact): boolean {
  if (growth === undefined || ready < healthLimits.growingMin) return false
  return growth.isSteady && growth.rate >= healthLimits.growthMin
}

/** Nobody takes messages from it who did, or ever did. */
function isMissed({ queue, leftAt }: QueueFact): boolean {
  const { usedCounters } = queue
  if (leftAt > 0) return true
  return usedCounters !== undefined && usedCounters.published > 0 && takenOf(usedCounters) === 0
}

/** It has been without a consumer for a while, as far as that is known without reading a message. */
function hasWaited({ leftAt, growth }: QueueFact, now: number): boolean {
  const since = leftAt > 0 ? leftAt : growth?.since
  return since !== undefined && now - since >= healthLimits.quietMs
}
