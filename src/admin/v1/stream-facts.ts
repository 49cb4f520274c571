// What lists of streams show beside what a stream itself knows: which have dead letters of others, how far groups
// are behind them, and when the oldest message came in. The first two are looked up for all and good for some
// seconds; the last one only for the rows of a page.
import type { Broker } from '../../broker/broker.ts'
import { defaultVHost } from '../../broker/broker.ts'
import type { Destination } from '../../broker/destination.ts'
import type { GroupCoordinator } from '../../broker/group/group-coordinator.ts'
import { timeAt } from '../../broker/group/group-lag.ts'
import { GroupLags, type TopicLag } from '../../broker/group/group-lags.ts'
import { findDeadLetterQueues } from '../../broker/jobs/dead-letter-queues.ts'
import { isSessionQueue } from '../../broker/session/is-session-queue.ts'
import type { SessionsDoor } from '../../broker/session/sessions.ts'
import type { ShareGroups } from '../../broker/share/share-groups.ts'
import type { Statistics } from '../../broker/statistics/statistics.ts'
import type { RemoteRecord } from '../../broker/topic/partition-leaders.ts'
import { shownRange } from '../../broker/topic/shown-range.ts'
import { Remembered } from '../../lib/remembered.ts'
import type { Steps } from '../../lib/slices.ts'
import { adminLimits } from '../../limits/admin.ts'

export interface StreamFactsParts {
  readonly broker: Broker
  readonly groups: GroupCoordinator
  readonly shareGroups: ShareGroups
  readonly statistics: Statistics
  readonly mqtt: Pick<SessionsDoor, 'sessions'>
}

type Log = RemoteRecord['topic']['partitions'][number]['log']

/** When the record at an offset came in. */
interface KnownTime {
  readonly offset: number
  readonly time: number | undefined
}

export class StreamFacts {
  readonly statistics: Statistics
  readonly groupLags: GroupLags
  readonly #broker: Broker
  readonly #mqtt: StreamFactsParts['mqtt']
  readonly #deadLetters: Remembered<ReadonlyMap<Destination, number>>
  /** A stream's first message is the same until that is gone. */
  readonly #times = new WeakMap<Log, KnownTime>()
  #sources: ReadonlyMap<Destination, number> = new Map()
  #lags: ReadonlyMap<string, TopicLag> = new Map()

  constructor({ broker, groups, shareGroups: otherGroups, statistics, mqtt }: StreamFactsParts) {
    const { clock, slices } = broker
    this.#broker = broker
    this.statistics = statistics
    this.#mqtt = mqtt
    const topics = broker.topicsOf(broker.getVHost(defaultVHost))
    this.groupLags = new GroupLags({ groups, otherGroups, clock, slices, topics })
    this.#deadLetters = new Remembered(clock, adminLimits.deadLettersGoodMs, () =>
      slices.run(deadLetterSources(broker)),
    )
  }

  /** Brings up to date what is looked up for all streams; has rates made unless nobody will see them. */
  async refresh(showsRates = true): Promise<void> {
    if (showsRates) this.statistics.want()
    this.#sources = await this.#deadLetters.get()
    this.#lags = await this.groupLags.byTopic()
  }

  /** How many queues and groups send their dead letters there, as of the last `refresh`. */
  deadLetterSourcesOf(stream: Destination): number {
    return this.#sources.get(stream) ?? 0
  }

  /** The same of groups; undefined where none has a place. */
  lagOf({ vhost, name }: Destination): TopicLag | undefined {
    return vhost === defaultVHost ? this.#lags.get(name) : undefined
  }

  /** Whether MQTT made it for clients of its own. */
  isSessionQueue(stream: Destination): boolean {
    const sessions = this.#mqtt.sessions?.find(stream.vhost)
    return sessions !== undefined && isSessionQueue(sessions, stream)
  }

  /**
   * Looks up when the oldest message of each came in, for `oldestOf`. It takes as long as a page may wait; those
   * that come later are known the next time.
   */
  async lookUpOldest(streams: readonly Destination[]): Promise<void> {
    const { clock } = this.#broker
    const until = clock.monotonic() + adminLimits.oldestMsMax
    const left = streams.flatMap((stream) => headsOf(stream).filter((head) => !this.#knows(head)))
    while (left.length > 0 && clock.monotonic() < until) {
      const some = left.splice(0, adminLimits.oldestAtOnceMax)
      await Promise.all(some.map((head) => this.#lookUp(head)))
    }
  }

  /** In milliseconds since the Unix epoch; undefined where there is none, or it is not known. */
  oldestOf(stream: Destination): number | undefined {
    let oldest: number | undefined
    for (const { log, offset } of headsOf(stream)) {
      const known = this.#times.get(log)
      if (known?.offset !== offset || known.time === undefined || known.time < 0) continue
      oldest = Math.min(oldest ?? Infinity, known.time)
    }
    return oldest
  }

  #knows({ log, offset }: Head): boolean {
    return this.#times.get(log)?.offset === offset
  }

  async #lookUp({ log, offset, elsewhere }: Head): Promise<void> {
    if (elsewhere !== undefined) {
      const found = await this.#broker.leaders?.timesOf([elsewhere]).catch(() => undefined)
      if (found?.[0] !== undefined) this.#times.set(log, { offset, time: found[0] })
      return
    }
    // What cannot be read has no time; whoever consumes it is told of the damage.
    const time = await timeAt(this.#broker.store, log, offset).catch(() => undefined)
    this.#times.set(log, { offset, time })
  }
}

/** The first message of a log that is still there. */
interface Head {
  readonly log: Log
  readonly offset: number
  /** Where another cell leads its partition. */
  readonly elsewhere?: RemoteRecord
}

function headsOf(stream: Destination): Head[] {
  if (stream.kind === 'queue') {
    const heads = stream.parts.map(({ cursor }) => ({ log: cursor.log, offset: cursor.floor }))
    return heads.filter(({ log, offset }) => offset < log.stableEnd)
  }
  return stream.partitions.flatMap((each, partition) => {
    const { startOffset: offset, stableOffset } = shownRange(each)
    if (offset >= stableOffset) return []
    const { log, remote } = each
    return remote === undefined
      ? { log, offset }
      : { log, offset, elsewhere: { topic: stream, partition, offset } }
  })
}

function* deadLetterSources(broker: Broker): Steps<ReadonlyMap<Destination, number>> {
  const sources = new Map<Destination, number>()
  for (const vhost of broker.vhosts) {
    for (const found of yield* findDeadLetterQueues(vhost, broker)) {
      sources.set(found.queue, found.sourceCount + found.groupCount)
    }
  }
  return sources
}
