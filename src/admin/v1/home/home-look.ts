// One look at all of a broker, which serves everybody who asks for a while: the more there is to look at, the
// longer. Nothing is looked at while nobody asks.
import type { Broker } from '../../../broker/broker.ts'
import type { FileCounts } from '../../../lib/count-files.ts'
import type { Steps } from '../../../lib/slices.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { ManagementParts } from '../../answers.ts'
import { type ClientFacts, lookAtClients } from './client-facts.ts'
import { type GroupFacts, lookAtGroups } from './group-facts.ts'
import { GrowthNotes } from './growth-notes.ts'
import { lookAtVHost, type QueueFact, type VHostFacts } from './stream-facts.ts'
import type { TopList } from './top-list.ts'
import { lookAtTransactions, type TransactionFact } from './transaction-facts.ts'

export interface Look {
  /** In milliseconds since the Unix epoch. */
  readonly time: number
  readonly vhosts: ReadonlyMap<string, VHostFacts>
  readonly clients: ClientFacts
  readonly groups: GroupFacts
  readonly transactions: TopList<TransactionFact>
  /** Undefined where the system does not say. */
  readonly files: FileCounts | undefined
}

export type HomeParts = Pick<
  ManagementParts,
  | 'broker'
  | 'clients'
  | 'groups'
  | 'shareGroups'
  | 'transactions'
  | 'statistics'
  | 'countFiles'
  | 'figures'
  | 'nodeFacts'
>

type LookedParts = Omit<HomeParts, 'figures' | 'nodeFacts'>

export class HomeLooks {
  readonly #parts: LookedParts
  readonly #queueNotes = new GrowthNotes<object>(new WeakMap())
  readonly #channelNotes = new GrowthNotes<object>(new WeakMap())
  readonly #rateNotes = {
    in: new GrowthNotes<object>(new WeakMap()),
    out: new GrowthNotes<object>(new WeakMap()),
    ack: new GrowthNotes<object>(new WeakMap()),
  }
  readonly #noted = new Map()
  readonly #groupNotes = new GrowthNotes<string>(this.#noted)
  #last: Look | undefined
  /** On the monotonic clock. */
  #goodUntil = -Infinity
  #running: Promise<Look> | undefined
  #files: FileCounts | undefined
  #filesAt = -Infinity

  constructor(parts: LookedParts) {
    this.#parts = parts
  }

  /** The last look while that is good, or a new one. */
  async look(): Promise<Look> {
    this.#parts.statistics.want()
    const { clock } = this.#parts.broker
    if (this.#last !== undefined && clock.monotonic() < this.#goodUntil) return this.#last
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #look(): Promise<Look> {
    const { broker } = this.#parts
    const began = broker.clock.monotonic()
    const files = await this.#countFiles(began)
    const look = await broker.slices.run(this.#lookAtAll(files))
    await this.#readOldest(look)
    const over = broker.clock.monotonic()
    const { lookMsMin, lookTimes } = healthLimits
    this.#goodUntil = over + Math.max(lookMsMin, (over - began) * lookTimes)
    this.#last = look
    return look
  }

  async #countFiles(now: number): Promise<FileCounts | undefined> {
    if (now - this.#filesAt < healthLimits.filesMs) return this.#files
    this.#filesAt = now
    this.#files = await this.#parts.countFiles()
    return this.#files
  }

  *#lookAtAll(files: FileCounts | undefined): Steps<Look> {
    const { broker, clients, groups, shareGroups, transactions, statistics } = this.#parts
    const now = broker.clock.now()
    const vhosts = new Map<string, VHostFacts>()
    for (const vhost of broker.vhosts) {
      const facts = yield* lookAtVHost(vhost, {
        notes: this.#queueNotes,
        now,
        settings: broker.settings,
        isIdle: (queue) => statistics.idleSince(queue) !== undefined,
      })
      vhosts.set(vhost.name, facts)
      this.#noteRates(vhost, facts, now)
    }
    return {
      time: now,
      vhosts,
      clients: yield* lookAtClients(clients, {
        notes: this.#channelNotes,
        now,
        monotonic: broker.clock.monotonic(),
        hasReady: (vhost, queue) =>
          (broker.findVHost(vhost)?.findQueue(queue)?.readyCount ?? 0) > 0,
      }),
      groups: yield* lookAtGroups({
        broker,
        groups,
        shareGroups,
        now,
        notes: this.#groupNotes,
        noted: this.#noted,
      }),
      transactions: yield* lookAtTransactions({ broker, transactions, now }),
      files,
    }
  }

  /** What a deleted queue had counted is gone with it. */
  #noteRates(vhost: object, { published, taken, acked, rates }: VHostFacts, now: number): void {
    const notes = this.#rateNotes
    rates.in = Math.max(0, notes.in.note(vhost, published, now)?.rate ?? 0)
    rates.out = Math.max(0, notes.out.note(vhost, taken, now)?.rate ?? 0)
    rates.ack = Math.max(0, notes.ack.note(vhost, acked, now)?.rate ?? 0)
  }

  /** Of the queues with the most, how long their next message has waited; what is not worth a look goes out. */
  async #readOldest({ vhosts, time }: Look): Promise<void> {
    const { quietMs, behindMs, oldestReadMax } = healthLimits
    const facts = new Set<QueueFact>()
    for (const { growing, unconsumed, unsure, behind } of vhosts.values()) {
      for (const list of [growing, unconsumed, unsure, behind])
        for (const fact of list.items) facts.add(fact)
    }
    const most = [...facts].toSorted((a, b) => b.ready - a.ready).slice(0, oldestReadMax)
    for (const fact of most) fact.oldest = await oldestOf(this.#parts.broker, fact)
    for (const { unconsumed, unsure, behind } of vhosts.values()) {
      for (const fact of unsure.items) {
        if (fact.oldest !== undefined && time - fact.oldest >= quietMs) unconsumed.add(fact)
      }
      behind.remove(({ oldest }) => oldest === undefined || time - oldest < behindMs)
    }
  }
}

const looksOf = new WeakMap<Broker, HomeLooks>()

/** The same for all ports of a broker, which share what was seen. */
export function homeLooksOf(parts: LookedParts): HomeLooks {
  let looks = looksOf.get(parts.broker)
  if (looks === undefined) looksOf.set(parts.broker, (looks = new HomeLooks(parts)))
  return looks
}

/** Undefined where it cannot be read, and where none is left. */
async function oldestOf(broker: Broker, { queue }: QueueFact): Promise<number | undefined> {
  try {
    const head = { start: { kind: 'head' }, count: 1, payloadSizeMax: 0 } as const
    const { messages } = await broker.browse(queue, head)
    return messages[0]?.timestamp
  } catch {
    return undefined
  }
}
