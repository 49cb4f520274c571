// Who has which partition of a group's topics. Invariant: a partition has one owner at most; it is taken only after
// it was released.
import { assert } from '../../../lib/assert.ts'
import type { Assignment } from './assignment.ts'

interface TopicOwners {
  /** By partition. */
  readonly ids: (string | undefined)[]
  count: number
}

export class PartitionOwners {
  readonly #topics = new Map<string, TopicOwners>()

  /** The member id of the owner. */
  find(topicId: string, partition: number): string | undefined {
    return this.#topics.get(topicId)?.ids[partition]
  }

  take(memberId: string, assignment: Assignment): void {
    for (const [topicId, partitions] of assignment) {
      const owners = this.#topics.get(topicId) ?? { ids: [], count: 0 }
      this.#topics.set(topicId, owners)
      for (const partition of partitions) {
        assert(owners.ids[partition] === undefined, 'a partition has one owner')
        owners.ids[partition] = memberId
        owners.count++
      }
    }
  }

  release(memberId: string, assignment: Assignment): void {
    for (const [topicId, partitions] of assignment) {
      const owners = this.#topics.get(topicId)
      for (const partition of partitions) {
        assert(owners?.ids[partition] === memberId, 'a partition is released by its owner')
        owners.ids[partition] = undefined
        owners.count--
      }
      if (owners?.count === 0) this.#topics.delete(topicId)
    }
  }
}
