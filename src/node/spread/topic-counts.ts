// What happens to the records of spread topics is counted where their partitions are led. Each cell tells the home what
// its parts have counted, and there it counts for the topic, as if it had happened there.
import type { QueueCounters } from '../../broker/counters/queue-counters.ts'
import type { Topics } from '../../broker/topic/topics.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import type { CountsArgs, TopicCountsSaid } from '../calls/calls.ts'

const names = ['published', 'produced', 'fetched', 'acked'] as const

const nothing: TopicCountsSaid = { published: 0, produced: 0, fetched: 0, acked: 0 }

/** At the home: what a cell has said last. */
interface Said {
  readonly epoch: number
  readonly byTopic: Map<string, TopicCountsSaid>
}

/** At the home. */
export class TopicCounts {
  readonly #topics: Topics
  readonly #said = new Map<number, Said>()

  constructor(topics: Topics) {
    this.#topics = topics
  }

  note({ cell, epoch, topics }: CountsArgs): void {
    const known = this.#said.get(cell)
    // An older owner of the cell does not know that it is one.
    if (known !== undefined && known.epoch > epoch) return
    const said =
      known?.epoch === epoch ? known : { epoch, byTopic: new Map<string, TopicCountsSaid>() }
    this.#said.set(cell, said)
    for (const { topicId, counts, before } of topics) {
      const topic = this.#topics.findById(topicId)?.topic
      // What an earlier home was told is no rate of now.
      const last = said.byTopic.get(topicId) ?? before
      if (topic === undefined) said.byTopic.delete(topicId)
      else {
        said.byTopic.set(topicId, counts)
        for (const name of names) {
          topic.counters[name] += Math.max(0, counts[name] - last[name])
        }
      }
    }
  }
}

export interface CountsTellerParts {
  readonly cell: number
  readonly epoch: number
  readonly topics: Topics
  readonly clock: Clock
  /** Tells the home. */
  readonly tell: (args: CountsArgs) => Promise<void>
}

/** In the other cells. */
export class CountsTeller implements Disposable {
  readonly #parts: CountsTellerParts
  readonly #timer: Timer
  readonly #told = new WeakMap<QueueCounters, TopicCountsSaid>()
  #isTelling = false

  constructor(parts: CountsTellerParts) {
    this.#parts = parts
    this.#timer = parts.clock.every(clusterHttpLimits.countsTellMs, () => void this.#tell())
  }

  [Symbol.dispose](): void {
    this.#timer.stop()
  }

  async #tell(): Promise<void> {
    const { cell, epoch, topics, tell } = this.#parts
    if (this.#isTelling) return
    const changed: CountsArgs['topics'][number][] = []
    const told: [QueueCounters, TopicCountsSaid][] = []
    for (const { topic } of topics.seen(false)) {
      if (topic?.numbers === undefined) continue
      const { counters } = topic
      const { published, produced, fetched, acked } = counters
      const counts = { published, produced, fetched, acked }
      const last = this.#told.get(counters) ?? nothing
      if (names.every((name) => counts[name] === last[name])) continue
      changed.push({ topicId: topic.topicId, counts, before: last })
      told.push([counters, counts])
    }
    if (changed.length === 0) return
    this.#isTelling = true
    try {
      await tell({ cell, epoch, topics: changed })
      for (const [counters, counts] of told) this.#told.set(counters, counts)
    } catch {
      // Nobody has the home at this moment: it hears the next time, and of all of it.
    } finally {
      this.#isTelling = false
    }
  }
}
