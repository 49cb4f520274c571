// Queues that others and groups send their dead letters to, as settings and bindings say, and those that programs
// use so, as their names say.
import type { Steps } from '../../lib/slices.ts'
import { deathLimits } from '../../limits/jobs.ts'
import { defaultVHost } from '../broker.ts'
import type { Destination } from '../destination.ts'
import type { DynamicSettings } from '../dynamic-settings.ts'
import type { DeadLetterSettings } from '../queue/queue-settings.ts'
import type { Queue } from '../queue/queue.ts'
import type { VHost } from '../vhost.ts'
import { findGroupDeadLetters } from './group-dead-letters.ts'

export interface DeadLetterQueue {
  readonly queue: Destination
  /** Names of queues whose dead letters may come here: the first few, … */
  readonly sources: readonly string[]
  /** … and how many there are. */
  readonly sourceCount: number
  /** The same of groups of Kafka's clients. */
  readonly groups: readonly string[]
  readonly groupCount: number
  /** Its messages expire and go on as dead letters: they wait there to be tried again. */
  readonly isRetry: boolean
}

/** What frameworks call queues and topics to which they publish what has failed, and people as well. */
const usualName = /(?:^|[-._])(?:dlq|dlt|error|dead[-._]?letters?|parking[-._]?lot|poison)$/i

/** Names that are too many are counted. */
class Names {
  readonly first: string[] = []
  count = 0

  add(name: string): void {
    this.count++
    if (this.first.length < deathLimits.sourcesShownMax) this.first.push(name)
  }

  addAll({ first, count }: Names): void {
    for (const name of first) this.add(name)
    this.count += count - first.length
  }
}

const noNames: Readonly<Pick<Names, 'first' | 'count'>> = { first: [], count: 0 }

/** Where queues, or groups, send their dead letters, by the names of these. */
class Ways {
  readonly #byExchange = new Map<string, Names>()
  readonly #vhost: VHost<Destination>
  readonly #byQueue: Map<Destination, Names>

  constructor(vhost: VHost<Destination>, byQueue: Map<Destination, Names>) {
    this.#vhost = vhost
    this.#byQueue = byQueue
  }

  add(source: string, { exchange, routingKey }: DeadLetterSettings): void {
    if (exchange !== '') {
      namesOf(this.#byExchange, exchange).add(source)
    } else if (routingKey !== undefined) {
      const target = this.#vhost.findQueue(routingKey)
      if (target !== undefined) namesOf(this.#byQueue, target).add(source)
    }
  }

  /** Looks at bindings of the dead-letter exchanges themselves, not of those that these lead to. */
  *follow(): Steps<void> {
    let count = 0
    for (const [name, names] of this.#byExchange) {
      const bound = new Set<Destination>()
      for (const { target } of this.#vhost.findExchange(name)?.bindings() ?? []) {
        if (++count % deathLimits.queuesPerStep === 0) yield
        if (target.kind === 'queue') bound.add(target.queue)
      }
      for (const queue of bound) namesOf(this.#byQueue, queue).addAll(names)
    }
  }
}

/** What leaves a queue in which it waits to be tried again makes no dead letters of it where it goes. */
export function* findDeadLetterQueues(
  vhost: VHost<Destination>,
  { settings }: { readonly settings: DynamicSettings },
): Steps<DeadLetterQueue[]> {
  const byQueue = new Map<Destination, Names>()
  const ways = new Ways(vhost, byQueue)
  const timers: Queue[] = []
  let count = 0
  for (const queue of vhost.queues()) {
    if (++count % deathLimits.queuesPerStep === 0) yield
    if (usualName.test(queue.name)) namesOf(byQueue, queue)
    if (queue.kind !== 'queue' || queue.settings.deadLetter === undefined) continue
    if (queue.settings.messageTtlMs !== undefined) timers.push(queue)
    else ways.add(queue.name, queue.settings.deadLetter)
  }
  yield* ways.follow()
  const timed = new Ways(vhost, byQueue)
  for (const queue of timers) {
    if (!byQueue.has(queue)) timed.add(queue.name, queue.settings.deadLetter!)
  }
  yield* timed.follow()
  const byGroups = yield* findTargetsOfGroups(vhost, settings)
  const found = new Set([...byQueue.keys(), ...byGroups.keys()])
  return Array.from(found, (queue) => {
    const { first: sources, count: sourceCount } = byQueue.get(queue) ?? noNames
    const { first: groups, count: groupCount } = byGroups.get(queue) ?? noNames
    return { queue, sources, sourceCount, groups, groupCount, isRetry: isRetry(queue) }
  })
}

function* findTargetsOfGroups(
  vhost: VHost<Destination>,
  settings: DynamicSettings,
): Steps<ReadonlyMap<Destination, Names>> {
  const byQueue = new Map<Destination, Names>()
  if (vhost.name !== defaultVHost) return byQueue
  const ways = new Ways(vhost, byQueue)
  for (const { group, way } of yield* findGroupDeadLetters(settings)) ways.add(group, way)
  yield* ways.follow()
  return byQueue
}

/** How many dead letters in it wait for somebody: none in topics, for another try, or where somebody consumes them. */
export function waitingIn({ queue, isRetry: isTriedAgain }: DeadLetterQueue): number {
  const isHandled = isTriedAgain || queue.kind === 'topic' || queue.consumerCount > 0
  return isHandled ? 0 : queue.messageCount
}

function isRetry(queue: Destination): boolean {
  if (queue.kind !== 'queue') return false
  const { deadLetter, messageTtlMs } = queue.settings
  return deadLetter !== undefined && messageTtlMs !== undefined
}

function namesOf<K>(all: Map<K, Names>, key: K): Names {
  let names = all.get(key)
  if (names === undefined) all.set(key, (names = new Names()))
  return names
}
