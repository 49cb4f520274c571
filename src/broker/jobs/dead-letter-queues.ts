// Queues that others send their dead letters to, as settings and bindings say.
import type { Steps } from '../../lib/slices.ts'
import { deathLimits } from '../../limits/jobs.ts'
import type { Destination } from '../destination.ts'
import type { VHost } from '../vhost.ts'

export interface DeadLetterQueue {
  readonly queue: Destination
  /** Names of queues whose dead letters may come here: the first few, … */
  readonly sources: readonly string[]
  /** … and how many there are. */
  readonly sourceCount: number
}

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

/** Looks at bindings of the dead-letter exchanges themselves, not of those that these lead to. */
export function* findDeadLetterQueues(vhost: VHost<Destination>): Steps<DeadLetterQueue[]> {
  const byExchange = new Map<string, Names>()
  const byQueue = new Map<Destination, Names>()
  let count = 0
  for (const queue of vhost.queues()) {
    if (++count % deathLimits.queuesPerStep === 0) yield
    const deadLetter = queue.kind === 'queue' ? queue.settings.deadLetter : undefined
    if (deadLetter === undefined) continue
    if (deadLetter.exchange !== '') {
      namesOf(byExchange, deadLetter.exchange).add(queue.name)
    } else if (deadLetter.routingKey !== undefined) {
      const target = vhost.findQueue(deadLetter.routingKey)
      if (target !== undefined) namesOf(byQueue, target).add(queue.name)
    }
  }
  for (const [name, names] of byExchange) {
    const bound = new Set<Destination>()
    for (const { target } of vhost.findExchange(name)?.bindings() ?? []) {
      if (++count % deathLimits.queuesPerStep === 0) yield
      if (target.kind === 'queue') bound.add(target.queue)
    }
    for (const queue of bound) namesOf(byQueue, queue).addAll(names)
  }
  return Array.from(byQueue, ([queue, { first, count: sourceCount }]) => {
    return { queue, sources: first, sourceCount }
  })
}

function namesOf<K>(all: Map<K, Names>, key: K): Names {
  let names = all.get(key)
  if (names === undefined) all.set(key, (names = new Names()))
  return names
}
