// One queue from its declaration to its end, whatever its name is used for afterwards.
import type { Deed } from './deed.ts'
import { Entry, type Holder } from './entry.ts'
import type { History } from './history.ts'
import { LogFacts } from './log-facts.ts'
import type { Message } from './message.ts'
import { Presence } from './presence.ts'
import type { Takers } from './takers.ts'

export interface QueueKind {
  /** Whether messages are taken out, or stay for whoever reads them. */
  readonly type: 'queue' | 'stream'
  readonly isDurable: boolean
  readonly isExclusive: boolean
  readonly isAutoDelete: boolean
  /** Higher ones count as this; without it all messages are equal. */
  readonly highestPriority?: number
}

/** What a client was given. */
export interface Taken {
  readonly message: Message
  readonly isRedelivered: boolean
  /** Whoever has it from now on; undefined when it needs no ack. */
  readonly holder: Holder | undefined
}

export class QueueLife {
  readonly name: string
  readonly kind: QueueKind
  readonly presence: Presence = new Presence()
  /** By the number of the partition; a queue has one, as Kafka sees it. */
  readonly logs: (LogFacts | undefined)[] = []
  /** As far as is known; 0 while it is not. */
  partitionCount: number
  /** As many were confirmed: what else is seen may not be durable yet. */
  partitionsSure: number
  /** Kafka's, as far as is known. */
  topicId: string | undefined
  readonly entries: Map<Message, Entry> = new Map()
  readonly takers: Takers
  readonly #history: History
  /** Adds entries for messages that may be on their way here. */
  readonly #completeEntries: () => void
  readonly #suspects: { readonly entry: Entry; readonly first: Holder; readonly second: string }[] =
    []

  constructor(
    name: string,
    kind: QueueKind,
    parts: {
      readonly history: History
      readonly takers: Takers
      readonly completeEntries: (queue: QueueLife) => void
    },
  ) {
    this.name = name
    this.kind = kind
    this.takers = parts.takers
    this.partitionCount = partitionsAtFirst(kind)
    this.partitionsSure = this.partitionCount
    this.#history = parts.history
    this.#completeEntries = () => parts.completeEntries(this)
  }

  get hasEnded(): boolean {
    return this.presence.state === 'no'
  }

  /** It was confirmed that it has so many partitions. */
  onCreated(partitionCount: number, topicId: string | undefined): void {
    this.partitionsSure = Math.max(this.partitionsSure, partitionCount)
    this.onSeen(partitionCount, topicId)
  }

  /** Somebody was shown so many partitions. */
  onSeen(partitionCount: number, topicId: string | undefined): void {
    this.partitionCount = Math.max(this.partitionCount, partitionCount)
    this.topicId = topicId ?? this.topicId
  }

  logOf(partition: number): LogFacts {
    const log = this.logs[partition] ?? new LogFacts(`${this.name}/${partition}`, this.#history)
    this.logs[partition] = log
    return log
  }

  /** Messages of a higher level go first. */
  levelOf({ plan }: Message): number {
    return Math.min(plan.priority ?? 0, this.kind.highestPriority ?? 0)
  }

  entryOf(message: Message): Entry {
    let entry = this.entries.get(message)
    if (entry === undefined) {
      entry = new Entry(message, this)
      this.entries.set(message, entry)
      message.entries.add(entry)
    }
    return entry
  }

  /** A client has a message from this queue. */
  onTaken({ message, isRedelivered, holder }: Taken): Entry {
    const entry = this.entryOf(message)
    const who = holder?.name ?? 'a client that does not ack'
    message.deed.onSeen(`${who} got it from ${this.name}`)
    if (message.isReturned)
      throw this.#history.fail(`${who} got ${String(entry)}, which was returned`)
    this.#undoSettlements(entry, who)
    if (entry.deliveryCount > 0 && !isRedelivered) {
      throw this.#history.fail(`${who} got ${String(entry)} as if it were the first time`)
    }
    this.#checkHolder(entry, who)
    entry.deliveryCount++
    entry.holder = holder
    return entry
  }

  /** A message arrives where it may not be any more, as the channel is being closed or is gone. */
  onLateArrival(message: Message, holder: Holder | undefined): Entry {
    const entry = this.entryOf(message)
    entry.deliveryCount++
    entry.holder ??= holder
    return entry
  }

  /** Entries that are ready beyond doubt: known before `moment`, held by nobody, settled by nobody. */
  *certainlyReady(moment: number): Generator<Entry> {
    for (const entry of this.entries.values()) {
      const isKnown =
        entry.mustBeThere && entry.message.deed.endedAt < moment && entry.releasedAt < moment
      if (isKnown && entry.holder === undefined) yield entry
    }
  }

  /** As `certainlyReady`, whatever the given deeds are going to do. */
  *certainBut(
    doing: readonly { readonly entry: Entry; readonly deed: Deed }[],
    moment: number,
  ): Generator<Entry> {
    for (const { entry, deed } of doing) {
      const others = entry.settlements.filter((other) => other !== deed && other.fate !== 'never')
      const isThere = entry.isCertain === true && entry.message.deed.hasHappened
      const isKnown = isThere && entry.message.deed.endedAt < moment && entry.releasedAt < moment
      if (isKnown && others.length === 0 && !entry.mayBeLost && entry.holder === undefined) {
        yield entry
      }
    }
  }

  /** Entries that may be ready. */
  *possiblyReady(): Generator<Entry> {
    this.#completeEntries()
    for (const entry of this.entries.values()) if (entry.mayBeThere) yield entry
  }

  /** Nobody can say any more what of it is there: it may have been deleted and declared again. */
  doubt(): void {
    this.#completeEntries()
    for (const entry of this.entries.values()) entry.mayBeLost = true
    for (const log of this.logs) log?.doubt()
    this.partitionCount = partitionsAtFirst(this.kind)
    this.partitionsSure = this.partitionCount
    this.topicId = undefined
  }

  /** Messages on their way to a client that does not ack may be lost with it. */
  onBlindTakerGone(): void {
    this.#completeEntries()
    for (const entry of this.entries.values()) {
      const isReady = entry.holder === undefined || entry.holder.mayHaveReleased(entry)
      if (isReady && entry.mayBeThere) entry.mayBeLost = true
    }
  }

  /** The broker has died or stopped: nobody holds anything. */
  onRestart(): void {
    this.takers.clear()
    this.#suspects.length = 0
    for (const entry of this.entries.values()) entry.holder = undefined
  }

  /** When all is quiet, whoever lost a message to somebody else must be gone. */
  checkSuspects(): void {
    for (const { entry, first, second } of this.#suspects.splice(0)) {
      if (first.isGone) continue
      throw this.#history.fail(
        `${second} got ${String(entry)} although ${first.name} had it and is there`,
      )
    }
  }

  /** What was settled and comes again was not: an ack that had happened must not be undone. */
  #undoSettlements(entry: Entry, who: string): void {
    const again = `${who} got ${String(entry)} again`
    for (const deed of entry.settlements) if (deed.fate !== 'never') deed.toNever(again)
    entry.mayBeLost = false
  }

  #checkHolder(entry: Entry, who: string): void {
    const { holder } = entry
    if (holder === undefined || holder.mayHaveReleased(entry)) return
    this.#suspects.push({ entry, first: holder, second: who })
  }
}

/** What is known of a queue whose declaration was not answered. */
function partitionsAtFirst({ type }: QueueKind): number {
  return type === 'queue' ? 1 : 0
}
