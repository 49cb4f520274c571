// How much memory groups hold together. What is counted is what clients make us keep (metadata,
// assignments, offsets with their texts), with a surcharge for the objects around it.
import { groupLimits } from '../../limits/group.ts'

/** A running total in bytes, shared by all groups. */
export class GroupBudget {
  /** Bytes that may be held. */
  sizeMax: number = groupLimits.groupMemorySizeMax
  #used = 0

  get used(): number {
    return this.#used
  }

  hasRoomFor(size: number): boolean {
    return this.#used + size <= this.sizeMax
  }

  take(size: number): void {
    this.#used += size
  }

  giveBack(size: number): void {
    this.#used -= size
  }
}
