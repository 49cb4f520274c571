// Sends dead messages of queues on: with one more death in its headers, through the dead-letter exchange,
// to wherever that leads, in the atom that takes them out of their queue.
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'
import { isDeathCycle, withDeath } from '../record/message/deaths.ts'
import type { DeathReason } from '../record/message/encode-death.ts'
import { fillFromView, setAddress, setHeader } from '../record/message/fill-source.ts'
import { RecordSource } from '../record/message/record-source.ts'
import type { RecordView } from '../record/message/record-view.ts'
import type { BrokerCounters } from './counters/broker-counters.ts'
import { type DeadLetterTargets, DeadLetterWays, targetsOf } from './dead-letter-ways.ts'
import type { Destination } from './destination.ts'
import { prepareFor } from './publish/message-router.ts'
import { Publisher } from './publish/publisher.ts'
import type { QueueType } from './queue-arguments.ts'
import type { QueueSettings } from './queue/queue-settings.ts'
import { isRouted, type Route, routeTo } from './route-cache.ts'
import type { MessageWatch, WatchedStream } from './trace/message-watch.ts'
import type { VHost } from './vhost.ts'

export interface DeadLettererOptions {
  readonly store: LogStore
  readonly watch: MessageWatch
  readonly clock: Clock
  readonly counters: BrokerCounters
  readonly getVHost: (name: string) => VHost<Destination>
}

/** Where messages die: a queue, or a partition of a topic for a share group. */
export interface DyingStream extends WatchedStream {
  readonly type: QueueType
  readonly settings: Pick<QueueSettings, 'deadLetter'>
}

export class DeadLetterer {
  readonly #clock: Clock
  readonly #counters: BrokerCounters
  readonly #ways: DeadLetterWays
  readonly #publisher: Publisher
  readonly #watch: MessageWatch
  readonly #source = new RecordSource()

  constructor({ store, watch, clock, counters, getVHost }: DeadLettererOptions) {
    this.#clock = clock
    this.#counters = counters
    this.#ways = new DeadLetterWays(getVHost)
    this.#watch = watch
    this.#publisher = new Publisher({ store, watch })
  }

  /**
   * Appends the message to the queues that it is dead-lettered to. When there is none it is dropped, as in
   * RabbitMQ, unless the queue keeps it: false. Within an atom.
   */
  publish(queue: DyingStream, record: RecordView, reason: DeathReason): boolean {
    const isDropped = queue.settings.deadLetter?.keepsUnroutable !== true
    if (!this.#publish(queue, record, reason)) {
      this.#watch.observer?.onDeathUnroutable(queue, record.offset, isDropped)
      if (!isDropped) return false
    }
    this.#counters.onDeath(queue.type, isDropped ? 'at_most_once' : 'at_least_once', reason)
    return true
  }

  /** False: no queue takes it. */
  #publish(queue: DyingStream, record: RecordView, reason: DeathReason): boolean {
    const way = this.#ways.find(queue, record, reason)
    if (way === undefined) return false
    const { buffer, headerStart: start, headerEnd: end, hasDeaths: isKnown } = record
    const time = Math.floor(this.#clock.now() / 1000)
    const header = withDeath({ buffer, start, end }, { death: way.death, time, isKnown })
    const source = this.#fill(record, way.address, header)
    const targets = targetsOf(way, source)
    const route = reason === 'rejected' ? targets.route : withoutCycles(targets, source)
    const { histories, idNotes } = route
    if (!isRouted(route) && histories === undefined && !hasRepeat(idNotes)) return false
    prepareFor(route, source)
    const cause = { kind: 'death', from: queue, place: record.offset } as const
    this.#publisher.publishWithinAtom(route, source, cause)
    return true
  }

  #fill(record: RecordView, address: Buffer, header: Buffer): RecordSource {
    const source = this.#source
    fillFromView(source, record)
    setAddress(source, address)
    setHeader(source, header)
    source.hasDeaths = true
    return source
  }
}

/** A repeat is where it belongs: its queue has not to keep it. */
function hasRepeat(idNotes: Route['idNotes']): boolean {
  return idNotes?.some(({ isRepeat }) => isRepeat) === true
}

/** The route without the queues in which the message would go round for ever. */
function withoutCycles(
  { route, reached }: DeadLetterTargets,
  { header, headerEnd }: RecordSource,
): Route {
  const payload = { buffer: header, start: 0, end: headerEnd }
  const cycles = reached.map((queues) => queues.some((name) => isDeathCycle(payload, name)))
  if (!cycles.includes(true)) return route
  const { delays, histories, idNotes, subscribers, exchange } = route
  const queues = route.queues.filter((_, index) => !cycles[index])
  return routeTo({ queues, delays, histories, idNotes, subscribers }, exchange)
}
