// Places at which members of groups begin to read again and again: most likely the record there is one that they
// cannot process. In memory: after a restart of the broker the count begins anew.
import { groupLimits } from '../../limits/group.ts'
import type { TopicPartition } from './committed-offset.ts'

export interface GroupPlaceName extends TopicPartition {
  readonly groupId: string
}

/** The connection by which a member begins to read. */
export interface Starter {
  readonly isClosed: boolean
}

/** A place at which members have begun, and none has got further. */
export interface StuckPlace extends GroupPlaceName {
  readonly offset: number
  /** Starts of members, each after the one before was gone. */
  readonly attempts: number
}

interface Stuck {
  readonly place: StuckPlace
  attempts: number
  /** Who has begun there last. */
  last: WeakRef<Starter>
}

export class StuckPlaces {
  /** The one that was looked at last is the last. */
  readonly #places = new Map<string, Stuck>()

  /**
   * A member begins at `offset`. Returns how many have, itself included. While the one that began last is connected,
   * it has not failed: a rebalance gives the partition to another.
   */
  begin(name: GroupPlaceName, offset: number, starter: Starter): number {
    const key = keyOf(name)
    const last = new WeakRef(starter)
    let stuck = this.#places.get(key)
    if (stuck?.place.offset !== offset) {
      stuck = { place: { ...name, offset, attempts: 0 }, attempts: 1, last }
    } else {
      const before = stuck.last.deref()
      if (before === undefined || before.isClosed) stuck.attempts++
      stuck.last = last
    }
    this.#places.delete(key)
    this.#places.set(key, stuck)
    if (this.#places.size > groupLimits.stuckPlacesMax) this.#dropOldest()
    return stuck.attempts
  }

  /** The group has got further. */
  forget(name: GroupPlaceName): void {
    this.#places.delete(keyOf(name))
  }

  /** Those of a group at which more than one member has begun. */
  of(groupId: string): StuckPlace[] {
    return Array.from(this.#places.values(), ({ place, attempts }) => ({
      ...place,
      attempts,
    })).filter((place) => place.groupId === groupId && place.attempts > 1)
  }

  #dropOldest(): void {
    for (const key of this.#places.keys()) {
      this.#places.delete(key)
      return
    }
  }
}

function keyOf({ groupId, topic, partition }: GroupPlaceName): string {
  return JSON.stringify([groupId, topic, partition])
}
