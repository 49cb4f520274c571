// Adds and removes subscriptions: in the log, in the index that routes messages, in the groups that share.
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Admission } from '../admission.ts'
import { BrokerError } from '../broker-error.ts'
import { levelCountOf, type OwnSubscription } from './own-subscriptions.ts'
import type { SessionRows } from './session-rows.ts'
import type { Session } from './session.ts'
import type { SharedGroups } from './shared-groups.ts'
import type { IndexedSubscription, SubscriptionIndex } from './subscription-index.ts'
import type { SubscriptionOptions } from './subscription.ts'
import { parseTopicFilter, type TopicFilter } from './topic-filter.ts'

export interface AskedSubscription {
  readonly filter: TopicFilter
  readonly options: SubscriptionOptions
}

export interface SubscriptionsContext {
  readonly store: LogStore
  readonly rows: SessionRows
  readonly index: SubscriptionIndex
  readonly groups: SharedGroups
  readonly budget: { subscriptions: number }
  readonly admission: Admission
  /** Throws `exchange_not_found` when there is none that messages by topic are published to. */
  checkExchange(): void
  /** Routes are others now. */
  onChanged(): void
}

/** Of one session alone, and in the index. */
type Indexed = OwnSubscription & IndexedSubscription

export class Subscriptions {
  readonly #context: SubscriptionsContext

  constructor(context: SubscriptionsContext) {
    this.#context = context
  }

  /** See `VHostSessions.subscribe`. */
  add(
    session: Session,
    asked: readonly AskedSubscription[],
  ): { readonly areNew: readonly boolean[]; readonly ticket: Ticket | undefined } {
    const { store, rows } = this.#context
    this.#context.checkExchange()
    const areNew = asked.map(({ filter }) => session.subscriptions.get(filter.text) === undefined)
    this.#admit(
      session,
      asked.filter((_, index) => areNew[index]),
    )
    this.#openQueues(session, asked)
    store.beginAtom()
    const areKept = asked.every(
      ({ filter, options }) =>
        !session.isPersistent || rows.putSubscription(session, filter.text, options),
    )
    const ticket = store.endAtom()
    if (!areKept) {
      this.#closeUnused(asked)
      throw new BrokerError('resource_exhausted', 'the log has no room for the subscription')
    }
    for (const each of asked) this.#put(session, each)
    this.#context.onChanged()
    return { areNew, ticket }
  }

  /** See `VHostSessions.unsubscribe`. */
  remove(
    session: Session,
    texts: readonly string[],
  ): { readonly wereThere: readonly boolean[]; readonly ticket: Ticket | undefined } {
    const { store, rows } = this.#context
    const wereThere = texts.map((text) => session.subscriptions.get(text) !== undefined)
    store.beginAtom()
    if (session.isPersistent) for (const text of texts) rows.dropSubscription(session, text)
    const ticket = store.endAtom()
    for (const text of texts) this.#drop(session, text)
    this.#context.onChanged()
    return { wereThere, ticket }
  }

  /** Puts back those that were kept. */
  restore(
    session: Session,
    kept: readonly { readonly text: string; readonly options: SubscriptionOptions }[],
  ): void {
    if (kept.some(({ options }) => options.qos > 0)) session.openQueue()
    for (const { text, options } of kept) {
      const filter = parseTopicFilter(text)
      if (filter === undefined) continue
      if (filter.share !== undefined) this.#context.groups.open(filter)
      this.#put(session, { filter, options })
    }
    if (kept.length > 0) this.#context.onChanged()
  }

  /** The session ends: its rows go. Within an atom. */
  forget(session: Session): void {
    const { rows, index, budget } = this.#context
    for (const subscription of session.subscriptions) {
      if (session.isPersistent) rows.dropSubscription(session, subscription.text)
      if (subscription.share === undefined) index.remove(subscription as Indexed)
      budget.subscriptions--
    }
    if (session.subscriptions.size > 0) this.#context.onChanged()
  }

  /** Others share on without it. Not within an atom. */
  leaveGroups(session: Session): void {
    for (const { member } of session.subscriptions) {
      member?.leave()
    }
  }

  #openQueues(session: Session, asked: readonly AskedSubscription[]): void {
    try {
      if (asked.some(({ options }) => options.qos > 0)) session.openQueue()
      for (const { filter } of asked)
        if (filter.share !== undefined) this.#context.groups.open(filter)
    } catch (error) {
      this.#closeUnused(asked)
      throw error
    }
  }

  /** Groups that were opened for subscriptions that are refused: messages would wait in them for nobody. */
  #closeUnused(asked: readonly AskedSubscription[]): void {
    for (const { filter } of asked)
      if (filter.share !== undefined) this.#context.groups.closeUnused(filter.text)
  }

  #admit(session: Session, added: readonly AskedSubscription[]): void {
    const { budget, admission, rows } = this.#context
    const count = added.length
    if (count > 0 && session.isPersistent) rows.admit()
    let levelCount = session.subscriptions.levelCount
    for (const { filter } of added) levelCount += levelCountOf(filter.text)
    const isTooMany =
      session.subscriptions.size + count > sessionLimits.subscriptionsPerSessionMax ||
      levelCount > sessionLimits.levelsPerSessionMax ||
      budget.subscriptions + count > sessionLimits.subscriptionsMax
    if (isTooMany) {
      throw new BrokerError('resource_exhausted', 'there are as many subscriptions as there may be')
    }
    for (let left = count; left > 0; left--) admission.admitDeclaration()
  }

  /** What was there under the filter gives way at once: nothing is lost between them. */
  #put(session: Session, { filter: { text, filter, share }, options }: AskedSubscription): void {
    const { index, groups, budget } = this.#context
    const before = session.subscriptions.get(text)
    if (before === undefined) budget.subscriptions++
    if (share !== undefined) {
      session.hasShared = true
      const member = before?.member ?? groups.join({ text, filter }, session)
      session.subscriptions.put({ text, filter, share, options, member })
      if (session.hasStarted) member.start()
      return
    }
    const subscription: Indexed = { text, filter, share, options, subscriber: session }
    if (before !== undefined) index.remove(before as Indexed)
    index.add(subscription)
    session.subscriptions.put(subscription)
  }

  #drop(session: Session, text: string): void {
    const { index, budget } = this.#context
    const before = session.subscriptions.get(text)
    if (before === undefined) return
    budget.subscriptions--
    session.subscriptions.delete(text)
    if (before.member !== undefined) before.member.leave()
    else index.remove(before as Indexed)
  }
}
