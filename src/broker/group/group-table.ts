// All groups by id, whichever protocol they are of. A group that goes over to the other protocol is another object
// from then on.
import { groupLimits } from '../../limits/group.ts'
import type { ConsumerGroup } from './consumer/consumer-group.ts'
import type { GroupContext } from './group-context.ts'
import type { Group } from './group.ts'
import { createGroup } from './rebalance.ts'

/** A group of the classic protocol, or of the consumer protocol (KIP-848). */
export type AnyGroup = Group | ConsumerGroup

export class GroupTable {
  readonly context: GroupContext
  readonly #groups = new Map<string, AnyGroup>()
  /** Whether a group of another kind has the id: a share group. */
  isTaken: (groupId: string) => boolean = () => false

  constructor(context: GroupContext) {
    this.context = context
  }

  find(groupId: string): AnyGroup | undefined {
    return this.#groups.get(groupId)
  }

  /** May be changed while it is walked. */
  values(): IterableIterator<AnyGroup> {
    return this.#groups.values()
  }

  /** In the place of whatever had its id. */
  set(group: AnyGroup): void {
    this.#groups.set(group.id, group)
  }

  delete(group: AnyGroup): void {
    if (this.#groups.get(group.id) === group) this.#groups.delete(group.id)
  }

  /** Whether the group exists, or there is memory for it. */
  mayMake(groupId: string): boolean {
    return this.#groups.has(groupId) || this.context.admission.mayEnter
  }

  /** Whether the group exists, or there may be one more. */
  hasRoomFor(groupId: string): boolean {
    return this.#groups.has(groupId) || this.#groups.size < groupLimits.groupsMax
  }

  /** A classic group where there was none. Undefined when there are too many groups. */
  findOrCreate(groupId: string): AnyGroup | undefined {
    return this.hasRoomFor(groupId) ? this.getOrCreate(groupId) : undefined
  }

  getOrCreate(groupId: string): AnyGroup {
    const known = this.#groups.get(groupId)
    if (known !== undefined) return known
    const created = createGroup(groupId, this.context)
    this.set(created)
    return created
  }
}
