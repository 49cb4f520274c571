// The groups of one virtual host that share messages, each with its queue.
//
// Invariant: a queue that was made for a group has a row from before it is there until it is gone. One of the same name that
// somebody else has declared is used as it is, and has none: it stays when the group ends.
import type { Clock } from '../../lib/clock.ts'
import type { LogStore } from '../../log/log-store.ts'
import { BrokerError } from '../broker-error.ts'
import type { Queue } from '../queue/queue.ts'
import type { SessionRows } from './session-rows.ts'
import type { Session } from './session.ts'
import { GroupMember, type GroupQueue, SharedGroup } from './shared-group.ts'
import type { SubscriptionIndex } from './subscription-index.ts'

export interface SharedGroupsContext {
  readonly vhost: string
  readonly store: LogStore
  readonly rows: SessionRows
  readonly clock: Clock
  readonly index: SubscriptionIndex
  /** Whether the virtual host is there. */
  isOpen(): boolean
  findQueue(name: string): Queue | undefined
  /** The queue of this name, made when it is not there. */
  openQueue(name: string): GroupQueue
  deleteQueue(queue: Queue): void
  /** The group is no more: there is no room for a queue in the place of the one that was deleted. */
  onLost(session: Session, name: string): void
}

export class SharedGroups {
  readonly #context: SharedGroupsContext
  readonly #groups = new Map<string, SharedGroup>()
  /** Names of queues that were made for groups. */
  readonly #made = new Set<string>()

  constructor(context: SharedGroupsContext) {
    this.#context = context
  }

  get isUsed(): boolean {
    return this.#groups.size > 0
  }

  get size(): number {
    return this.#groups.size
  }

  has(name: string): boolean {
    return this.#groups.has(name)
  }

  find(name: string): SharedGroup | undefined {
    return this.#groups.get(name)
  }

  [Symbol.iterator](): IterableIterator<SharedGroup> {
    return this.#groups.values()
  }

  /** An earlier process has made the queue. */
  expect(queueName: string): void {
    this.#made.add(queueName)
  }

  /** All sessions are restored: what nobody shares any more goes. Not within an atom. */
  closeUnexpected(): void {
    for (const name of this.#made) {
      if (!this.#groups.has(name)) this.#deleteMade(name, this.#context.findQueue(name))
    }
  }

  /** The virtual host is gone, and all queues. Within the atom that deletes it. */
  forget(): void {
    const { rows, vhost } = this.#context
    for (const name of this.#made) rows.dropGroup(vhost, name)
  }

  /** The group, made when it is the first that is asked for. Not within an atom. */
  open(asked: { readonly text: string; readonly filter: string }): SharedGroup {
    const known = this.#groups.get(asked.text)
    if (known !== undefined) return known
    const opened = this.#openQueue(asked.text)
    const group = new SharedGroup(asked, opened)
    this.#watch(group, opened)
    this.#groups.set(asked.text, group)
    this.#context.index.add(group)
    return group
  }

  /** The session is one more of the group, which is open. */
  join(asked: { readonly text: string; readonly filter: string }, session: Session): GroupMember {
    const { store, clock } = this.#context
    const context = { store, clock, onLeft: (group: SharedGroup) => this.#onLeft(group) }
    return new GroupMember(this.open(asked), session, context)
  }

  /** Whoever it was opened for has not joined it. Not within an atom. */
  closeUnused(name: string): void {
    const group = this.#groups.get(name)
    if (group !== undefined) this.#onLeft(group)
  }

  #openQueue(name: string): GroupQueue {
    const { store, rows, vhost } = this.#context
    const isThere = this.#made.has(name) || this.#context.findQueue(name) !== undefined
    if (isThere) return this.#context.openQueue(name)
    rows.admit()
    store.beginAtom()
    const isKept = rows.putGroup(vhost, name)
    store.endAtom()
    if (!isKept) throw new BrokerError('resource_exhausted', 'the log has no room for the group')
    this.#made.add(name)
    try {
      return this.#context.openQueue(name)
    } catch (error) {
      this.#deleteMade(name, undefined)
      throw error
    }
  }

  #deleteMade(name: string, queue: Queue | undefined): void {
    const { store, rows, vhost } = this.#context
    if (queue !== undefined) this.#context.deleteQueue(queue)
    this.#made.delete(name)
    store.beginAtom()
    rows.dropGroup(vhost, name)
    store.endAtom()
  }

  /** Whoever deletes its queue deletes what waits there, and no subscriptions. */
  #watch(group: SharedGroup, { queue }: GroupQueue): void {
    queue.onGone = () => {
      if (this.#groups.get(group.name) !== group || !this.#context.isOpen()) return
      let opened
      try {
        opened = this.#openQueue(group.name)
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
        for (const { session } of group.members) this.#context.onLost(session, group.name)
        return
      }
      this.#watch(group, opened)
      group.goOnWith(opened)
    }
  }

  /** The last one takes what is left with it. */
  #onLeft(group: SharedGroup): void {
    if (group.members.size > 0) return
    this.#groups.delete(group.name)
    this.#context.index.remove(group)
    if (this.#made.has(group.name)) {
      this.#deleteMade(group.name, group.queue)
      return
    }
    group.queue.onGone = undefined
    group.queue.isForPresent = false
  }
}
