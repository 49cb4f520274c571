// The groups of one virtual host that share messages, each with its queue.
import type { Clock } from '../../lib/clock.ts'
import type { LogStore } from '../../log/log-store.ts'
import { BrokerError } from '../broker-error.ts'
import type { Queue } from '../queue/queue.ts'
import type { Session } from './session.ts'
import { GroupMember, type GroupQueue, SharedGroup } from './shared-group.ts'
import type { SubscriptionIndex } from './subscription-index.ts'

export interface SharedGroupsContext {
  readonly store: LogStore
  readonly clock: Clock
  readonly index: SubscriptionIndex
  /** Whether the virtual host is there. */
  isOpen(): boolean
  openQueue(name: string): GroupQueue
  deleteQueue(queue: Queue): void
  /** The group is no more: there is no room for a queue in the place of the one that was deleted. */
  onLost(session: Session, name: string): void
}

export class SharedGroups {
  readonly #context: SharedGroupsContext
  readonly #groups = new Map<string, SharedGroup>()

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

  /** The group, made when it is the first that is asked for. Not within an atom. */
  open(asked: { readonly text: string; readonly filter: string }): SharedGroup {
    const known = this.#groups.get(asked.text)
    if (known !== undefined) return known
    const opened = this.#context.openQueue(asked.text)
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

  /** Whoever deletes its queue deletes what waits there, and no subscriptions. */
  #watch(group: SharedGroup, { queue }: GroupQueue): void {
    queue.onGone = () => {
      if (this.#groups.get(group.name) !== group || !this.#context.isOpen()) return
      let opened
      try {
        opened = this.#context.openQueue(group.name)
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
    this.#context.deleteQueue(group.queue)
  }
}
