// What happened in a broker since it started, where no queue, exchange or client is left to say so.
import { Histogram } from '../../lib/histogram.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { DeathReason } from '../../record/message/encode-death.ts'
import type { QueueType } from '../queue-arguments.ts'
import { ConsumedCounts } from './consumed-counts.ts'
import { QueueCounters } from './queue-counters.ts'

/** What a queue does with its dead messages; `disabled` drops them. */
export type DeathStrategy = 'disabled' | 'at_most_once' | 'at_least_once'

export const queueTypes: readonly QueueType[] = ['classic', 'quorum', 'stream']
export const deathStrategies: readonly DeathStrategy[] = [
  'disabled',
  'at_most_once',
  'at_least_once',
]

type DeathCounts = Record<DeathReason, number>

/** A queue or topic, as far as it is counted. */
interface Counted {
  readonly type: QueueType
  readonly usedCounters: QueueCounters | undefined
}

/** What compaction of topics has done. */
export interface CompactionCounters {
  /** Partitions that were written anew. */
  passes: number
  /** Records that went, and those that stayed each time that they were looked at. */
  removed: number
  kept: number
  /** Bytes that were read for it. */
  readSize: number
  failures: number
}

export class BrokerCounters {
  /** Declarations of queues and topics, of those that were there as well. */
  queuesDeclared = 0
  queuesCreated = 0
  queuesDeleted = 0
  readonly compaction: CompactionCounters = {
    passes: 0,
    removed: 0,
    kept: 0,
    readSize: 0,
    failures: 0,
  }
  /** Bytes of the bodies of messages that AMQP clients have published. */
  readonly messageSizes: Histogram = new Histogram(brokerLimits.messageSizeBounds)
  /** Messages that died. */
  readonly deaths: Readonly<Record<QueueType, Readonly<Record<DeathStrategy, DeathCounts>>>> = {
    classic: noDeathsByStrategy(),
    quorum: noDeathsByStrategy(),
    stream: noDeathsByStrategy(),
  }
  readonly #consumed = new Map<string, Record<QueueType, ConsumedCounts>>()
  readonly #ended: Record<QueueType, QueueCounters> = {
    classic: new QueueCounters(),
    quorum: new QueueCounters(),
    stream: new QueueCounters(),
  }

  /** Where what clients get is counted that speak neither AMQP nor Kafka's protocol: `MQTT 5.0`, `STOMP`. */
  consumedBy(spoken: string, type: QueueType): ConsumedCounts {
    let counts = this.#consumed.get(spoken)
    if (counts === undefined) {
      counts = {
        classic: new ConsumedCounts(),
        quorum: new ConsumedCounts(),
        stream: new ConsumedCounts(),
      }
      this.#consumed.set(spoken, counts)
    }
    return counts[type]
  }

  /** What the queues and topics of a type have counted that are gone. */
  endedOf(type: QueueType): QueueCounters {
    return this.#ended[type]
  }

  /** A message of a queue died. */
  onDeath(type: QueueType, strategy: DeathStrategy, reason: DeathReason): void {
    this.deaths[type][strategy][reason]++
  }

  /** A queue or topic is being deleted. */
  onDeleted(queue: Counted): void {
    this.queuesDeleted++
    this.onReleased(queue)
  }

  /** It is gone in another way. */
  onReleased({ type, usedCounters }: Counted): void {
    if (usedCounters !== undefined) this.#ended[type].add(usedCounters)
  }
}

function noDeathsByStrategy(): Record<DeathStrategy, DeathCounts> {
  return { disabled: noDeaths(), at_most_once: noDeaths(), at_least_once: noDeaths() }
}

function noDeaths(): DeathCounts {
  return { rejected: 0, expired: 0, maxlen: 0, delivery_limit: 0 }
}
