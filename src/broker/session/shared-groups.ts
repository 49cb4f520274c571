// The groups of one virtual host that share messages, each with its queue.
import type { LogStore } from '../../log/log-store.ts'
import type { Destination } from '../destination.ts'
import type { QueueTarget } from '../exchange/binding.ts'
import type { Queue } from '../queue/queue.ts'
import type { Session } from './session.ts'
import { GroupMember, SharedGroup } from './shared-group.ts'
import type { SubscriptionIndex } from './subscription-index.ts'

export interface SharedGroupsContext {
  readonly store: LogStore
  readonly index: SubscriptionIndex
  openQueue(name: string): { readonly queue: Queue; readonly target: QueueTarget<Destination> }
  deleteQueue(queue: Queue): void
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
    const group = new SharedGroup(asked, this.#context.openQueue(asked.text))
    this.#groups.set(asked.text, group)
    this.#context.index.add(group)
    return group
  }

  /** The session is one more of the group, which is open. */
  join(asked: { readonly text: string; readonly filter: string }, session: Session): GroupMember {
    const { store } = this.#context
    const context = { store, onLeft: (group: SharedGroup) => this.#onLeft(group) }
    return new GroupMember(this.open(asked), session, context)
  }

  /** The last one takes what is left with it. */
  #onLeft(group: SharedGroup): void {
    if (group.members.size > 0) return
    this.#groups.delete(group.name)
    this.#context.index.remove(group)
    this.#context.deleteQueue(group.queue)
  }
}
