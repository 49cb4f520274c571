// The demo's readers: two consumer groups of Kafka's protocol on the same orders. Search keeps up; reports take
// their time for each order and fall behind.
import type { Consumer, Message } from '@platformatic/kafka'
import type { Clock } from '../lib/clock.ts'
import { formatAddress } from '../lib/listen.ts'
import { wait } from '../lib/wait.ts'
import { demoLimits } from '../limits/demo.ts'
import type { DemoCounts, ReaderCount } from './demo-counts.ts'
import { demoNames } from './demo-parts.ts'

export interface KafkaPlace {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** How fast a group reads, and where it counts. */
interface Pace {
  readonly count: ReaderCount
  readonly waitMs: number
}

type Order = Message

const groups = [
  { group: demoNames.search, waitMs: 0 },
  { group: demoNames.reports, waitMs: demoLimits.slowReadMs },
] as const

export class Readers {
  readonly #clock: Clock
  readonly #counts: DemoCounts
  readonly #consumers: Consumer[] = []
  #isEnding = false

  constructor(clock: Clock, counts: DemoCounts) {
    this.#clock = clock
    this.#counts = counts
  }

  /** Reads until the end. What a reader lacks stands in the picture, and the rest goes on. */
  begin(place: KafkaPlace): void {
    for (const { group, waitMs } of groups) {
      const count = this.#counts.reader(group)
      void this.#readAs(group, place, { count, waitMs }).catch((error: unknown) => {
        if (!this.#isEnding) count.problem = problemOf(error)
      })
    }
  }

  /** Resolves when the groups have no members any more. */
  async close(): Promise<void> {
    this.#isEnding = true
    await Promise.allSettled(this.#consumers.map((consumer) => consumer.close(true)))
  }

  async #readAs(group: string, place: KafkaPlace, { count, waitMs }: Pace): Promise<void> {
    const kafka = await import('@platformatic/kafka')
    const consumer = new kafka.Consumer({
      clientId: group,
      groupId: group,
      bootstrapBrokers: [formatAddress(place)],
      sasl: { mechanism: 'PLAIN', username: place.user, password: place.password },
      retries: 3,
      retryDelay: 250,
      autocommit: false,
      maxWaitTime: 250,
      highWaterMark: demoLimits.readAhead,
      sessionTimeout: 6000,
      heartbeatInterval: 1000,
    })
    this.#consumers.push(consumer)
    const stream = await consumer.consume({ topics: [demoNames.stream], mode: 'earliest' })
    const last = new Map<number, Order>()
    let committedAt = this.#clock.monotonic()
    for await (const message of stream) {
      if (this.#isEnding) return
      if (waitMs > 0) await wait(this.#clock, waitMs)
      count.rate.add()
      last.set(message.partition, message)
      if (this.#clock.monotonic() - committedAt < demoLimits.commitMs) continue
      committedAt = this.#clock.monotonic()
      for (const each of last.values()) await each.commit()
      last.clear()
    }
  }
}

function problemOf(error: unknown): string {
  const { errors } = error as { readonly errors?: readonly unknown[] }
  const cause = errors?.[0] ?? error
  return cause instanceof Error ? cause.message : String(cause)
}
