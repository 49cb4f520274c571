// Rates, from samples of counters. Totals are sampled all the time, single things only while somebody has asked for
// their rates lately: looking at a hundred thousand queues every five seconds is not for those who do not want it.
// Samples are taken in slices of a turn.
import type { Clock, Timer } from '../../lib/clock.ts'
import type { Steps } from '../../lib/slices.ts'
import { statisticsLimits } from '../../limits/statistics.ts'
import type { Broker } from '../broker.ts'
import type { ChannelInfo } from '../client/channel-info.ts'
import type { ClientRegistry } from '../client/client-registry.ts'
import { ClientCounters } from '../counters/client-counters.ts'
import { DiskTrend } from './disk-trend.ts'
import { History } from './history.ts'
import {
  countsOfChannel,
  countsOfClient,
  countsOfConsumer,
  countsOfExchange,
  countsOfQueue,
} from './read-counts.ts'
import { churnCounts, deathCounts, diskCounts } from './read-totals.ts'
import {
  type Counts,
  countsIn,
  noRates,
  type Rates,
  ratesBetween,
  type Sample,
  sharedIfSame,
} from './sample.ts'

/** What is sampled. */
type SampledBroker = Pick<Broker, 'vhosts' | 'slices' | 'counters' | 'store'>

export interface StatisticsParts {
  readonly broker: SampledBroker
  readonly clients: ClientRegistry
  readonly clock: Clock
}

/** The last two samples of something. */
interface Sampled {
  readonly before: Sample
  readonly last: Sample
  /** When its counts were first seen as they are. */
  readonly since: number
  /** See `freeShareOf`; undefined for what has no messages. */
  readonly freeShare: number | undefined
}

export class Statistics implements Disposable {
  readonly #broker: SampledBroker
  readonly #clients: ClientRegistry
  readonly #clock: Clock
  /** How much is free on the disk, from the start on. */
  readonly disk: DiskTrend = new DiskTrend()
  #totals = new History(statisticsLimits.samplesMax)
  #hour = new History(statisticsLimits.hourSamplesMax)
  #sampled = new WeakMap<object, Sampled>()
  /** Of things whose history was asked for; the one that was asked for longest ago first. */
  readonly #histories = new Map<object, History>()
  #timer: Timer | undefined
  #isKept = false
  #isSampling = false
  #wantedUntil = -Infinity

  constructor({ broker, clients, clock }: StatisticsParts) {
    this.#broker = broker
    this.#clients = clients
    this.#clock = clock
  }

  /** Samples totals from now on. */
  start(): void {
    this.#isKept = true
    this.#begin()
  }

  [Symbol.dispose](): void {
    this.#timer?.stop()
    this.#timer = undefined
  }

  /** Somebody looks at rates: those of single things are there from the second sample on. */
  want(): void {
    const isNew = this.#clock.monotonic() > this.#wantedUntil
    this.#wantedUntil = this.#clock.monotonic() + statisticsLimits.wantedMs
    this.#begin()
    if (isNew) this.#sample()
  }

  /** Per second, of a queue, an exchange, the counters of a channel, or a client. */
  ratesOf(thing: object): Rates {
    const sampled = this.#sampled.get(thing)
    if (sampled === undefined || !this.#isFresh(sampled.last)) return noRates
    return ratesBetween(sampled.before, sampled.last)
  }

  /**
   * Since when nothing has happened to something, in milliseconds since the Unix epoch: undefined unless two
   * samples in a row say so.
   */
  idleSince(thing: object): number | undefined {
    const sampled = this.#sampled.get(thing)
    return sampled === undefined || sampled.since === sampled.last.time ? undefined : sampled.since
  }

  /**
   * In how large a share of the samples no message of a queue was ready, the last ones counting most.
   * Undefined before the first.
   */
  freeShareOf(queue: object): number | undefined {
    return this.#sampled.get(queue)?.freeShare
  }

  /** The last samples of something, oldest first: at first the two that there are, and kept from then on. */
  historyOf(thing: object): readonly Sample[] {
    const history = this.#histories.get(thing) ?? this.#beginHistory(thing)
    this.#histories.delete(thing)
    this.#histories.set(thing, history)
    if (this.#histories.size > statisticsLimits.historiesMax) {
      const [oldest] = this.#histories.keys()
      this.#histories.delete(oldest!)
    }
    return history.samples
  }

  #beginHistory(thing: object): History {
    const history = new History(statisticsLimits.samplesMax)
    const sampled = this.#sampled.get(thing)
    if (sampled === undefined) return history
    if (sampled.before !== sampled.last) history.add(sampled.before)
    history.add(sampled.last)
    return history
  }

  /**
   * Samples of all messages and clients, oldest first: `ready` and `unacked`, what `ClientCounters` has,
   * `churnCounts`, `diskCounts` and `deathCounts`.
   */
  get totals(): readonly Sample[] {
    return this.#totals.samples
  }

  /** The same of an hour, in coarser steps. */
  get hour(): readonly Sample[] {
    return this.#hour.samples
  }

  /** Changes of totals per second. */
  get totalRates(): Rates {
    const [before, last] = this.#totals.samples.slice(-2)
    if (before === undefined || last === undefined || !this.#isFresh(last)) return noRates
    return ratesBetween(before, last)
  }

  #isFresh({ time }: Sample): boolean {
    return this.#clock.now() - time < 2 * statisticsLimits.sampleMs
  }

  get #isWanted(): boolean {
    return this.#clock.monotonic() <= this.#wantedUntil
  }

  #begin(): void {
    this.#timer ??= this.#clock.every(statisticsLimits.sampleMs, () => this.#onTick())
  }

  /** Forgets all samples. */
  reset(): void {
    this.#totals = new History(statisticsLimits.samplesMax)
    this.#hour = new History(statisticsLimits.hourSamplesMax)
    this.#forgetThings()
  }

  #onTick(): void {
    if (this.#isKept || this.#isWanted) {
      this.#sample()
      return
    }
    this.#timer?.stop()
    this.#timer = undefined
    this.#forgetThings()
  }

  #forgetThings(): void {
    this.#sampled = new WeakMap()
    this.#histories.clear()
  }

  /** The one before may still be under way. */
  #sample(): void {
    if (this.#isSampling) return
    this.#isSampling = true
    void this.#broker.slices.run(this.#sampleAll(this.#clock.now())).finally(() => {
      this.#isSampling = false
    })
  }

  *#sampleAll(time: number): Steps<void> {
    const { fileStats } = this.#broker.store
    if (fileStats !== undefined) this.disk.add(time, fileStats)
    const isWanted = this.#isWanted
    const counters = new ClientCounters()
    counters.add(this.#clients.ended)
    let looked = 0
    for (const client of this.#clients) {
      counters.add(client.counters)
      if (isWanted) {
        this.#note(client, countsOfClient(client), time)
        for (const channel of client.channels()) this.#noteChannel(channel, time)
      }
      if (++looked % statisticsLimits.sampledAtOnce === 0) yield
    }
    let ready = 0
    let unacked = 0
    for (const vhost of this.#broker.vhosts) {
      for (const queue of vhost.queues()) {
        ready += queue.readyCount
        unacked += queue.unackedCount
        if (isWanted) this.#note(queue, countsOfQueue(queue), time)
        if (++looked % statisticsLimits.sampledAtOnce === 0) yield
      }
      for (const exchange of isWanted ? vhost.exchanges() : []) {
        this.#note(exchange, countsOfExchange(exchange), time)
        if (++looked % statisticsLimits.sampledAtOnce === 0) yield
      }
    }
    const others = {
      ...churnCounts(this.#broker, this.#clients, counters),
      ...diskCounts(this.#broker),
      ...deathCounts(this.#broker),
    }
    const sample = { time, counts: { ...countsIn(counters), ...others, ready, unacked } }
    this.#totals.add(sample)
    const before = this.#hour.samples.at(-1)
    if (before === undefined || time - before.time >= statisticsLimits.hourStepMs) {
      this.#hour.add(sample)
    }
  }

  #noteChannel({ counters, consumers }: ChannelInfo, time: number): void {
    this.#note(counters, countsOfChannel(counters), time)
    for (const { counted } of consumers) {
      if (counted !== undefined) this.#note(counted, countsOfConsumer(counted), time)
    }
  }

  #note(thing: object, read: Counts | undefined, time: number): void {
    if (read === undefined) return
    const known = this.#sampled.get(thing)
    const before = known?.last
    const last = { time, counts: sharedIfSame(before?.counts, read) }
    this.#sampled.set(thing, {
      before: before ?? last,
      last,
      since: known !== undefined && before?.counts === last.counts ? known.since : time,
      freeShare: freeShareAfter(known?.freeShare, read),
    })
    this.#histories.get(thing)?.add(last)
  }
}

function freeShareAfter(before: number | undefined, { ready }: Counts): number | undefined {
  if (ready === undefined) return undefined
  const now = Number(ready === 0)
  const weight = statisticsLimits.freeShareWeight
  return before === undefined ? now : before * (1 - weight) + now * weight
}
