// What there is to say of queues and groups: which grow, wait for consumers, are full.
import { healthLimits } from '../../../limits/health.ts'
import type { StuckConsumer } from './client-facts.ts'
import type { Finding } from './finding.ts'
import type { GroupFact } from './group-facts.ts'
import type { QueueFact, VHostFacts } from './stream-facts.ts'
import type { TopList } from './top-list.ts'
import { many, named, number, perSecond, span } from './words.ts'

const { findingsOfKindMax } = healthLimits

/** `facts` are those of all virtual hosts that somebody sees, added up. */
export function streamFindings(facts: VHostFacts, now: number): Finding[] {
  return [
    ...fullFindings(facts.full),
    ...keepingFindings(facts.keeping),
    ...growingFindings(facts.growing, now),
    ...unconsumedFindings(withoutThose(facts.unconsumed, facts.growing), now),
    ...behindFindings(facts, now),
  ]
}

/** A queue that grows and has nobody is told once: as one that grows. */
function withoutThose(list: TopList<QueueFact>, told: TopList<QueueFact>): QueueList {
  const queues = new Set(told.items.map(({ queue }) => queue))
  const items = list.items.filter(({ queue }) => !queues.has(queue))
  return { items, count: list.count - (list.items.length - items.length) }
}

interface QueueList {
  readonly items: readonly QueueFact[]
  readonly count: number
}

function growingFindings({ items, count }: QueueList, now: number): Finding[] {
  const [first] = items
  if (first === undefined) return []
  const waits = oldestText(items, now)
  if (count === 1) {
    const { queue, ready, growth, consumers } = first
    const nobody = consumers === 0 ? ', and nobody consumes it' : ''
    const text = `${named(queue.name)} grows by ${perSecond(growth?.rate ?? 0)}${nobody}: ${many(ready, 'message')} wait${ready === 1 ? 's' : ''}${waits.comma}`
    return [{ kind: 'growing', severity: 'look', text, ...placeOf(first), ...consumersOf(first) }]
  }
  const text = `${many(count, 'queue')} grow, ${named(first.queue.name)} fastest${waits.semicolon}`
  return [{ kind: 'growing', severity: 'look', text, count, ...streamsOf(items) }]
}

function unconsumedFindings({ items, count }: QueueList, now: number): Finding[] {
  const kind = 'unconsumed'
  if (count > findingsOfKindMax) {
    const waits = oldestText(items, now)
    const text = `Nobody consumes ${many(count, 'queue')}${waits.semicolon}`
    return [{ kind, severity: 'look', text, count, ...streamsOf(items) }]
  }
  return items.map((fact) => {
    const { queue, ready, leftAt } = fact
    const time = leftAt === 0 ? 'consumes' : 'has consumed'
    const since = leftAt === 0 ? '' : ` for ${span(now - leftAt)}`
    const waits = oldestText([fact], now)
    return {
      kind,
      severity: 'look',
      text: `Nobody ${time} ${named(queue.name)}${since}: ${many(ready, 'message')} wait${ready === 1 ? 's' : ''}${waits.comma}`,
      count: ready,
      ...placeOf(fact),
      ...(leftAt > 0 && { since: leftAt }),
      ...consumersOf(fact),
    }
  })
}

/** Those that grow are told already. */
function behindFindings({ behind, growing }: VHostFacts, now: number): Finding[] {
  const { items } = withoutThose(behind, growing)
  return items.slice(0, findingsOfKindMax).map((fact) => {
    const { queue, ready, consumers } = fact
    const text = `${named(queue.name)} is behind: ${many(ready, 'message')} wait for ${many(consumers, 'consumer')}${oldestText([fact], now).comma}`
    return {
      kind: 'behind',
      severity: 'look',
      text,
      count: ready,
      ...placeOf(fact),
      ...consumersOf(fact),
    }
  })
}

function fullFindings({ items, count }: QueueList): Finding[] {
  return aggregated(items, count, {
    kind: 'full',
    one: ({ queue, ready }) =>
      `${named(queue.name)} is full with ${many(ready, 'message')} and refuses more`,
    several: `${many(count, 'queue')} are full and refuse messages`,
  })
}

function keepingFindings({ items, count }: QueueList): Finding[] {
  return aggregated(items, count, {
    kind: 'dead-letters-kept',
    one: ({ queue }) =>
      `${many(queue.ends.deadLetters?.keptCount ?? 0, 'dead letter')} of ${named(queue.name)} found no queue, and ${queue.ends.deadLetters?.keptCount === 1 ? 'is' : 'are'} kept there`,
    several: `Dead letters of ${many(count, 'queue')} found no queue, and are kept there`,
  })
}

interface Aggregate {
  readonly kind: string
  readonly one: (fact: QueueFact) => string
  readonly several: string
}

/** A sentence for each of a few, or one for all. */
function aggregated(
  items: readonly QueueFact[],
  count: number,
  { kind, one, several }: Aggregate,
): Finding[] {
  if (count > findingsOfKindMax) {
    return [{ kind, severity: 'bad', text: several, count, ...streamsOf(items) }]
  }
  return items.map((fact) => ({ kind, severity: 'bad', text: one(fact), ...placeOf(fact) }))
}

export function stuckFindings(stuck: readonly StuckConsumer[]): Finding[] {
  return stuck
    .slice(0, findingsOfKindMax)
    .map(({ id, user, host, vhost, queue, unacked, unackedMs }) => ({
      kind: 'consumer-stuck',
      severity: 'look',
      text: `${named(queue)} waits for ${named(user)} at ${host}, who holds ${number(unacked)} unacked, all that it may, the oldest for ${span(unackedMs)}`,
      vhost,
      name: queue,
      connection: id,
      count: unacked,
      command: 'pabal consumer list',
    }))
}

export function groupFindings(falling: readonly GroupFact[], count: number): Finding[] {
  if (count > findingsOfKindMax) {
    const isMixed = falling.some(({ kind }) => kind !== falling[0]?.kind)
    const noun = isMixed ? 'group' : `${falling[0]?.kind ?? 'consumer'} group`
    const text = `${many(count, noun)} fall further and further behind`
    return [{ kind: 'group-behind', severity: 'look', text, count, command: 'pabal group list' }]
  }
  return falling.map(({ kind, group, members, lag, growth }) => {
    const rate = perSecond(growth.rate)
    const [noun, begun] = kind === 'share' ? ['share group', 'Share group'] : ['group', 'Group']
    const text =
      members === 0
        ? `Nobody is in ${noun} ${named(group)}: it is ${many(lag, 'message')} behind, and ${rate} more`
        : `${begun} ${named(group)} falls behind by ${rate}: ${many(lag, 'message')}, ${many(members, 'member')}`
    return {
      kind: 'group-behind',
      severity: 'look',
      text,
      group,
      count: lag,
      command: 'pabal group list',
    }
  })
}

function oldestText(
  items: readonly QueueFact[],
  now: number,
): { readonly comma: string; readonly semicolon: string } {
  const times = items.flatMap(({ oldest }) => (oldest === undefined ? [] : [oldest]))
  if (times.length === 0) return { comma: '', semicolon: '' }
  const waited = span(Math.max(0, now - Math.min(...times)))
  return {
    comma: `, the oldest for ${waited}`,
    semicolon: `; the oldest message waits ${waited}`,
  }
}

function placeOf({ queue }: QueueFact): Pick<Finding, 'vhost' | 'name'> {
  return { vhost: queue.vhost, name: queue.name }
}

function streamsOf(items: readonly QueueFact[]): Pick<Finding, 'streams'> {
  return { streams: items.map(({ queue }) => ({ vhost: queue.vhost, name: queue.name })) }
}

function consumersOf({ consumers }: QueueFact): Pick<Finding, 'command'> {
  return { command: consumers === 0 ? 'pabal queue list' : 'pabal consumer list' }
}
